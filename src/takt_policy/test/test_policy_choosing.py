"""Choosing among candidates, and how far they disagree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from takt_policy.actions import Actions
from takt_policy.guidance.anchor import Anchor
from takt_policy.guidance.choose import best_by_value, coherence
from takt_policy.uncertainty import spread


def test_the_best_value_wins_without_temperature() -> None:
    rng = np.random.default_rng(0)
    assert best_by_value([0.1, 3.0, -2.0], 0.0, rng) == 1


def test_with_temperature_candidates_win_by_softmax() -> None:
    """20,000 draws: each share is known to 0.0035 (one sigma)."""
    rng = np.random.default_rng(0)
    values, temperature = np.array([0.0, 1.0, 2.0]), 0.7
    counts = np.bincount([best_by_value(values, temperature, rng) for _ in range(20_000)])
    wanted = np.exp(values / temperature)
    np.testing.assert_allclose(counts / 20_000, wanted / wanted.sum(), atol=5 * 0.0035)


def test_values_of_any_size_are_taken() -> None:
    rng = np.random.default_rng(0)
    assert best_by_value([1e6, 1e6 + 50.0, -1e30], 1.0, rng) == 1


def _anchor(covered: slice, decided: slice) -> Anchor:
    flags = np.zeros((2, 8), np.bool_)
    flags[0, covered] = True
    flags[1, decided] = True
    return Anchor(np.zeros((8, 2), np.float32), flags[0], flags[1])


def test_coherence_counts_what_is_free_and_covered_with_falling_weights() -> None:
    """Against loops: weights 1, 1/2, 1/4 for actions 3, 4, 5."""
    rng = np.random.default_rng(1)
    candidates = rng.standard_normal((4, 8, 2)).astype(np.float32)
    found = coherence(candidates, _anchor(slice(0, 6), slice(0, 3)), 0.5)
    for index in range(4):
        total = 0.0
        for place, action in enumerate((3, 4, 5)):
            total += 0.5**place * float(np.sum(candidates[index, action].astype(float) ** 2))
        assert found[index] == pytest.approx(-total, rel=1e-6)


def test_where_nothing_is_comparable_the_first_is_as_good_as_any() -> None:
    candidates = np.random.default_rng(1).standard_normal((4, 8, 2)).astype(np.float32)
    np.testing.assert_array_equal(
        coherence(candidates, _anchor(slice(0, 3), slice(0, 3)), 0.5), 0.0
    )


def _actions(positions: np.ndarray, vectors: np.ndarray) -> Actions:
    quaternions = Rotation.from_rotvec(vectors).as_quat()
    return Actions(np.concatenate([positions, quaternions], axis=1), None)


@given(seed=st.integers(0, 2**31), angle=st.floats(1e-6, 1.2))
def test_spread_of_turns_about_one_axis_is_their_deviation(seed: int, angle: float) -> None:
    """Two rotations, angle apart, are each half of it from their mean, wherever they are."""
    rng = np.random.default_rng(seed)
    axis = rng.standard_normal(3)
    axis /= np.linalg.norm(axis)
    start = Rotation.from_rotvec(rng.uniform(-2, 2, (5, 3)))
    turned = start * Rotation.from_rotvec(angle * axis)
    position = rng.standard_normal((5, 3))
    shift = rng.standard_normal(3) * 0.01
    found = spread(
        [
            _actions(position, start.as_rotvec()),
            _actions(position + shift, turned.as_rotvec()),
        ]
    )
    np.testing.assert_allclose(found.rotation_rad, angle / 2, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(found.position_m, np.linalg.norm(shift) / 2, rtol=1e-6)


def test_the_sign_of_a_quaternion_is_no_spread() -> None:
    one = _actions(np.zeros((3, 3)), np.full((3, 3), 0.4))
    flipped = Actions(one.poses * np.array([1, 1, 1, -1, -1, -1, -1]), None)
    np.testing.assert_allclose(spread([one, flipped]).rotation_rad, 0.0, atol=1e-7)
