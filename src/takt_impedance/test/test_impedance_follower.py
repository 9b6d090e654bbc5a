"""The follower through the controller: splices, limits, starvation, refusals."""

import numpy as np
import pytest
from follower_support import Track, moved
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_support import MS

from takt_impedance import Parameters


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
    assert not track.controller.output.moving


def test_starvation_stops_within_stop_s_and_holds() -> None:
    track = Track()
    v = np.array([0.4, 0, 0, 0, 0, 1.0])
    offsets = np.array([v * t for t in (0.1, 0.2)])
    assert track.send([0.1, 0.2], offsets, twists=np.array([v, v])).accepted
    track.run(200)
    assert not track.controller.starved
    np.testing.assert_allclose(track.twists[-1], v, rtol=0.01, atol=1e-9)
    track.run(1)
    assert track.controller.starved
    track.run(99)
    held = track.pose
    np.testing.assert_array_equal(track.twists[-1], 0)
    track.run(200).assert_smooth()
    np.testing.assert_array_equal(track.pose, held)
    speeds = np.linalg.norm(np.array(track.twists)[201:, :3], axis=1)
    assert (np.diff(speeds) <= 1e-12).all()
    assert track.controller.counters.starvations == 1
    assert track.send([0.1], np.zeros((1, 6))).accepted
    track.run(1)
    assert not track.controller.starved


def test_planned_end_is_not_starvation() -> None:
    track = Track()
    twists = np.array([[np.nan] * 6, [0.0] * 6])
    assert track.send([0.1, 0.2], np.array([[0.01] * 6, [0.02] * 6]), twists=twists).accepted
    track.run(400)
    assert not track.controller.starved
    assert not track.controller.output.moving
    assert track.controller.counters.starvations == 0


def test_empty_trajectory_stops_now() -> None:
    track = Track()
    v = np.array([0.3, 0, 0, 0, 0, 0])
    track.send([0.1, 0.3], np.array([v * 0.1, v * 0.3]), twists=np.array([v, v]))
    track.run(150)
    assert track.stop().accepted
    track.run(100)
    np.testing.assert_array_equal(track.twists[-1], 0)
    assert not track.controller.starved
    track.assert_smooth()


def test_repeated_stops_do_not_delay_the_stop() -> None:
    track = Track()
    v = np.array([0.3, 0, 0, 0, 0, 0])
    track.send([0.1, 0.3], np.array([v * 0.1, v * 0.3]), twists=np.array([v, v]))
    track.run(150)
    for _ in range(100):
        track.stop()
        track.run(1)
    np.testing.assert_array_equal(track.twists[-1], 0)


def test_past_waypoints_are_dropped_and_counted() -> None:
    track = Track()
    offsets = np.array([[0.001 * i, 0, 0, 0, 0, 0] for i in range(6)])
    result = track.send([-0.15, -0.05, 0.0, 0.05, 0.15, 0.25], offsets)
    assert (result.accepted, result.dropped) == (True, 3)
    assert track.controller.counters.dropped_waypoints == 3


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
    assert not track.controller.output.moving
    assert track.controller.counters.rejected_trajectories == 1


def test_broken_waypoints_are_refused_with_their_reason() -> None:
    controller = Track().controller
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
    assert track.controller.set_target(goal, track.now).accepted
    track.run(1500).assert_smooth()
    np.testing.assert_allclose(track.pose, goal, atol=1e-9)
    assert not track.controller.output.moving
    assert not track.controller.starved
    distances = np.linalg.norm(np.array(track.poses)[:, :3] - goal[:3], axis=1)
    assert (np.diff(distances) <= 1e-12).all()  # no overshoot


def test_workspace_box_keeps_the_target_inside() -> None:
    p = Parameters(7)
    start = Track().pose
    p.workspace_lower_m, p.workspace_upper_m = start[:3] - 0.05, start[:3] + [0.03, 0.5, 0.5]
    track = Track(p)
    track.controller.set_target(moved(start, np.array([0.2, 0.1, -0.3, 0, 0, 0])), track.now)
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
        values.append(track.controller.output.stiffness[0, 0])
    assert values[-1] == pytest.approx(200)
    assert np.abs(np.diff(values)).max() <= 2000 * 1e-3 + 1e-9
    track.send([0.1], np.zeros((1, 6)))  # asks for none: back to the base stiffness
    track.run(400)
    assert track.controller.output.stiffness[0, 0] == pytest.approx(500)


def test_release_after_starvation() -> None:
    p = Parameters(7)
    p.release_s, p.release_stiffness_scale = 0.2, 0.1
    track = Track(p)
    track.send([0.05], np.zeros((1, 6)))
    track.run(240)
    assert track.controller.output.stiffness[0, 0] == pytest.approx(500)
    track.run(500)
    assert track.controller.output.stiffness[0, 0] == pytest.approx(50)
