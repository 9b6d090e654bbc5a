"""The curve through waypoints, without the follower's limits."""

import numpy as np
import pinocchio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_support import MS, matrix_of, pose7

from takt_impedance import interpolate


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_curve_has_continuous_velocity(seed: int) -> None:
    """The curve passes its waypoints, and its twist is the derivative of its pose."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(20, 200, 5)) * MS
    rotation, poses = pinocchio.exp3(rng.uniform(-2, 2, 3)), []
    for _ in times:
        rotation = pinocchio.exp3(rng.uniform(-1, 1, 3)) @ rotation
        poses.append(pose7(rng.uniform(-0.1, 0.1, 3), rotation))
    for t, pose in zip(times, poses, strict=True):
        there = interpolate(times, poses, None, t)[0]
        np.testing.assert_allclose(there[:3], pose[:3], atol=1e-12)
        np.testing.assert_allclose(matrix_of(there), matrix_of(pose), atol=1e-12)
    h = 2000  # ns
    for t in [*times[1:-1], *(times[:-1] + 7 * MS)]:
        for side in (-1, 1):  # at a waypoint: the same from both sides
            a, _ = interpolate(times, poses, None, int(t) + (side - 1) * h // 2)
            b, _ = interpolate(times, poses, None, int(t) + (side + 1) * h // 2)
            _, twist = interpolate(times, poses, None, int(t))
            moved_by = (b[:3] - a[:3]) / (h * 1e-9)
            turned_by = pinocchio.log3(matrix_of(b) @ matrix_of(a).T) / (h * 1e-9)
            np.testing.assert_allclose(moved_by, twist[:3], atol=2e-3)
            np.testing.assert_allclose(turned_by, twist[3:], atol=2e-2)


def test_rests_at_the_last_waypoint_unless_told() -> None:
    times, poses = [0, 100 * MS], np.array([[0, 0, 0, 0, 0, 0, 1.0], [0.1, 0, 0, 0, 0, 0, 1.0]])
    np.testing.assert_array_equal(interpolate(times, poses, None, 100 * MS)[1], 0)
    twists = np.array([[np.nan] * 6, [0.5, 0, 0, 0, 0, 0.1]])
    np.testing.assert_array_equal(interpolate(times, poses, twists, 100 * MS)[1], twists[1])


def test_nearly_half_a_turn() -> None:
    """From one orientation to one almost opposite: at constant speed about one axis."""
    axis = np.array([0.6, 0.0, 0.8])
    angle = np.pi - 1e-6
    poses = [pose7(np.zeros(3), pinocchio.exp3(a * axis)) for a in (0.0, angle)]
    rate = np.concatenate([np.zeros(3), angle * axis])
    for t in (250, 500, 750):
        pose, twist = interpolate([0, 1000 * MS], poses, [rate, rate], t * MS)
        expected = pinocchio.exp3(1e-3 * t * angle * axis)
        np.testing.assert_allclose(matrix_of(pose), expected, atol=1e-9)
        np.testing.assert_allclose(twist, rate, atol=1e-6)


def test_nothing_to_follow_is_an_error() -> None:
    with pytest.raises(ValueError, match="waypoints"):
        interpolate([], np.zeros((0, 7)), None, 0)
    with pytest.raises(ValueError, match="not later"):
        interpolate([5, 5], np.tile([0, 0, 0, 0, 0, 0, 1.0], (2, 1)), None, 0)
