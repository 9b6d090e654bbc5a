"""The rotations that an action vector may hold, as matrices, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takt_core.geometry import (
    matrix_from_quaternion,
    matrix_from_rotation_6d,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    rotation_6d_from_matrix,
    rotation_vector_from_matrix,
)
from takt_policy.bundle.schema import Rotation
from takt_policy.errors import PolicyError

Array = npt.NDArray[np.float64]

TURN = 2.0 * np.pi


def matrices_from(rotation: Rotation, values: Array) -> Array:
    """Rotation matrices (H, 3, 3) of 6d, quaternions xyzw or rotation vectors [rad] (H, n).

    Quaternions of either sign and of any length are taken; 6d need not be orthonormal.

    Raises:
        TaktError: what no rotation can be made of: zeros, or parallel columns.
    """
    if rotation == "6d":
        return matrix_from_rotation_6d(values)
    if rotation == "6d_rows":
        return np.swapaxes(matrix_from_rotation_6d(values), -1, -2)
    if rotation == "rotation_vector":
        return matrix_from_rotation_vector(values)
    if not (np.linalg.norm(values, axis=1) > 1e-6).all():
        raise PolicyError("a quaternion is zero")
    return matrix_from_quaternion(values)


def values_from(rotation: Rotation, matrices: Array) -> Array:
    """The inverse of ``matrices_from``, (H, n).

    Quaternions and rotation vectors name a rotation in more than one way. The first has w >= 0,
    or an angle of at most pi; each following one is the one nearest its predecessor, since a
    network that regresses a jump learns what lies between.
    """
    if rotation == "6d":
        return rotation_6d_from_matrix(matrices)
    if rotation == "6d_rows":
        return rotation_6d_from_matrix(np.swapaxes(matrices, -1, -2))
    if rotation == "quaternion":
        return _same_side(quaternion_from_matrix(matrices))
    return _unwound(rotation_vector_from_matrix(matrices))


def _same_side(quaternions: Array) -> Array:
    turned = np.sum(quaternions[1:] * quaternions[:-1], axis=1) < 0.0
    signs = np.cumprod(np.where(turned, -1.0, 1.0))
    quaternions[1:] *= signs[:, None]
    return quaternions


def _unwound(vectors: Array) -> Array:
    for index in range(1, len(vectors)):
        before, angle = vectors[index - 1], float(np.linalg.norm(vectors[index]))
        reach = float(np.linalg.norm(before))
        if max(angle, reach) < 1e-6:
            continue
        axis = vectors[index] / angle if angle > 1e-6 else before / reach
        turns = np.round((before @ axis - angle) / TURN)
        vectors[index] += TURN * turns * axis
    return vectors
