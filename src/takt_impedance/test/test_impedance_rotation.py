"""Rotation vectors over the whole ball."""

import numpy as np
import pinocchio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_impedance import rotation_exp, rotation_log

components = st.floats(-1, 1).filter(lambda x: abs(x) > 1e-3)


@settings(max_examples=200, deadline=None)
@given(axis=st.tuples(components, components, components), angle=st.floats(0, np.pi - 1e-7))
def test_log_inverts_exp(axis: tuple[float, float, float], angle: float) -> None:
    vector = angle * np.array(axis) / np.linalg.norm(axis)
    np.testing.assert_allclose(rotation_log(rotation_exp(vector)), vector, atol=1e-7)


@settings(max_examples=50, deadline=None)
@given(axis=st.tuples(components, components, components), angle=st.floats(-10, 10))
def test_exp_agrees_with_pinocchio(axis: tuple[float, float, float], angle: float) -> None:
    vector = angle * np.array(axis) / np.linalg.norm(axis)
    np.testing.assert_allclose(rotation_exp(vector), pinocchio.exp3(vector), atol=1e-12)


@pytest.mark.parametrize("axis", np.vstack([np.eye(3), -np.eye(3)]))
def test_half_turn(axis: np.ndarray) -> None:
    vector = rotation_log(rotation_exp(np.pi * axis))
    assert np.linalg.norm(vector) == pytest.approx(np.pi)
    np.testing.assert_allclose(rotation_exp(vector), rotation_exp(np.pi * axis), atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-14, 1e-9, 1e-5])
def test_small_angles(angle: float) -> None:
    vector = angle * np.array([0.6, 0.0, -0.8])
    np.testing.assert_allclose(rotation_log(rotation_exp(vector)), vector, rtol=1e-9, atol=1e-16)
