"""Action vectors of a policy to poses and gripper widths, and back for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import (
    Pose,
    matrix_from_quaternion,
    matrix_from_rotation_6d,
    quaternion_from_matrix,
    rotation_6d_from_matrix,
)
from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, PolicySpec
from takt_policy.errors import PolicyError

Float = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Actions:
    """What a prediction means.

    Attributes:
        poses: (H, 7) base_from_tcp as xyz and quaternion xyzw.
        gripper_width_m: (H,) [m], or None if the policy does not command the gripper.
    """

    poses: Array
    gripper_width_m: Array | None

    def pose(self, index: int) -> Pose:
        return Pose.from_array7(self.poses[index])


class ActionCodec:
    """Between normalised action vectors (H, D) and actions in the base frame.

    Args:
        spec: the action groups, in the order of the vector's dimensions.
        normalizer: of ``action``; without one vectors stay in their units, which is what
            the normaliser is fitted on.
    """

    def __init__(self, spec: PolicySpec, normalizer: Normalizer | None = None) -> None:
        self._groups = spec.actions
        self._size = spec.action_size
        self._normalizer = normalizer or Normalizer.identity()

    @staticmethod
    def of(bundle: Bundle) -> ActionCodec:
        return ActionCodec(bundle.spec, bundle.normalizers[ACTION])

    def decode(self, vectors: npt.ArrayLike, reference_pose: Pose) -> Actions:
        """Actions (H, ...) of normalised vectors (H, D).

        Args:
            reference_pose: base_from_tcp at the time of the observation.

        Raises:
            PolicyError: a rotation is degenerate, or a number is not finite.
        """
        values = self._normalizer.denormalize(vectors).astype(np.float64)
        if not np.isfinite(values).all():
            raise PolicyError("the predicted actions have NaN or infinite values")
        poses: Array | None = None
        widths: Array | None = None
        start = 0
        for group in self._groups:
            part = values[:, start : start + group.size]
            start += group.size
            if group.kind == "width":
                widths = np.maximum(part[:, 0], 0.0)
                continue
            matrices = _matrices(part[:, :3], part[:, 3:], group.name)
            if group.reference == "observation":
                matrices = reference_pose.matrix() @ matrices
            poses = _array7(matrices)
        assert poses is not None  # the loader requires one group of kind pose
        return Actions(poses, widths)

    def encode(
        self,
        poses: npt.ArrayLike,
        gripper_width_m: npt.ArrayLike | None,
        reference_pose: Pose,
    ) -> Float:
        """The inverse of ``decode``: normalised vectors (H, D) of actions.

        Args:
            poses: (H, 7) base_from_tcp.
            gripper_width_m: (H,) [m]; needed if the policy commands the gripper.
        """
        values = np.asarray(poses, np.float64)
        vectors = np.empty((len(values), self._size))
        start = 0
        for group in self._groups:
            part = vectors[:, start : start + group.size]
            start += group.size
            if group.kind == "width":
                if gripper_width_m is None:
                    raise PolicyError(
                        f"action group {group.name!r} commands the gripper, but no widths were "
                        "given to encode; record them or take the group out of policy.yaml"
                    )
                part[:, 0] = np.asarray(gripper_width_m, np.float64)
                continue
            matrices = np.tile(np.eye(4), (len(values), 1, 1))
            matrices[:, :3, :3] = matrix_from_quaternion(values[:, 3:])
            matrices[:, :3, 3] = values[:, :3]
            if group.reference == "observation":
                matrices = reference_pose.inverse().matrix() @ matrices
            part[:, :3] = matrices[:, :3, 3]
            part[:, 3:] = rotation_6d_from_matrix(matrices[:, :3, :3])
        return self._normalizer.normalize(vectors)


def _matrices(positions: Array, rotations: Array, group: str) -> Array:
    matrices = np.tile(np.eye(4), (len(positions), 1, 1))
    matrices[:, :3, 3] = positions
    try:
        matrices[:, :3, :3] = matrix_from_rotation_6d(rotations)
    except TaktError as error:
        raise PolicyError(
            f"action group {group!r}: {error}. The prediction is far from any training data"
        ) from None
    return matrices


def _array7(matrices: Array) -> Array:
    return np.concatenate([matrices[:, :3, 3], quaternion_from_matrix(matrices[:, :3, :3])], axis=1)
