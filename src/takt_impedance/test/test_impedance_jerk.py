"""Limits of speed, acceleration and jerk of the target, over random references and limits."""

import numpy as np
import pytest
from follower_support import Track, largest, moved, with_limits
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_impedance import Parameters

velocities = st.floats(0.05, 2.0)
accelerations = st.floats(0.5, 20.0)
jerk_ratios = st.floats(10.0, 2000.0)  # jerk over acceleration [1/s]
vectors = st.lists(st.floats(-1, 1), min_size=6, max_size=6).map(np.array)


@settings(max_examples=40, deadline=None)
@given(
    velocity=velocities,
    acceleration=accelerations,
    ratio=jerk_ratios,
    seed=st.integers(0, 10_000),
    dt_ms=st.sampled_from([1, 2, 4]),
)
def test_limits_hold_for_any_reference(
    velocity: float, acceleration: float, ratio: float, seed: int, dt_ms: int
) -> None:
    """Chunks, single targets, stops and starvation in any order and at any time."""
    rng = np.random.default_rng(seed)
    track = Track(with_limits(velocity, acceleration, ratio * acceleration), dt_ms)
    for _ in range(6):
        kind = rng.integers(4)
        offset = 0.3 * rng.uniform(-1, 1, 6)
        if kind == 0:
            track.controller.set_target(moved(track.pose, offset), track.now)
        elif kind == 1:
            track.stop()
        else:
            n = rng.integers(1, 8)
            times = np.cumsum(rng.uniform(0.005, 0.2, n)) - 0.03
            offsets = np.cumsum(0.1 * rng.uniform(-1, 1, (n, 6)), axis=0)
            twists = rng.uniform(-1, 1, (n, 6)) if kind == 2 else None
            track.send(times, offsets, twists=twists)
        track.run(int(rng.integers(1, 150)))
    track.assert_smooth()


@settings(max_examples=40, deadline=None)
@given(velocity=velocities, acceleration=accelerations, ratio=jerk_ratios, offset=vectors,
       scale=st.floats(1e-4, 0.5))  # fmt: skip
def test_single_target_is_reached_along_a_line_without_overshoot(
    velocity: float, acceleration: float, ratio: float, offset: np.ndarray, scale: float
) -> None:
    track = Track(with_limits(velocity, acceleration, ratio * acceleration))
    goal = moved(track.pose, np.concatenate([scale * offset[:3], np.zeros(3)]))
    distance = float(np.linalg.norm(goal[:3] - track.pose[:3]))
    origin = track.pose
    track.controller.set_target(goal, track.now)
    jerk = ratio * acceleration
    # With half of the limits for braking, plus what is lost by rounding to ticks.
    enough_s = distance / velocity + 4 * (distance / acceleration) ** 0.5
    enough_s += 4 * (distance / jerk) ** (1 / 3) + 4 / ratio + 0.1
    track.run(round(enough_s * 1e3)).assert_smooth()
    np.testing.assert_allclose(track.pose, goal, atol=1e-9)
    assert not track.controller.output.moving
    if distance > 0:
        along = (np.array(track.poses)[:, :3] - origin[:3]) @ (goal[:3] - origin[:3]) / distance
        assert (np.diff(along) >= -1e-12).all()
        assert along.max() <= distance + 1e-9


def test_no_overshoot_when_the_goal_changes_on_the_way() -> None:
    """It may pass a goal that is nearer than it can stop; then it comes back and rests there."""
    track = Track(with_limits(0.5, 3.0, 60.0))
    origin = track.pose
    track.controller.set_target(moved(origin, np.array([0.5, 0, 0, 0, 0, 0])), track.now)
    track.run(400)
    near = moved(origin, np.array([0.12, 0.05, 0, 0, 0, 0]))
    track.controller.set_target(near, track.now)
    track.run(1500).assert_smooth()
    np.testing.assert_allclose(track.pose, near, atol=1e-9)
    after = np.array(track.poses)[400:, :3]
    turned = int(np.argmax(after[:, 0]))
    assert (np.diff(after[turned:, 0]) <= 1e-12).all()  # back once, no swinging
    assert after[:, 1].max() <= near[1] + 1e-9


