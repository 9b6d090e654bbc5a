"""Paths: free at every point, with exact ends, the same each time, refused in time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_arm import HOME, LEFT, RIGHT, TABLE, WALL, collision_model, free_joints, limits, space

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_motion.planners.ompl import OmplPlanner
from takt_motion.planners.shortcut import path_length, shorten


def planner(scene: str = WALL, **changes: float) -> OmplPlanner:
    return OmplPlanner(space(scene), limits(), **changes)


def fine(corners: Array, step_rad: float = 0.005) -> Array:
    """(m, 7) every few milliradians of a path."""
    parts = []
    for first, second in itertools.pairwise(corners):
        count = int(np.ceil(np.abs(second - first).max() / step_rad)) + 1
        parts.append(first + np.linspace(0.0, 1.0, count)[:, None] * (second - first))
    return np.vstack(parts)


def test_around_a_wall_nothing_touches_at_fine_resolution() -> None:
    corners = planner().find_path(LEFT, RIGHT)
    assert len(corners) > 2
    np.testing.assert_array_equal(corners[[0, -1]], [LEFT, RIGHT])
    touching = collision_model(WALL, 0.001)
    assert all(touching.is_free(q) for q in fine(corners))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31))
def test_any_path_is_free_and_within_the_limits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, goal = free_joints(rng), free_joints(rng)
    try:
        corners = planner(TABLE, check_limit=20_000).find_path(start, goal)
    except TaktError:
        return  # far apart in a cluttered space: refused within the effort allowed
    np.testing.assert_array_equal(corners[[0, -1]], [start, goal])
    touching = collision_model(TABLE, 0.001)
    for q in fine(corners, 0.02):
        assert touching.is_free(q)
        assert not limits().broken(q)


def test_the_same_question_has_the_same_answer() -> None:
    first = planner(seed=3).find_path(LEFT, RIGHT)
    planner(seed=9).find_path(LEFT, RIGHT)
    np.testing.assert_array_equal(planner(seed=3).find_path(LEFT, RIGHT), first)


def test_a_free_way_is_straight() -> None:
    turned = HOME.copy()
    turned[0] = 0.8
    np.testing.assert_array_equal(planner(TABLE).find_path(HOME, turned), [HOME, turned])


def test_a_search_ends_when_its_effort_is_spent() -> None:
    closed = f"{TABLE}\ncage: {{box: [3.0, 0.02, 3.0], position: [1.6, 0.0, 1.0]}}"
    closed += "\nback: {box: [3.0, 0.02, 3.0], position: [-1.6, 0.0, 1.0]}"
    hidden = planner(closed, check_limit=3000)
    with pytest.raises(TaktError, match="3000 configurations were looked at"):
        hidden.find_path(LEFT, RIGHT)
    with pytest.raises(TaktError, match=r"0\.0001 s have passed"):
        planner(closed, time_limit_s=1e-4).find_path(LEFT, RIGHT)


class Room:
    """A plane in which one disc is in the way."""

    def touching(self, q: Array) -> dict[str, float]:
        gap = float(np.linalg.norm(q) - 1.0)
        return {} if gap > 0.0 else {"disc": gap}

    def is_free_between(self, first: Array, second: Array) -> bool:
        return all(
            not self.touching(first + f * (second - first)) for f in np.linspace(0.0, 1.0, 60)
        )


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 6))
def test_shortening_keeps_the_ends_and_what_is_free(seed: int, extra: int) -> None:
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0.0, np.pi, extra + 2))
    angles = np.concatenate([np.linspace(a, b, 8) for a, b in itertools.pairwise(angles)])
    corners = np.column_stack([np.cos(angles), np.sin(angles)]) * rng.uniform(1.2, 2.0)
    room = Room()
    shorter = shorten(corners, room, rng)
    np.testing.assert_array_equal(shorter[[0, -1]], corners[[0, -1]])
    assert path_length(shorter) <= path_length(corners) + 1e-9
    assert all(room.is_free_between(a, b) for a, b in itertools.pairwise(shorter))
