"""Paths in time: on the checked path, within every limit, exact at both ends."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from motion_arm import LEFT, RIGHT, WALL, arm, collision_model, limits, space

from takt_core.geometry import Array
from takt_motion.path.braking import stopping_clock
from takt_motion.path.limits import SpeedLimits
from takt_motion.path.pieces import Blend, Line, rounded
from takt_motion.path.timing import TimedPath, timed
from takt_motion.planners.ompl import OmplPlanner

LIMITS = SpeedLimits(np.full(3, 1.0), np.full(3, 3.0), np.full(3, 20.0), 0.8, 5.0)
STEP_S = 0.002


class Nothing:
    """A space in which nothing is in the way."""

    def touching(self, q: Array) -> dict[str, float]:
        return {}

    def is_free_between(self, first: Array, second: Array) -> bool:
        return True


def flat_jacobian(q: Array) -> Array:
    """A tool that moves as the first three joints do."""
    return np.vstack([np.eye(3), np.zeros((3, 3))])


def random_path(seed: int, corners: int, reach: float) -> tuple[Array, TimedPath]:
    rng = np.random.default_rng(seed)
    places = np.cumsum(rng.normal(0.0, 0.4, (corners, 3)), axis=0)
    pieces = rounded(places, Nothing(), reach)
    return places, timed(places, pieces, LIMITS, flat_jacobian)


def sampled(path: TimedPath) -> tuple[Array, Array, Array]:
    times = np.arange(0.0, path.duration_s + STEP_S, STEP_S)
    states = [path.at(float(t)) for t in times]
    q, velocity, acceleration = (np.array(part) for part in zip(*states, strict=True))
    return q, velocity, acceleration


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 7), st.floats(0.01, 0.5))
def test_every_limit_is_kept_and_nothing_jumps(seed: int, corners: int, reach: float) -> None:
    places, path = random_path(seed, corners, reach)
    q, velocity, acceleration = sampled(path)
    np.testing.assert_allclose(q[[0, -1]], places[[0, -1]], atol=1e-12)
    np.testing.assert_array_equal(path.at(path.duration_s)[0], places[-1])
    np.testing.assert_allclose(velocity[[0, -1]], 0.0, atol=1e-9)
    assert np.abs(velocity).max() <= 1.0 + 1e-6
    assert np.abs(acceleration).max() <= 3.0 + 1e-4
    assert np.linalg.norm(velocity, axis=1).max() <= 0.8 + 1e-6
    jerk = np.diff(acceleration, axis=0) / STEP_S
    assert np.abs(jerk).max() <= 20.0 * 1.001 + 1e-3
    # Velocity is the derivative of position, acceleration of velocity.
    middle = (velocity[1:] + velocity[:-1]) / 2.0
    np.testing.assert_allclose(np.diff(q, axis=0)[:-1] / STEP_S, middle[:-1], atol=1e-4)
    middle = (acceleration[1:] + acceleration[:-1]) / 2.0
    np.testing.assert_allclose(np.diff(velocity, axis=0)[:-1] / STEP_S, middle[:-1], atol=3e-2)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 6), st.floats(0.02, 0.4))
def test_corners_are_cut_by_less_than_the_reach(seed: int, corners: int, reach: float) -> None:
    places, path = random_path(seed, corners, reach)
    q, _, _ = sampled(path)
    for point in q[::40]:
        assert min(_distance(point, a, b) for a, b in itertools.pairwise(places)) <= (
            reach / 2.0 + 1e-6
        )


def test_where_a_corner_is_not_free_the_motion_stops_at_it() -> None:
    class Corner(Nothing):
        def touching(self, q: Array) -> dict[str, float]:
            return {} if abs(q[0]) < 1e-9 or abs(q[1] - 1.0) < 1e-9 else {"post": -0.1}

    corners = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    pieces = rounded(corners, Corner(), 0.3)
    assert [type(piece) for piece in pieces] == [Line, Line]
    path = timed(corners, pieces, LIMITS, flat_jacobian)
    q, velocity, _ = sampled(path)
    at_corner = np.linalg.norm(q - corners[1], axis=1).argmin()
    assert np.linalg.norm(q[at_corner] - corners[1]) < 1e-4
    assert np.linalg.norm(velocity[at_corner]) < 0.02


def test_corners_that_repeat_are_one_and_no_way_takes_no_time() -> None:
    same = np.array([[0.1, 0.2, 0.3]] * 3)
    path = timed(same, rounded(same, Nothing(), 0.3), LIMITS, flat_jacobian)
    assert path.duration_s == 0.0
    np.testing.assert_array_equal(path.at(0.5)[0], same[0])
    bent = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    assert [type(p) for p in rounded(bent, Nothing(), 0.2)] == [Line, Blend, Line]


def test_the_reference_arm_goes_around_a_wall_free_and_within_limits() -> None:
    free = space(WALL)
    corners = OmplPlanner(free, limits()).find_path(LEFT, RIGHT)
    bounds = SpeedLimits(np.full(7, 1.2), np.full(7, 3.0), np.full(7, 20.0), 0.4, 1.5)
    path = timed(corners, rounded(corners, free, 0.3), bounds, arm().jacobian)
    touching = collision_model(WALL, 0.001)
    q, velocity, acceleration = sampled(path)
    assert all(touching.is_free(one) for one in q[::4])
    assert np.abs(velocity).max() <= 1.2 + 1e-6
    assert np.abs(acceleration).max() <= 3.0 + 1e-4
    twists = np.array([arm().jacobian(a) @ v for a, v in zip(q[::10], velocity[::10], strict=True)])
    # Between the places where it is looked at the speed of the tool may be a little more.
    assert np.linalg.norm(twists[:, :3], axis=1).max() <= 0.4 * 1.02
    assert np.linalg.norm(twists[:, 3:], axis=1).max() <= 1.5 * 1.02


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 5), st.floats(0.0, 1.0))
def test_braking_stays_on_the_path_and_ends_at_rest(seed: int, corners: int, when: float) -> None:
    _, path = random_path(seed, corners, 0.3)
    assume(path.duration_s > 0.1)
    clock = stopping_clock(path, when * path.duration_s, 1.5 * LIMITS.acceleration)
    times = np.arange(clock.from_s - 0.01, clock.end_s + 0.05, STEP_S)
    passed = np.array([clock.at(float(t))[0] for t in times])
    assert (np.diff(passed) >= 0.0).all()
    assert clock.at(clock.end_s)[1] == pytest.approx(0.0)
    assert passed[-1] == pytest.approx(clock.from_s + clock.stop_s / 2.0)
    q = np.array([path.at(float(t))[0] for t in passed])
    acceleration = np.diff(q, 2, axis=0) / STEP_S**2
    assert np.abs(acceleration).max() <= 1.5 * 3.0 * 1.02 + 0.05


def _distance(point: Array, first: Array, second: Array) -> float:
    way = second - first
    share = np.clip((point - first) @ way / max(way @ way, 1e-12), 0.0, 1.0)
    return float(np.linalg.norm(point - first - share * way))
