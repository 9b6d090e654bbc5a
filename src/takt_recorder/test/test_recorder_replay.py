from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorder_bags import (
    ARM,
    CHUNK,
    SECOND_NS,
    TRAJECTORY,
    arm_state,
    header,
    make,
    pose,
    received,
    stamp,
    write_bag,
)

from takt_core.errors import TaktError
from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_recorder import episode
from takt_recorder.replay.compare import TcpPath, compare
from takt_recorder.replay.guards import ReplayLimits, check_plan, check_start
from takt_recorder.replay.loading import load_plan
from takt_recorder.replay.plan import HORIZON, STEP_NS, STRIDE
from takt_recorder.replay.session import HOLD, MOTION, POLICY, Phase, ReplaySession
from takt_recorder.replay.timeline import SentTrajectory, executed_waypoints, resample

DOWN = np.array([1.0, 0.0, 0.0, 0.0])
T0 = 10 * SECOND_NS
JOINTS = np.zeros(7)


def _waypoint(time_ns: int, x: float, **values: Any) -> Waypoint:
    return Waypoint(time_ns, Pose(np.array([x, 0.0, 0.3]), DOWN), **values)


def _sent(sent_ns: int, *points: tuple[int, float]) -> SentTrajectory:
    return SentTrajectory(sent_ns, Trajectory(tuple(_waypoint(t, x) for t, x in points), "policy"))


# --- what was executed


def test_a_new_trajectory_replaces_the_rest_of_the_old() -> None:
    found = executed_waypoints(
        [_sent(0, (1, 1.0), (2, 2.0), (3, 3.0)), _sent(1, (1, 9.0), (3, 3.5), (4, 4.0))]
    )
    assert [(w.time_ns, w.base_from_tcp.position_m[0]) for w in found] == [
        (1, 1.0),
        (2, 2.0),
        (3, 3.5),
        (4, 4.0),
    ]


def test_an_empty_trajectory_cuts_off_and_a_late_one_does_nothing() -> None:
    found = executed_waypoints([_sent(0, (1, 1.0), (5, 5.0)), _sent(3), _sent(9, (8, 8.0))])
    assert [w.time_ns for w in found] == [1]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.lists(st.integers(1, 20), max_size=5)), max_size=12)
)
@settings(deadline=None, max_examples=60)
def test_times_ascend_whatever_was_sent(rows: list[tuple[int, list[int]]]) -> None:
    sent, now = [], 0
    for wait, steps in rows:
        now += wait
        times = np.cumsum([now - 10, *steps])[1:]
        sent.append(_sent(now, *((int(t), 0.0) for t in times)))
    found = [w.time_ns for w in executed_waypoints(sent)]
    assert found == sorted(set(found))


