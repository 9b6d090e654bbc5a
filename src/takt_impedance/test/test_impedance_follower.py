"""The follower through the controller: splices, limits, starvation, refusals."""

import numpy as np
import pinocchio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_support import MS, Float, Rig, matrix_of, pose7, posture, random_arm

from takt_impedance import Parameters, TrajectoryResult

ARM = random_arm(1)
REST = posture(1, 7)


class Track:
    """Targets of consecutive ticks; the arm stays where it is, the follower does not care."""

    def __init__(self, parameters: Parameters | None = None) -> None:
        self.parameters = parameters or Parameters(7)
        self.rig = Rig.start(ARM, self.parameters, REST)
        self.poses: list[Float] = []
        self.twists: list[Float] = []
        self.run(1)

    @property
    def pose(self) -> Float:
        return np.array(self.rig.controller.output.target_pose)

    @property
    def now(self) -> int:
        return self.rig.now_ns

    def run(self, ticks: int) -> "Track":
        for _ in range(ticks):
            output = self.rig.tick()
            self.poses.append(np.array(output.target_pose))
            self.twists.append(np.array(output.target_twist))
        return self

    def send(
        self,
        times_s: list[float],
        offsets: Float,
        origin: Float | None = None,
        twists: Float | None = None,
        stiffness: Float | None = None,
    ) -> TrajectoryResult:
        """Waypoints at times from now, as position and rotation vector from `origin`."""
        origin = self.pose if origin is None else origin
        poses = [moved(origin, offset) for offset in offsets]
        times = [self.now + round(t * 1e9) for t in times_s]
        return self.rig.controller.set_trajectory(times, poses, self.now, twists, stiffness)

    def assert_smooth(self) -> None:
        """Position is the integral of the twist, and the twist keeps all limits."""
        p, dt = self.parameters, 1e-3
        twists, poses = np.array(self.twists), np.array(self.poses)
        np.testing.assert_allclose(np.diff(poses[:, :3], axis=0), twists[1:, :3] * dt, atol=1e-12)
        for a, b, twist in zip(poses, poses[1:], twists[1:], strict=False):
            turn = pinocchio.log3(matrix_of(b) @ matrix_of(a).T)
            np.testing.assert_allclose(turn, twist[3:] * dt, atol=1e-9)
        for part, velocity, acceleration in (
            (slice(0, 3), p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2),
            (slice(3, 6), p.max_angular_velocity_rad_s, p.max_angular_acceleration_rad_s2),
        ):
            assert np.linalg.norm(twists[:, part], axis=1).max() <= velocity * (1 + 1e-9)
            changes = np.linalg.norm(np.diff(twists[:, part], axis=0), axis=1)
            assert changes.max() <= acceleration * dt * (1 + 1e-6)


def moved(pose: Float, offset: Float) -> Float:
    return pose7(pose[:3] + offset[:3], pinocchio.exp3(np.array(offset[3:])) @ matrix_of(pose))


def test_goes_through_feasible_waypoints() -> None:
    track = Track()
    origin = track.pose
    offsets = np.array([[0.01, 0, 0, 0, 0, 0.02], [0.02, 0.005, 0, 0.03, 0, 0.04],
                        [0.025, 0.01, 0.005, 0.04, 0, 0.05]])  # fmt: skip
    assert track.send([0.1, 0.2, 0.3], offsets).accepted
    for offset in offsets:
        track.run(100)
        expected = moved(origin, offset)
        np.testing.assert_allclose(track.pose, expected, atol=1e-9)
    np.testing.assert_allclose(track.twists[-1], 0, atol=2e-3)  # rests at the last waypoint
    track.run(150).assert_smooth()
    np.testing.assert_allclose(track.pose, expected, atol=1e-4)


