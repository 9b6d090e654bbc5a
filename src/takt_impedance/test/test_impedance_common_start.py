"""Trajectories that wait for their start, and arms that set out together or not at all."""

import numpy as np
import pytest
from follower_support import REST, TERMS, Track, moved

from takt_impedance import ArmGroup, Mode, Parameters

STEP = np.array([[0.02, 0, 0, 0, 0, 0], [0.04, 0, 0, 0, 0, 0]])
JOINT_STEP = np.array([[0.05] * 7, [0.1] * 7])


def set_out(track: Track) -> int:
    """Index of the first tick with a target in motion."""
    moving = np.linalg.norm(np.array(track.twists), axis=1) > 0
    return int(np.argmax(moving)) if moving.any() else -1


def test_present_trajectory_goes_on_until_the_start() -> None:
    track = Track()
    v = np.array([0.1, 0, 0, 0, 0, 0])
    track.send([0.1, 0.4], np.array([0.1 * v, 0.4 * v]), twists=np.array([v, v]))
    track.run(100)
    back = np.zeros((1, 6))
    assert track.send([0.3], back, start_s=0.1).accepted
    track.run(99)
    np.testing.assert_allclose(track.twists[-1], v, atol=1e-6)
    track.run(30).assert_smooth()
    assert track.twists[-1][0] < 0.09
    assert track.controller.counters.accepted_trajectories == 3  # it was accepted at its start, too


def test_starts_in_the_tick_of_its_start() -> None:
    track = Track()
    track.send([0.3, 0.5], STEP, start_s=0.1)
    track.run(250)
    assert set_out(track) == 1 + 99  # the tick at start, not one before or after
    track.assert_smooth()


def test_joint_trajectory_changes_the_law_only_at_its_start() -> None:
    track = Track()
    assert track.send_joints([0.3], JOINT_STEP[:1], start_s=0.1).accepted
    track.run(99)
    assert track.controller.mode == Mode.CARTESIAN
    track.run(1)
    assert track.controller.mode == Mode.JOINT
    track.run(250)
    np.testing.assert_allclose(track.joints[-1], REST + JOINT_STEP[0], atol=1e-4)


@pytest.mark.parametrize("what", ["stop", "mode", "newer", "target"])
def test_what_comes_in_between_drops_it(what: str) -> None:
    track = Track()
    track.send([0.3, 0.5], STEP, start_s=0.1)
    track.run(50)
    if what == "stop":
        track.stop()
    elif what == "mode":
        track.controller.set_mode(Mode.HOLD)
    elif what == "newer":
        track.send([0.2], np.zeros((1, 6)), twists=np.zeros((1, 6)))
    else:
        track.controller.set_target(track.pose, track.now)
    origin = track.pose
    track.run(500)
    np.testing.assert_allclose(track.pose, origin, atol=1e-12)


def test_a_fault_drops_it() -> None:
    track = Track()
    track.send([0.3, 0.5], STEP, start_s=0.1)
    track.run(50)
    output = track.controller.tick(
        track.now, 1e-3, np.full(7, np.nan), np.zeros(7), None, TERMS.jacobian,
        TERMS.mass, TERMS.bias, TERMS.position, TERMS.rotation,
    )  # fmt: skip
    assert output.fault_name
    track.controller.reset_fault(track.now, REST, TERMS.position, TERMS.rotation)
    track.run(500)
    assert set_out(track) == -1


def test_refusals_of_a_start() -> None:
    track = Track()
    assert "before the start" in track.send([0.05, 0.09], STEP, start_s=0.1).reason
    far = track.send([7.0], STEP[:1], start_s=6.0)
    assert "start is 6 s ahead" in far.reason
    track.controller.set_mode(Mode.HOLD)
    assert "CARTESIAN" in track.send([0.3, 0.5], STEP, start_s=0.1).reason


def test_jump_is_checked_at_the_start() -> None:
    """What is near now may be far then, and the other way round."""
    track = Track()
    rejected = track.controller.counters.rejected_trajectories
    far = np.array([[0.3, 0, 0, 0, 0, 0]])
    assert track.send([0.5], far, start_s=0.1).accepted
    track.run(300)
    assert track.controller.counters.rejected_trajectories == rejected + 1
    assert set_out(track) == -1


def pair() -> tuple[Track, Track, ArmGroup]:
    one, other = Track(), Track(Parameters(7))
    return one, other, ArmGroup([one.controller, other.controller])


def send_both(
    one: Track, other: Track, group: ArmGroup, offsets: np.ndarray, start_s: float | None
) -> tuple[bool, list[str]]:
    poses = [
        [moved(t.pose, o) for o in rows] for t, rows in zip((one, other), offsets, strict=True)
    ]
    times = one.times([0.3, 0.5])
    start_ns = 0 if start_s is None else one.times([start_s])[0]
    result = group.set_trajectory([times, times], poses, one.now, start_ns=start_ns)
    return result.accepted, [arm.reason for arm in result.arms]


