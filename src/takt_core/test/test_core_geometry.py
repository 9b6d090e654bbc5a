"""Properties of poses and rotations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from takt_core.errors import TaktError
from takt_core.geometry import (
    Pose,
    interpolate_pose,
    matrix_from_quaternion,
    matrix_from_rotation_6d,
    matrix_from_rotation_vector,
    pose_error,
    quaternion_from_matrix,
    rotation_6d_from_matrix,
    rotation_vector_from_matrix,
)

positions = arrays(np.float64, 3, elements=st.floats(-2.0, 2.0))
vectors = arrays(np.float64, 3, elements=st.floats(-1.7, 1.7))
poses = st.builds(lambda p, v: Pose(p, Rotation.from_rotvec(v).as_quat()), positions, vectors)
quick = settings(max_examples=50, deadline=None)


@quick
@given(poses, poses, poses)
def test_composition_is_that_of_matrices(a: Pose, b: Pose, c: Pose) -> None:
    np.testing.assert_allclose((a @ b).matrix(), a.matrix() @ b.matrix(), atol=1e-12)
    np.testing.assert_allclose(((a @ b) @ c).matrix(), (a @ (b @ c)).matrix(), atol=1e-12)


@quick
@given(poses)
def test_inverse_undoes(a: Pose) -> None:
    np.testing.assert_allclose((a @ a.inverse()).matrix(), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(Pose.from_matrix(a.matrix()).matrix(), a.matrix(), atol=1e-12)
    np.testing.assert_allclose(Pose.from_array7(a.array7()).matrix(), a.matrix(), atol=1e-12)


@quick
@given(arrays(np.float64, (4, 3), elements=st.floats(-3.0, 3.0)))
def test_rotations_round_trip(vectors_rad: np.ndarray) -> None:
    matrices = matrix_from_rotation_vector(vectors_rad)
    six = rotation_6d_from_matrix(matrices)
    np.testing.assert_allclose(matrix_from_rotation_6d(six), matrices, atol=1e-9)
    back = matrix_from_rotation_vector(rotation_vector_from_matrix(matrices))
    np.testing.assert_allclose(back, matrices, atol=1e-9)
    assert (quaternion_from_matrix(matrices)[..., 3] >= 0).all()


@quick
@given(
    arrays(np.float64, (3, 3), elements=st.floats(-2.0, 2.0)),
    st.sampled_from([0.0, 1e-9, 1e-4, 1.0, np.pi - 1e-9, np.pi]),
)
def test_matrices_and_quaternions_are_those_of_scipy(axes: np.ndarray, angle: float) -> None:
    """Also near no turn and near half a turn, where single components vanish."""
    axes = axes + np.where(np.linalg.norm(axes, axis=1, keepdims=True) < 1e-3, 1.0, 0.0)
    rotations = Rotation.from_rotvec(angle * axes / np.linalg.norm(axes, axis=1, keepdims=True))
    matrices = rotations.as_matrix()
    for length in (-1.0, 1.0, 3.0):
        found = matrix_from_quaternion(length * rotations.as_quat())
        np.testing.assert_allclose(found, matrices, atol=1e-14)
    back = Rotation.from_quat(quaternion_from_matrix(matrices)) * rotations.inv()
    np.testing.assert_allclose(back.magnitude(), 0.0, atol=1e-7)


def test_no_rotation_is_made_of_a_zero_quaternion() -> None:
    with pytest.raises(ValueError, match="zero"):
        matrix_from_quaternion([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])


def test_six_dimensions_are_columns() -> None:
    matrix = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    np.testing.assert_allclose(rotation_6d_from_matrix(matrix), [0, 1, 0, -1, 0, 0], atol=1e-12)


@quick
@given(arrays(np.float64, 6, elements=st.floats(-2.0, 2.0)))
def test_any_six_numbers_give_a_rotation_or_an_error(six: np.ndarray) -> None:
    try:
        matrix = matrix_from_rotation_6d(six)
    except TaktError:
        return
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@quick
@given(poses, poses)
def test_error_moves_actual_to_desired(desired: Pose, actual: Pose) -> None:
    error = pose_error(desired, actual)
    np.testing.assert_allclose(actual.position_m + error[:3], desired.position_m, atol=1e-12)
    moved = matrix_from_rotation_vector(error[3:]) @ actual.rotation()
    np.testing.assert_allclose(moved, desired.rotation(), atol=1e-9)


@quick
@given(poses, poses, st.floats(0.0, 1.0))
def test_interpolation_splits_the_way(a: Pose, b: Pose, fraction: float) -> None:
    between = interpolate_pose(a, b, fraction)
    whole, part = pose_error(b, a), pose_error(between, a)
    np.testing.assert_allclose(part[:3], fraction * whole[:3], atol=1e-9)
    angle = np.linalg.norm(whole[3:])
    if angle < np.pi - 1e-3:
        assert np.linalg.norm(part[3:]) == pytest.approx(fraction * angle, abs=1e-6)


@pytest.mark.parametrize(
    ("position", "quaternion"),
    [([0, 0, np.nan], [0, 0, 0, 1]), ([0, 0, 0], [0, 0, 0, 0]), ([0, 0, 0], [0, 0, np.inf, 1])],
)
def test_what_is_not_a_pose_is_refused(position: list, quaternion: list) -> None:
    with pytest.raises(TaktError, match="not a pose"):
        Pose(np.array(position), np.array(quaternion))