offset = st.lists(st.floats(-0.04, 0.04), min_size=3, max_size=3)
turn = st.lists(st.floats(-0.25, 0.25), min_size=3, max_size=3)
chunk = st.lists(st.tuples(offset, turn), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    chunks=st.lists(chunk, min_size=1, max_size=4),
    spacing_ms=st.sampled_from([1, 7, 33, 100]),
    delay_ms=st.integers(-40, 40),
    between=st.integers(1, 120),
)
def test_any_chunks_give_a_smooth_target(
    chunks: list[list[tuple[list[float], list[float]]]],
    spacing_ms: int,
    delay_ms: int,
    between: int,
) -> None:
    """No step in position or velocity at any splice, however wild the waypoints."""
    track = Track()
    for waypoints in chunks:
        times = [1e-3 * (delay_ms + spacing_ms * (i + 1)) for i in range(len(waypoints))]
        track.send(times, np.array([[*p, *r] for p, r in waypoints]))
        track.run(between)
    track.run(750).assert_smooth()
    assert not track.rig.controller.output.moving


def test_starvation_stops_within_stop_s_and_holds() -> None:
    track = Track()
    v = np.array([0.4, 0, 0, 0, 0, 1.0])
    offsets = np.array([v * t for t in (0.1, 0.2)])
    assert track.send([0.1, 0.2], offsets, twists=np.array([v, v])).accepted
    track.run(200)
    assert not track.rig.controller.starved
    np.testing.assert_allclose(track.twists[-1], v, rtol=0.01, atol=1e-9)
    track.run(1)
    assert track.rig.controller.starved
    track.run(99)
    held = track.pose
    np.testing.assert_array_equal(track.twists[-1], 0)
    track.run(200).assert_smooth()
    np.testing.assert_array_equal(track.pose, held)
    speeds = np.linalg.norm(np.array(track.twists)[201:, :3], axis=1)
    assert (np.diff(speeds) <= 1e-12).all()
    assert track.rig.controller.counters.starvations == 1
    assert track.send([0.1], np.zeros((1, 6))).accepted
    track.run(1)
    assert not track.rig.controller.starved


def test_planned_end_is_not_starvation() -> None:
    track = Track()
    twists = np.array([[np.nan] * 6, [0.0] * 6])
    assert track.send([0.1, 0.2], np.array([[0.01] * 6, [0.02] * 6]), twists=twists).accepted
    track.run(400)
    assert not track.rig.controller.starved
    assert not track.rig.controller.output.moving
    assert track.rig.controller.counters.starvations == 0


def test_empty_trajectory_stops_now() -> None:
    track = Track()
    v = np.array([0.3, 0, 0, 0, 0, 0])
    track.send([0.1, 0.3], np.array([v * 0.1, v * 0.3]), twists=np.array([v, v]))
    track.run(150)
    result = track.rig.controller.set_trajectory([], np.zeros((0, 7)), track.now)
    assert result.accepted
    track.run(100)
    np.testing.assert_array_equal(track.twists[-1], 0)
    assert not track.rig.controller.starved
    track.assert_smooth()


def test_repeated_stops_do_not_delay_the_stop() -> None:
    track = Track()
    v = np.array([0.3, 0, 0, 0, 0, 0])
    track.send([0.1, 0.3], np.array([v * 0.1, v * 0.3]), twists=np.array([v, v]))
    track.run(150)
    for _ in range(100):
        track.rig.controller.set_trajectory([], np.zeros((0, 7)), track.now)
        track.run(1)
    np.testing.assert_array_equal(track.twists[-1], 0)


def test_past_waypoints_are_dropped_and_counted() -> None:
    track = Track()
    offsets = np.array([[0.001 * i, 0, 0, 0, 0, 0] for i in range(6)])
    result = track.send([-0.15, -0.05, 0.0, 0.05, 0.15, 0.25], offsets)
    assert (result.accepted, result.dropped) == (True, 3)
    assert track.rig.controller.counters.dropped_waypoints == 3


def test_all_in_the_past_is_refused_and_the_motion_goes_on() -> None:
    track = Track()
    track.send([0.1, 0.4], np.array([[0.01] + [0] * 5, [0.04] + [0] * 5]))
    track.run(50)
    result = track.send([-0.2, -0.1], np.zeros((2, 6)))
    assert not result.accepted
    assert "past" in result.reason
    assert result.dropped == 2
    before = track.pose
    track.run(100)
    assert np.linalg.norm(track.pose - before) > 1e-3


