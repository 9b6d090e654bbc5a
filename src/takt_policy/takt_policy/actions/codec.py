"""Action vectors of a policy to poses, gripper widths, joints and hands, and back for training."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import Pose, matrix_from_quaternion, quaternion_from_matrix
from takt_policy.actions.relative import (
    absolute_poses,
    absolute_vectors,
    relative_poses,
    relative_vectors,
)
from takt_policy.actions.rotations import matrices_from, values_from
from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, ActionGroup, PolicySpec
from takt_policy.errors import PolicyError

Float = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


class Arm(Protocol):
    """Forward kinematics, as ``takt_impedance.kinematics.ArmModel`` has them."""

    joint_names: tuple[str, ...]

    def forward(self, q: npt.ArrayLike) -> Array:
        """base_from_tcp (4, 4) at joint angles (n,) [rad]."""


@dataclass(frozen=True, eq=False)
class Actions:
    """What a prediction means.

    Attributes:
        poses: (H, 7) base_from_tcp as xyz and quaternion xyzw.
        gripper_width_m: (H,) [m], or None if the policy does not command the gripper.
        joint_position: (H, n) [rad], or None if the policy does not command joints.
        hand_position: (H, m) [rad], or None if the policy does not command a hand.
    """

    poses: Array
    gripper_width_m: Array | None
    joint_position: Array | None = None
    hand_position: Array | None = None

    def pose(self, index: int) -> Pose:
        return Pose.from_array7(self.poses[index])


class ActionCodec:
    """Between normalised action vectors (H, D) and actions in the base frame.

    Any thread may use it.

    Args:
        spec: the action groups, in the order of the vector's dimensions.
        normalizer: of ``action``; without one vectors stay in their units, which is what
            the normaliser is fitted on (see ``fit_action_normalizer``).
        arm: for a policy that commands joints, see ``takt_policy.kinematics``.

    Raises:
        PolicyError: the policy commands joints, and ``arm`` is missing or has others.
    """

    def __init__(
        self, spec: PolicySpec, normalizer: Normalizer | None = None, arm: Arm | None = None
    ) -> None:
        self._spans = spec.spans()
        self._size = spec.action_size
        self._first = spec.horizons.first
        self._normalizer = normalizer or Normalizer.identity()
        self._arm = arm
        self._arm_lock = threading.Lock()
        for group in spec.actions:
            if group.kind == "joints" and (arm is None or arm.joint_names != group.names):
                found = "none is known" if arm is None else f"it has {', '.join(arm.joint_names)}"
                raise PolicyError(
                    f"action group {group.name!r} commands the joints {', '.join(group.names)}; "
                    f"for that the robot's kinematics are needed, but {found}. Give the robot's "
                    "description (parameter 'robot_description'), or change the names in "
                    "policy.yaml"
                )

    @staticmethod
    def of(bundle: Bundle, arm: Arm | None = None) -> ActionCodec:
        return ActionCodec(bundle.spec, bundle.normalizers[ACTION], arm)

    def decode(
        self,
        vectors: npt.ArrayLike,
        reference_pose: Pose,
        reference_joints: npt.ArrayLike | None = None,
        reference_width_m: float | None = None,
    ) -> Actions:
        """Actions (H, ...) of normalised vectors (H, D).

        Args:
            reference_pose: base_from_tcp at the time of the observation.
            reference_joints: (n,) [rad] then; for relative joints.
            reference_width_m: of the gripper then [m]; for a relative width.

        Raises:
            PolicyError: a rotation is degenerate, or a number is not finite.
        """
        normalized = np.asarray(vectors, np.float32)
        values = self._normalizer.denormalize(normalized).astype(np.float64)
        if not np.isfinite(values).all():
            raise PolicyError("the predicted actions have NaN or infinite values")
        poses: Array | None = None
        widths: Array | None = None
        joints: Array | None = None
        hand: Array | None = None
        for group, span in self._spans:
            part = values[:, span]
            if group.kind == "open":
                opened = normalized[:, span.start] > group.threshold
                widths = np.where(opened, group.open_width_m, group.closed_width_m)
            elif group.kind == "width":
                start = _known(reference_width_m, group, "reference_width")
                absolute = absolute_vectors(part, group.reference, start, self._first)
                widths = np.maximum(absolute[:, 0], 0.0)
            elif group.kind == "joints":
                start = _known(reference_joints, group, "reference_joints")
                joints = absolute_vectors(part, group.reference, start, self._first)
                poses = self._forward(joints)
            elif group.kind == "hand":
                hand = part
            else:
                poses = self._poses(part, group, reference_pose)
        assert poses is not None  # the loader requires one group that moves the arm
        return Actions(poses, widths, joints, hand)

    def encode(
        self,
        poses: npt.ArrayLike,
        gripper_width_m: npt.ArrayLike | None,
        reference_pose: Pose,
        *,
        joint_position: npt.ArrayLike | None = None,
        reference_joints: npt.ArrayLike | None = None,
        reference_width_m: float | None = None,
        hand_position: npt.ArrayLike | None = None,
    ) -> Float:
        """The inverse of ``decode``: normalised vectors (H, D) of actions.

        Args:
            poses: (H, 7) base_from_tcp; not used by a policy that commands joints.
            gripper_width_m: (H,) [m]; needed if the policy commands the gripper.
            joint_position: (H, n) [rad]; needed if the policy commands joints.
            hand_position: (H, m) [rad]; needed if the policy commands a hand.

        Raises:
            PolicyError: something that the policy commands is missing.
        """
        values = np.asarray(poses, np.float64)
        vectors = np.zeros((len(values), self._size))
        discrete: dict[int, Array] = {}
        for group, span in self._spans:
            if group.kind in ("open", "width"):
                widths = _given(gripper_width_m, group, "the gripper", "widths")[:, None]
                if group.kind == "open":
                    middle = (group.open_width_m + group.closed_width_m) / 2
                    sign = np.where(widths[:, 0] > middle, 1.0, -1.0)
                    discrete[span.start] = group.threshold + sign
                    continue
                start = _known(reference_width_m, group, "reference_width")
                vectors[:, span] = relative_vectors(widths, group.reference, start, self._first)
            elif group.kind == "joints":
                joints = _given(joint_position, group, "joints", "joint positions")
                start = _known(reference_joints, group, "reference_joints")
                vectors[:, span] = relative_vectors(joints, group.reference, start, self._first)
            elif group.kind == "hand":
                vectors[:, span] = _given(hand_position, group, "a hand", "positions of it")
            else:
                vectors[:, span] = self._pose_values(values, group, reference_pose)
        normalized = self._normalizer.normalize(vectors)
        for dimension, chosen in discrete.items():
            normalized[:, dimension] = chosen
        return normalized

    def _poses(self, part: Array, group: ActionGroup, reference_pose: Pose) -> Array:
        matrices = _units(len(part))
        matrices[:, :3, 3] = part[:, :3]
        reference = reference_pose.matrix()
        if group.kind == "pose":
            try:
                matrices[:, :3, :3] = matrices_from(group.rotation, part[:, 3:])
            except TaktError as error:
                raise PolicyError(
                    f"action group {group.name!r}: {error}. The prediction is far from any "
                    "training data"
                ) from None
        elif group.reference == "absolute":
            matrices[:, :3, :3] = reference[:3, :3]
        return _array7(
            absolute_poses(matrices, group.reference, reference, self._first, group.axes)
        )

    def _pose_values(self, poses: Array, group: ActionGroup, reference_pose: Pose) -> Array:
        reference = reference_pose.matrix()
        matrices = _units(len(poses))
        matrices[:, :3, 3] = poses[:, :3]
        # A policy of positions keeps the orientation, whatever was done in its place.
        matrices[:, :3, :3] = (
            matrix_from_quaternion(poses[:, 3:]) if group.kind == "pose" else reference[:3, :3]
        )
        matrices = relative_poses(matrices, group.reference, reference, self._first, group.axes)
        if group.kind == "position":
            return matrices[:, :3, 3]
        turns = values_from(group.rotation, matrices[:, :3, :3])
        return np.concatenate([matrices[:, :3, 3], turns], axis=1)

    def _forward(self, joints: Array) -> Array:
        assert self._arm is not None  # checked when the codec was made
        # The kinematics keep their intermediate results; planning and reflex are two threads.
        with self._arm_lock:
            return _array7(np.stack([self._arm.forward(one) for one in joints]))


def fit_action_normalizer(spec: PolicySpec, vectors: npt.ArrayLike) -> Normalizer:
    """The normaliser of the kind that the specification says, from vectors (samples, D) in units.

    Discrete dimensions are left as they are: what is always open in the data must not end up at
    the threshold.
    """
    fitted = Normalizer.fit(spec.normalizer[ACTION], vectors)
    if fitted.kind == "identity":
        return fitted
    offset, scale = fitted.offset.copy(), fitted.scale.copy()
    for group, span in spec.spans():
        if group.kind == "open":
            offset[span], scale[span] = 0.0, 1.0
    return Normalizer(fitted.kind, offset, scale)


def _known(value: npt.ArrayLike | None, group: ActionGroup, key: str) -> Array:
    """What a relative group is relative to, (n,)."""
    if group.reference == "absolute":
        return np.zeros(group.size)
    if value is None:
        raise PolicyError(
            f"action group {group.name!r} is relative ({group.reference}), but its present value "
            f"is not known; give it, from the input that '{key}' in policy.yaml names"
        )
    return np.asarray(value, np.float64).reshape(group.size)


def _given(value: npt.ArrayLike | None, group: ActionGroup, what: str, name: str) -> Array:
    if value is None:
        raise PolicyError(
            f"action group {group.name!r} commands {what}, but no {name} were "
            "given to encode; record them or take the group out of policy.yaml"
        )
    return np.asarray(value, np.float64)


def _units(count: int) -> Array:
    """(count, 4, 4) of no motion."""
    matrices = np.empty((count, 4, 4))
    matrices[:] = np.eye(4)
    return matrices


def _array7(matrices: Array) -> Array:
    return np.concatenate([matrices[:, :3, 3], quaternion_from_matrix(matrices[:, :3, :3])], axis=1)