def test_a_grid_follows_a_curve_and_keeps_pauses() -> None:
    def point(time_s: float) -> Waypoint:
        twist = np.array([np.cos(time_s), 0, 0, 0, 0, 0])
        return _waypoint(round(time_s * 1e9), np.sin(time_s), twist=twist)

    curve = [point(0.1 * i) for i in range(11)]
    grid = resample(curve, 10_000_000)
    assert len(grid) == 101
    errors = [abs(w.base_from_tcp.position_m[0] - np.sin(w.time_ns / 1e9)) for w in grid]
    assert max(errors) < 1e-6
    pause = [_waypoint(0, 0.0), _waypoint(SECOND_NS, 0.0), _waypoint(3 * SECOND_NS, 0.01)]
    held = resample(pause, SECOND_NS // 10)
    assert all(w.base_from_tcp.position_m[0] == 0.0 for w in held[:-1])
    assert held[-1].base_from_tcp.position_m[0] == 0.01


def test_joints_are_repeated_if_all_of_it_was_of_joints() -> None:
    def point(i: int, joints: bool = True) -> Waypoint:
        return _waypoint(i * SECOND_NS // 10, 0.0, joint_position=np.full(7, i) if joints else None)

    grid = resample([point(i) for i in range(5)], SECOND_NS // 40)
    for waypoint in grid:
        assert waypoint.joint_position is not None
        np.testing.assert_allclose(waypoint.joint_position, waypoint.time_ns * 10 / SECOND_NS)
    mixed = resample([point(0, joints=False), *(point(i) for i in range(1, 5))], SECOND_NS // 40)
    assert all(waypoint.joint_position is None for waypoint in mixed)


# --- comparison


def _path(times_ns: Any, x: Any) -> TcpPath:
    poses = np.zeros((len(times_ns), 7))
    poses[:, 0], poses[:, 6] = x, 1.0
    return TcpPath(np.asarray(times_ns, dtype=np.int64), poses)


def test_a_known_offset_is_measured_at_equal_times() -> None:
    times = np.arange(100) * 10_000_000
    recorded = _path(times, 0.1 * times / 1e9)
    replayed = _path(times + 3_000_000, 0.1 * (times + 3_000_000) / 1e9 + 0.002)
    found = compare(recorded, replayed)
    assert found.max_mm == pytest.approx(2.0, abs=1e-6)
    assert found.rms_mm == pytest.approx(2.0, abs=1e-6)
    assert found.final_mm == pytest.approx(2.0, abs=1e-6)
    assert found.max_deg == pytest.approx(0.0, abs=1e-6)
    assert found.samples == 99


def test_a_turn_is_measured_in_degrees() -> None:
    times = np.arange(10) * 10_000_000
    recorded, replayed = _path(times, 0.0), _path(times, 0.0)
    replayed.poses[-1, 3:] = [0, 0, np.sin(np.radians(5)), np.cos(np.radians(5))]
    found = compare(recorded, replayed)
    assert found.final_deg == pytest.approx(10.0)
    assert found.rms_deg == pytest.approx(10.0 / np.sqrt(10))


def test_without_common_times_there_is_nothing_to_compare() -> None:
    with pytest.raises(TaktError, match="nothing to compare"):
        compare(_path([0, 1], 0.0), _path([5, 6], 0.0))
    with pytest.raises(TaktError, match="nothing to compare"):
        compare(_path([], 0.0), _path([5], 0.0))


# --- plan


def _motion(
    folder: Path, speed: float = 0.1, with_trajectory: bool = True, joints: bool = False
) -> Path:
    """Four seconds along x: a trajectory (or chunk) each 0.4 s with waypoints each 0.1 s."""
    rows = [
        (ARM, received(ARM, arm_state(T0 + i * 10_000_000, 0.5 + max(0.0, speed * (i - 5) / 100))))
        for i in range(450)
    ]
    for k in range(10):
        sent = T0 + k * 400_000_000
        first = sent + 50_000_000
        xs = [0.5 + speed * (first + i * 100_000_000 - T0 - 50_000_000) / 1e9 for i in range(8)]
        if with_trajectory:
            points = [
                make(
                    "takt_msgs/PoseWaypoint",
                    time=stamp(first + i * 100_000_000),
                    pose=pose(x),
                    gripper_width=0.04,
                    joint_position=np.full(7 if joints else 0, x),
                )
                for i, x in enumerate(xs)
            ]
            message = make(
                "takt_msgs/PoseTrajectory", header=header(sent), waypoints=points, source="policy"
            )
            rows.append((TRAJECTORY, received(TRAJECTORY, message)))
        else:
            message = make(
                "takt_msgs/ActionChunk",
                header=header(sent),
                start=stamp(first),
                step=make("builtin_interfaces/Duration", sec=0, nanosec=100_000_000),
                poses=[pose(x) for x in xs],
                joint_position=np.repeat(xs, 7 if joints else 0),
            )
            rows.append((CHUNK, received(CHUNK, message)))
    rows.sort(key=lambda row: row[1].log_ns)
    bag = write_bag(folder / "motion", rows).bag
    episode.write(bag, {"tags": {"seed": "3"}})
    return bag


@pytest.mark.parametrize("with_trajectory", [True, False])
def test_a_plan_repeats_what_the_bag_did(tmp_path: Path, with_trajectory: bool) -> None:
    plan = load_plan(_motion(tmp_path, with_trajectory=with_trajectory))
    assert plan.seed == 3
    # From the moment at which the arm was told to move, not from the first waypoint's.
    assert plan.waypoints[0].time_ns == T0
    assert plan.waypoints[0].base_from_tcp.position_m[0] == 0.5
    for waypoint in plan.waypoints[1:]:
        x = 0.5 + 0.1 * (waypoint.time_ns - T0 - 50_000_000) / 1e9
        assert waypoint.base_from_tcp.position_m[0] == pytest.approx(x, abs=1e-9)
    assert plan.start.position_m[0] == pytest.approx(0.5)
    check_plan(plan, ReplayLimits())


@pytest.mark.parametrize("with_trajectory", [True, False])
def test_joints_of_the_bag_are_in_the_chunks(tmp_path: Path, with_trajectory: bool) -> None:
    plan = load_plan(_motion(tmp_path, with_trajectory=with_trajectory, joints=True))
    # Before the first waypoint the arm stood at its measured joints.
    np.testing.assert_array_equal(plan.waypoints[0].joint_position, JOINTS)
    for waypoint in plan.waypoints[2:]:
        x = waypoint.base_from_tcp.position_m[0]
        np.testing.assert_allclose(waypoint.joint_position, np.full(7, x), atol=1e-9)
    chunk = plan.chunk(1, T0, T0, epoch=1)
    assert chunk is not None
    assert chunk.joint_position is not None
    assert chunk.joint_position.shape == (len(chunk.poses), 7)


def test_chunks_cover_every_waypoint_once_shifted_in_time(tmp_path: Path) -> None:
    plan = load_plan(_motion(tmp_path))
    start_ns, number, chunks = 77 * SECOND_NS, 0, []
    while (chunk := plan.chunk(number, start_ns, start_ns, epoch=4)) is not None:
        assert (chunk.id, chunk.epoch, chunk.policy) == (number + 1, 4, "replay")
        chunks.append(chunk)
        number += 1
    covered = {c.time_ns(i): p.position_m[0] for c in chunks for i, p in enumerate(c.poses)}
    expected = [start_ns + i * STEP_NS for i in range(len(plan.waypoints))]
    assert sorted(covered) == expected
    for time_ns, waypoint in zip(expected, plan.waypoints, strict=True):
        assert covered[time_ns] == waypoint.base_from_tcp.position_m[0]
    # Consecutive chunks overlap, so that one that is a little late leaves no hole.
    assert all(len(chunk.poses) > STRIDE for chunk in chunks[:-1])
    assert max(len(chunk.poses) for chunk in chunks) == HORIZON


def test_half_the_speed_takes_twice_the_time(tmp_path: Path) -> None:
    bag = _motion(tmp_path)
    plan, slow = load_plan(bag), load_plan(bag, speed=0.5)
    assert slow.duration_ns == 2 * plan.duration_ns
    assert slow.slowed_path().times_ns[-1] == pytest.approx(2 * plan.path.times_ns[-1], rel=1e-6)


def test_too_fast_is_refused_with_the_place_and_slower_is_allowed(tmp_path: Path) -> None:
    bag = _motion(tmp_path, speed=1.0)
    with pytest.raises(TaktError, match=r"1\.00 m/s.*0\.05 s after.*--speed"):
        check_plan(load_plan(bag), ReplayLimits())
    check_plan(load_plan(bag, speed=0.5), ReplayLimits())
    with pytest.raises(TaktError, match=r"joint at 0\.01 rad/s"):
        check_plan(load_plan(bag, 0.1), ReplayLimits(joint_speed_rad_s=0.001))
    with pytest.raises(TaktError, match="never faster"):
        load_plan(bag, speed=2.0)


def test_the_start_is_guarded(tmp_path: Path) -> None:
    plan, limits = load_plan(_motion(tmp_path)), ReplayLimits()
    check_start(plan, plan.start, JOINTS, limits)
    away = Pose(plan.start.position_m + np.array([0.0, 0.03, 0.0]), plan.start.quaternion_xyzw)
    with pytest.raises(TaktError, match=r"30\.0 mm and 0\.0°.*allowed are 20 mm"):
        check_start(plan, away, JOINTS, limits)
    other = JOINTS.copy()
    other[3] = 1.0
    with pytest.raises(TaktError, match=r"joint 4 is 1\.00 rad"):
        check_start(plan, plan.start, other, limits)
    with pytest.raises(TaktError, match="6 joints; 7"):
        check_start(plan, plan.start, JOINTS[:6], limits)


def test_bags_that_cannot_be_replayed_say_why(tmp_path: Path) -> None:
    still = write_bag(tmp_path / "still", [(ARM, received(ARM, arm_state(T0)))]).bag
    with pytest.raises(TaktError, match="no motion to repeat"):
        load_plan(still)
    message = make(
        "takt_msgs/PoseTrajectory",
        header=header(T0),
        waypoints=[
            make("takt_msgs/PoseWaypoint", time=stamp(T0 + i), pose=pose(0.5)) for i in (1, 2)
        ],
    )
    blind = write_bag(tmp_path / "blind", [(TRAJECTORY, received(TRAJECTORY, message))]).bag
    with pytest.raises(TaktError, match=r"0 topics of type takt_msgs/msg/ArmState"):
        load_plan(blind)
    bag = _motion(tmp_path)
    episode.write(bag, {"tags": {"seed": "three"}})
    with pytest.raises(TaktError, match="seed is 'three'"):
        load_plan(bag)


# --- session


class World:
    """An arm that follows chunks exactly, and an arbiter that agrees."""

    def __init__(self, session: ReplaySession, plan: Any) -> None:
        self.session, self.plan, self.now_ns = session, plan, 50 * SECOND_NS
        self.targets: dict[int, Pose] = {}
        self.pose, self.running, self.chunks = plan.start, False, 0

    def step(self, mode: int) -> None:
        self.now_ns += 10_000_000
        self.session.mode(mode, 3, "said the test")
        due = [t for t in self.targets if t <= self.now_ns]
        if due:
            self.pose = self.targets[max(due)]
        self.session.arm(self.now_ns, self.pose, JOINTS)
        output = self.session.tick(self.now_ns)
        self.running = output.running
        if output.chunk is not None:
            self.chunks += 1
            # It must arrive before its first waypoint.
            assert output.chunk.start_ns > self.now_ns + 100_000_000
            for i, target in enumerate(output.chunk.poses):
                self.targets[output.chunk.time_ns(i)] = target


def _world(tmp_path: Path) -> World:
    plan = load_plan(_motion(tmp_path))
    return World(ReplaySession(plan, ReplayLimits()), plan)


def test_a_replay_goes_through_and_is_measured(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.step(HOLD)
    assert world.session.phase is Phase.OFFERING
    for _ in range(600):
        world.step(POLICY)
        if world.session.phase is Phase.ENDED:
            break
    assert world.session.problem == ""
    assert not world.running
    # The arm of the test steps each 50 ms at 0.1 m/s; the recorded one moved smoothly.
    assert world.session.difference().max_mm < 6.0


def test_a_replay_begins_only_in_hold_and_at_the_start(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.step(POLICY)
    assert "only in HOLD" in world.session.problem
    other = _world(tmp_path / "other")
    other.pose = Pose(other.pose.position_m + 0.5, other.pose.quaternion_xyzw)
    other.step(HOLD)
    assert "from where the recording began" in other.session.problem
    with pytest.raises(TaktError, match="nothing to compare"):
        other.session.difference()


def test_whether_it_stands_at_the_start_is_known_once_both_are_heard(tmp_path: Path) -> None:
    world = _world(tmp_path)
    session = world.session
    assert session.problem_at_start() is None
    session.mode(HOLD, 3, "said the test")
    assert session.problem_at_start() is None
    session.arm(world.now_ns, world.pose, JOINTS)
    assert session.problem_at_start() == ""
    session.arm(world.now_ns, world.pose, JOINTS + 1.0)
    assert "joint 1 is 1.00 rad" in (session.problem_at_start() or "")
    session.mode(MOTION, 4, "going there")
    assert session.problem_at_start() is None


def test_an_arbiter_that_does_not_answer_ends_it(tmp_path: Path) -> None:
    world = _world(tmp_path)
    for _ in range(400):
        world.step(HOLD)
    assert world.session.phase is Phase.ENDED
    assert "did not accept" in world.session.problem
    assert world.chunks == 0


def test_a_takeover_ends_it_at_once(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.step(HOLD)
    for _ in range(100):
        world.step(POLICY)
    sent = world.chunks
    for _ in range(100):
        world.step(2)
    assert world.session.problem == "the arbiter left the replay: said the test"
    assert (world.chunks, world.running) == (sent, False)