@settings(max_examples=30, deadline=None)
@given(amplitude=st.floats(0.005, 0.05), period_s=st.floats(0.6, 2.0), axis=vectors)
def test_feasible_reference_is_followed_exactly(
    amplitude: float, period_s: float, axis: np.ndarray
) -> None:
    """A smooth motion within the limits, by waypoints with their velocities, is met at each one."""
    track = Track()
    origin = track.pose
    size = np.linalg.norm(axis[:3])
    axis = axis / size if size > 0.1 else np.array([1.0, 0, 0, 0, 0, 0.5])
    times = 0.05 * np.arange(1, 31)
    phase = 2 * np.pi * times / period_s
    # Starts with zero velocity and acceleration: amplitude (phase - sin phase) / (2 pi).
    offsets = (amplitude * (phase - np.sin(phase)) / (2 * np.pi))[:, None] * axis
    speeds = (amplitude * (1 - np.cos(phase)) / period_s)[:, None] * axis
    speeds[:, 3:] = 0
    offsets[:, 3:] = 0
    assert track.send(times, offsets, origin=origin, twists=speeds).accepted
    for offset in offsets:
        track.run(50)
        np.testing.assert_allclose(track.pose, moved(origin, offset), atol=1e-12)
    track.assert_smooth()


@settings(max_examples=30, deadline=None)
@given(speed=st.floats(0.05, 1.5), spin=st.floats(-3, 3), ticks=st.integers(1, 120))
def test_stop_takes_at_most_stop_s(speed: float, spin: float, ticks: int) -> None:
    """From any state of a motion, also while accelerating; the limits hold meanwhile."""
    p = with_limits(1.5, 12.0, 400.0)
    track = Track(p)
    v = np.array([speed, 0, 0, 0, 0, spin])
    times = 0.05 * np.arange(1, 11)
    track.send(times, times[:, None] * v, twists=np.tile(v, (10, 1)))
    track.run(ticks)
    track.stop()
    track.run(int(np.ceil(p.stop_s * 1e3)))
    np.testing.assert_array_equal(track.twists[-1], 0)
    speeds = np.linalg.norm(np.array(track.twists)[1 + ticks :, :3], axis=1)
    fade = int(np.ceil(1e3 * p.max_linear_acceleration_m_s2 / p.max_linear_jerk_m_s3))
    assert (
        np.diff(speeds[fade:]) <= 1e-12
    ).all()  # the acceleration fades, then it only slows down
    track.assert_smooth()


def test_unfeasible_reference_is_caught_up_with() -> None:
    """A reference that jumps ahead and goes on at half the speed limit is met and then kept."""
    p = with_limits(0.4, 4.0, 200.0)
    track = Track(p)
    v = np.array([0.2, 0, 0, 0, 0, 0])
    times = 0.1 * np.arange(1, 21)
    offsets = times[:, None] * v + np.array([0.1, 0.03, 0, 0, 0, 0])
    origin = track.pose
    assert track.send(times, offsets, twists=np.tile(v, (20, 1))).accepted
    track.run(1500)
    behind = moved(origin, offsets[14])[:3] - track.pose[:3]
    np.testing.assert_allclose(behind, 0, atol=1e-9)
    track.run(100)
    np.testing.assert_allclose(track.twists[-1], v, atol=1e-9)
    track.assert_smooth()


@pytest.mark.parametrize("kind", ["linear", "angular"])
def test_stop_that_the_jerk_does_not_allow_is_refused(kind: str) -> None:
    p = Parameters(7)
    unit = "m_s3" if kind == "linear" else "rad_s3"
    setattr(p, f"max_{kind}_jerk_{unit}", 500.0)
    with pytest.raises(ValueError, match=f"stop_s.*max_{kind}_velocity"):
        p.validate()
    p.stop_s = 0.3
    p.validate()


def test_default_limits_are_those_of_a_real_arm() -> None:
    """Jerk is finite, and far above what the acceleration limit needs in a few ticks."""
    p = Parameters(7)
    p.validate()
    for acceleration, jerk in (
        (p.max_linear_acceleration_m_s2, p.max_linear_jerk_m_s3),
        (p.max_angular_acceleration_rad_s2, p.max_angular_jerk_rad_s3),
    ):
        assert np.isfinite(jerk)
        assert acceleration / jerk < 0.005


def test_turn_and_shift_to_one_target() -> None:
    """A turn and a shift to one target: each keeps its own limits and both arrive."""
    track = Track()
    goal = moved(track.pose, np.array([0.05, 0, 0, 0, 0, 2.0]))
    track.controller.set_target(goal, track.now)
    track.run(1500).assert_smooth()
    np.testing.assert_allclose(track.pose, goal, atol=1e-9)
    assert largest(np.array(track.twists)[:, 3:]) > 2.4