@pytest.mark.parametrize("start_s", [None, 0.1])
def test_arms_set_out_in_the_same_tick(start_s: float | None) -> None:
    one, other, group = pair()
    accepted, reasons = send_both(one, other, group, np.array([STEP, -STEP]), start_s)
    assert accepted, reasons
    for track in (one, other):
        track.run(250)
    assert set_out(one) == set_out(other) == (1 if start_s is None else 100)


def fault(track: Track) -> None:
    track.controller.tick(
        track.now, 1e-3, np.full(7, np.nan), np.zeros(7), None, TERMS.jacobian, TERMS.mass,
        TERMS.bias, TERMS.position, TERMS.rotation,
    )  # fmt: skip


@pytest.mark.parametrize("other_goes", [True, False])
def test_an_arm_stops_also_while_the_other_refuses(other_goes: bool) -> None:
    one, other, group = pair()
    one.controller.set_target(moved(one.pose, np.array([0, 0.2, 0, 0, 0, 0])), one.now)
    one.run(100)
    fault(other)
    nothing = np.zeros((0, 7))
    times = one.times([0.3]) if other_goes else []
    poses = [other.pose] if other_goes else nothing
    result = group.set_trajectory([[], times], [nothing, poses], one.now)
    assert result.accepted != other_goes
    one.run(110)
    assert not one.controller.output.moving


def test_an_arm_that_stops_does_not_keep_the_other_back() -> None:
    one, other, group = pair()
    times = one.times([0.3, 0.5])
    poses = [moved(one.pose, offset) for offset in STEP]
    nothing = np.zeros((0, 7))
    result = group.set_trajectory(
        [times, []], [poses, nothing], one.now, start_ns=one.times([0.1])[0]
    )
    assert result.accepted
    for track in (one, other):
        track.run(250)
    assert set_out(one) == 100


@pytest.mark.parametrize("start_s", [None, 0.1])
def test_none_moves_if_one_refuses(start_s: float | None) -> None:
    one, other, group = pair()
    other.controller.set_mode(Mode.HOLD)
    accepted, reasons = send_both(one, other, group, np.array([STEP, STEP]), start_s)
    assert not accepted
    assert "another arm" in reasons[0]
    assert "CARTESIAN" in reasons[1]
    for track in (one, other):
        track.run(300)
        assert set_out(track) == -1


def test_a_jump_of_one_arm_keeps_all_back_at_once() -> None:
    one, other, group = pair()
    accepted, reasons = send_both(one, other, group, np.array([STEP, 10 * STEP]), None)
    assert not accepted
    assert "max_jump_m" in reasons[1]
    one.run(300)
    assert set_out(one) == -1


@pytest.mark.parametrize("what", ["hold", "stop", "newer", "jump"])
@pytest.mark.parametrize("first", [0, 1])
def test_one_that_cannot_go_at_the_start_keeps_the_others_back(what: str, first: int) -> None:
    """Whichever of the two is ticked first."""
    one, other, group = pair()
    offsets = np.array([STEP, 10 * STEP if what == "jump" else STEP])
    assert send_both(one, other, group, offsets, 0.1)[0]
    order = (one, other) if first == 0 else (other, one)
    for _ in range(50):
        for track in order:
            track.run(1)
    if what == "hold":
        other.controller.set_mode(Mode.HOLD)
    elif what == "stop":
        other.stop()
    elif what == "newer":
        other.send([0.2], np.zeros((1, 6)), twists=np.zeros((1, 6)))
    for _ in range(300):
        for track in order:
            track.run(1)
    assert set_out(one) == -1
    assert one.controller.counters.rejected_trajectories == 1


def test_joints_of_a_group() -> None:
    one, other, group = pair()
    times = one.times([0.3, 0.5])
    result = group.set_joint_trajectory(
        [times, times], [REST + JOINT_STEP, REST - JOINT_STEP], one.now
    )
    assert result.accepted
    for track, sign in ((one, 1), (other, -1)):
        track.run(600)
        np.testing.assert_allclose(track.joints[-1], REST + sign * JOINT_STEP[1], atol=1e-4)


def test_waypoints_for_each_arm_are_needed() -> None:
    one, _, group = pair()
    with pytest.raises(ValueError, match="one per arm"):
        group.set_trajectory([one.times([0.1])], [[one.pose]], one.now)
    with pytest.raises(ValueError, match="at least one arm"):
        ArmGroup([])


def test_group_outlives_its_arms() -> None:
    """A pending start is dropped with its arm; the other stays where it is."""
    one, other, group = pair()
    assert send_both(one, other, group, np.array([STEP, STEP]), 0.1)[0]
    del group, other
    one.run(300)
    assert set_out(one) == -1
