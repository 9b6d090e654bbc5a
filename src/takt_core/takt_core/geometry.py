"""Poses and rotations.

Order of components, everywhere in takt: quaternions xyzw; poses as seven numbers
``[x, y, z, qx, qy, qz, qw]``; twists and wrenches linear first, then angular.
Rotations in six dimensions are the first two columns of the matrix, one after the other
(Zhou et al., arXiv 1812.07035).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from takt_core.errors import TaktError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pose:
    """A rigid transform, named ``a_from_b`` where it is used: it maps points in b to a.

    Attributes:
        position_m: (3,) origin of b in a [m].
        quaternion_xyzw: (4,) unit quaternion of the rotation of b in a.
    """

    position_m: Array
    quaternion_xyzw: Array

    def __post_init__(self) -> None:
        position = np.array(self.position_m, dtype=np.float64).reshape(3)
        quaternion = np.array(self.quaternion_xyzw, dtype=np.float64).reshape(4)
        norm = float(np.linalg.norm(quaternion))
        if not (np.isfinite(position).all() and np.isfinite(norm) and norm > 1e-6):
            raise TaktError(
                f"not a pose: position {position.tolist()}, quaternion {quaternion.tolist()}; "
                "allowed are finite numbers and a quaternion xyzw that is not zero"
            )
        object.__setattr__(self, "position_m", position)
        object.__setattr__(self, "quaternion_xyzw", quaternion / norm)

    @staticmethod
    def identity() -> Pose:
        return Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

    @staticmethod
    def from_matrix(matrix: npt.ArrayLike) -> Pose:
        """From a homogeneous (4, 4) matrix."""
        values = np.asarray(matrix, dtype=np.float64)
        return Pose(values[:3, 3], quaternion_from_matrix(values[:3, :3]))

    @staticmethod
    def from_array7(values: npt.ArrayLike) -> Pose:
        """From ``[x, y, z, qx, qy, qz, qw]``."""
        array = np.asarray(values, dtype=np.float64).reshape(7)
        return Pose(array[:3], array[3:])

    def array7(self) -> Array:
        return np.concatenate([self.position_m, self.quaternion_xyzw])

    def rotation(self) -> Array:
        """The (3, 3) rotation matrix."""
        return matrix_from_quaternion(self.quaternion_xyzw)

    def matrix(self) -> Array:
        """The homogeneous (4, 4) matrix."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation()
        matrix[:3, 3] = self.position_m
        return matrix

    def __matmul__(self, other: Pose) -> Pose:
        """``a_from_b @ b_from_c`` is ``a_from_c``."""
        rotation = Rotation.from_quat(self.quaternion_xyzw)
        return Pose(
            self.position_m + rotation.apply(other.position_m),
            (rotation * Rotation.from_quat(other.quaternion_xyzw)).as_quat(),
        )

    def inverse(self) -> Pose:
        """``b_from_a`` of ``a_from_b``."""
        rotation = Rotation.from_quat(self.quaternion_xyzw).inv()
        return Pose(-rotation.apply(self.position_m), rotation.as_quat())


def _outer_product_of_matrix() -> Array:
    """(16, 9): the outer product of a unit quaternion xyzw with itself, times 4, less the unit
    matrix, is linear in its rotation matrix."""
    linear = np.zeros((4, 4, 3, 3))
    linear[3, 3] = np.eye(3)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        linear[i, i] = -np.eye(3)
        linear[i, i, i, i] = 1.0
        linear[i, j, i, j] = linear[i, j, j, i] = 1.0
        linear[i, 3, k, j], linear[i, 3, j, k] = 1.0, -1.0
        linear[j, i], linear[3, i] = linear[i, j], linear[i, 3]
    return linear.reshape(16, 9)


# Few operations on whole arrays: a chunk has sixteen rotations, and scipy's checks would take
# several times as long as the conversion.
_OUTER_OF_MATRIX = _outer_product_of_matrix()
_MATRIX_OF_OUTER = _OUTER_OF_MATRIX.T.copy()
_UNIT_OUTER = np.eye(4).reshape(16)