@pytest.mark.parametrize(
    ("offset", "limit"),
    [([0.101, 0, 0, 0, 0, 0], "max_jump_m"), ([0, 0, 0, 0, 0.51, 0], "max_jump_rad")],
)
def test_jump_is_refused(offset: list[float], limit: str) -> None:
    track = Track()
    result = track.send([0.1], np.array([offset]))
    assert not result.accepted
    assert limit in result.reason
    track.run(10)
    assert not track.rig.controller.output.moving
    assert track.rig.controller.counters.rejected_trajectories == 1


def test_broken_waypoints_are_refused_with_their_reason() -> None:
    controller = Track().rig.controller
    good = np.array(controller.output.target_pose)
    now = 1001 * MS
    cases = [
        ([now + MS, now + MS], [good, good], "not later"),
        ([now + MS], [np.where(np.arange(7) == 2, np.nan, good)], "not finite"),
        ([now + MS], [np.where(np.arange(7) < 3, good, 2 * good)], "norm"),
        ([now + 3600 * 1000 * MS], [good], "max_start_delay_s"),
        (now + MS * np.arange(1, 400), np.tile(good, (399, 1)), "max_waypoints"),
    ]
    for times, poses, reason in cases:
        result = controller.set_trajectory(times, poses, now)
        assert not result.accepted
        assert reason in result.reason
    broken_twist = np.array([[0, 0, np.inf, 0, 0, 0]])
    assert "twist" in controller.set_trajectory([now + MS], [good], now, broken_twist).reason
    with pytest.raises(ValueError, match="poses"):
        controller.set_trajectory([now + MS], np.zeros((1, 6)), now)


def test_single_targets_become_a_ramp() -> None:
    track = Track()
    goal = moved(track.pose, np.array([0.3, -0.2, 0.1, 0, 0, 1.5]))
    assert track.rig.controller.set_target(goal, track.now).accepted
    track.run(1500).assert_smooth()
    np.testing.assert_allclose(track.pose, goal, atol=1e-9)
    assert not track.rig.controller.output.moving
    assert not track.rig.controller.starved
    distances = np.linalg.norm(np.array(track.poses)[:, :3] - goal[:3], axis=1)
    assert (np.diff(distances) <= 1e-12).all()  # no overshoot


def test_workspace_box_keeps_the_target_inside() -> None:
    p = Parameters(7)
    start = Track().pose
    p.workspace_lower_m, p.workspace_upper_m = start[:3] - 0.05, start[:3] + [0.03, 0.5, 0.5]
    track = Track(p)
    track.rig.controller.set_target(moved(start, np.array([0.2, 0.1, -0.3, 0, 0, 0])), track.now)
    track.run(1500)
    positions = np.array(track.poses)[:, :3]
    assert (positions <= p.workspace_upper_m + 1e-12).all()
    assert (positions >= p.workspace_lower_m - 1e-12).all()
    np.testing.assert_allclose(track.pose[:3], start[:3] + [0.03, 0.1, -0.05], atol=1e-6)


def test_stiffness_of_waypoints_is_reached_by_a_ramp() -> None:
    track = Track()
    soft = np.array([[200, 200, 200, 10, 10, 10]] * 2, dtype=float)
    track.send([0.3, 0.6], np.zeros((2, 6)), stiffness=soft)
    values = []
    for _ in range(600):
        track.run(1)
        values.append(track.rig.controller.output.stiffness[0, 0])
    assert values[-1] == pytest.approx(200)
    assert np.abs(np.diff(values)).max() <= 2000 * 1e-3 + 1e-9
    track.send([0.1], np.zeros((1, 6)))  # asks for none: back to the base stiffness
    track.run(400)
    assert track.rig.controller.output.stiffness[0, 0] == pytest.approx(500)


def test_release_after_starvation() -> None:
    p = Parameters(7)
    p.release_s, p.release_stiffness_scale = 0.2, 0.1
    track = Track(p)
    track.send([0.05], np.zeros((1, 6)))
    track.run(240)
    assert track.rig.controller.output.stiffness[0, 0] == pytest.approx(500)
    track.run(500)
    assert track.rig.controller.output.stiffness[0, 0] == pytest.approx(50)