def matrix_from_quaternion(quaternion_xyzw: npt.ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) of quaternions xyzw (..., 4) of any length but zero.

    Raises:
        ValueError: a quaternion is zero.
    """
    quaternion = np.asarray(quaternion_xyzw, dtype=np.float64)
    outer = quaternion[..., :, None] * quaternion[..., None, :]
    power = np.einsum("...i,...i->...", quaternion, quaternion)[..., None]
    if not power.all():
        raise ValueError("a quaternion is zero, which is no rotation")
    flat = outer.reshape(*quaternion.shape[:-1], 16) @ _OUTER_OF_MATRIX / power
    return np.asarray(flat.reshape(*quaternion.shape[:-1], 3, 3))


def quaternion_from_matrix(matrix: npt.ArrayLike) -> Array:
    """Quaternions xyzw (..., 4) with w >= 0 of rotation matrices (..., 3, 3)."""
    values = np.asarray(matrix, dtype=np.float64)
    flat = values.reshape(-1, 9) @ _MATRIX_OF_OUTER + _UNIT_OUTER
    outer = flat.reshape(-1, 4, 4)
    # Any row is the quaternion times a number; the one with the greatest is known best.
    row = np.argmax(flat[:, ::5], axis=1)
    quaternion = outer[np.arange(len(outer)), row]
    quaternion /= np.copysign(np.linalg.norm(quaternion, axis=1), quaternion[:, 3])[:, None]
    return np.asarray(quaternion.reshape(*values.shape[:-2], 4))


def rotation_vector_from_matrix(matrix: npt.ArrayLike) -> Array:
    """Rotation vectors (..., 3) [rad] of rotation matrices (..., 3, 3)."""
    values = np.asarray(matrix, dtype=np.float64)
    flat = Rotation.from_matrix(values.reshape(-1, 3, 3)).as_rotvec()
    return np.asarray(flat.reshape(*values.shape[:-2], 3))


def matrix_from_rotation_vector(vector_rad: npt.ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3) [rad]."""
    values = np.asarray(vector_rad, dtype=np.float64)
    flat = Rotation.from_rotvec(values.reshape(-1, 3)).as_matrix()
    return np.asarray(flat.reshape(*values.shape[:-1], 3, 3))


def rotation_6d_from_matrix(matrix: npt.ArrayLike) -> Array:
    """(..., 6): the first column, then the second, of rotation matrices (..., 3, 3)."""
    values = np.asarray(matrix, dtype=np.float64)
    return np.concatenate([values[..., :, 0], values[..., :, 1]], axis=-1)


def matrix_from_rotation_6d(six: npt.ArrayLike) -> Array:
    """The rotation matrices (..., 3, 3) nearest in the Gram-Schmidt sense to (..., 6).

    Raises:
        TaktError: the two columns are parallel or (nearly) zero, so that no rotation is meant.
    """
    values = np.asarray(six, dtype=np.float64)
    first, second = values[..., :3], values[..., 3:]
    first_norm = np.linalg.norm(first, axis=-1, keepdims=True)
    x = first / np.maximum(first_norm, 1e-12)
    rest = second - np.sum(x * second, axis=-1, keepdims=True) * x
    rest_norm = np.linalg.norm(rest, axis=-1, keepdims=True)
    if not (np.all(first_norm > 1e-6) and np.all(rest_norm > 1e-6)):
        raise TaktError("not a rotation in six dimensions: its two columns are parallel or zero")
    y = rest / rest_norm
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def interpolate_pose(start: Pose, end: Pose, fraction: float) -> Pose:
    """Straight in position, along the shortest arc in rotation; fraction 0 is ``start``."""
    position = start.position_m + fraction * (end.position_m - start.position_m)
    fraction = min(max(fraction, 0.0), 1.0)
    cosine = float(start.quaternion_xyzw @ end.quaternion_xyzw)
    # A quaternion and its negative are one rotation; the nearer of the two is the shorter way.
    nearer = end.quaternion_xyzw if cosine >= 0.0 else -end.quaternion_xyzw
    angle = math.acos(min(abs(cosine), 1.0))
    if angle < 1e-6:
        return Pose(position, start.quaternion_xyzw + fraction * (nearer - start.quaternion_xyzw))
    weights = math.sin((1.0 - fraction) * angle), math.sin(fraction * angle)
    return Pose(position, weights[0] * start.quaternion_xyzw + weights[1] * nearer)


def pose_error(desired: Pose, actual: Pose) -> Array:
    """(6,) ``[p_d - p; log(R_d R^T)]`` in the axes of the base frame [m, rad]."""
    rotation = Rotation.from_quat(desired.quaternion_xyzw) * (
        Rotation.from_quat(actual.quaternion_xyzw).inv()
    )
    return np.concatenate([desired.position_m - actual.position_m, rotation.as_rotvec()])
