"""Pulling the tool's orientation towards a goal, in the numbers that the policy says it with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose, matrix_from_quaternion
from takt_policy.actions.rotations import values_from
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import PolicySpec, Rotation
from takt_policy.guidance.costs import huber, huber_gradient

Array = npt.NDArray[np.float64]
Float = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RotationGoal:
    """An orientation to come to, more and more towards the chunk's end.

    Attributes:
        quaternion_xyzw: (4,) of the tool in the base frame.
        weight: factor of the cost.
        reach_rad: beyond this distance the pull no longer grows.
    """

    quaternion_xyzw: Array
    weight: float
    reach_rad: float


@dataclass(frozen=True, eq=False)
class RotationCost:
    """Half the squared distance of a policy's rotation numbers to those of a goal.

    For rotation vectors the distance is about the angle, for the other representations it grows
    with it: twice the distance of quaternions, 1/sqrt(2) that of 6d, are the angle if it is small.

    Attributes:
        span: of the numbers among the D.
        offset, scale: (r,) of their normaliser.
        target: (r,) the goal in the frame that the numbers refer to.
        rotation: what the numbers are.
        goal: its weight and reach.
    """

    span: slice
    offset: Array
    scale: Array
    target: Array
    rotation: Rotation
    goal: RotationGoal

    @staticmethod
    def of_policy(
        spec: PolicySpec, normalizer: Normalizer, reference_pose: Pose, goal: RotationGoal
    ) -> RotationCost:
        """For one observation.

        Args:
            spec: with a pose that is absolute or relative to the observation.
            reference_pose: base_from_tcp at the observation's time.
        """
        group, whole = next(one for one in spec.spans() if one[0].kind == "pose")
        span = slice(whole.start + 3, whole.stop)
        size = (spec.action_size,)
        offset, scale = (
            np.broadcast_to(one, size)[span].astype(np.float64)
            for one in (normalizer.offset, normalizer.scale)
        )
        matrix, reference = matrix_from_quaternion(goal.quaternion_xyzw), reference_pose.rotation()
        if group.reference == "observation":
            matrix = reference.T @ matrix if group.axes == "tool" else matrix @ reference.T
        target = values_from(group.rotation, matrix[None])[0]
        return RotationCost(span, offset, scale, target, group.rotation, goal)

    def value(self, tokens: Float) -> Array:
        """(B, H) of normalised chunks (B, H, D)."""
        return self.goal.weight * huber(self._off(tokens), self.goal.reach_rad)

    def gradient(self, tokens: Float) -> Array:
        """(B, H, r) derivative by the normalised rotation numbers."""
        pull = huber_gradient(self._off(tokens), self.goal.reach_rad)
        gradient: Array = self.goal.weight * self.scale * pull
        return gradient

    def _off(self, tokens: Float) -> Array:
        """(B, H, r) from the nearest numbers that mean the goal."""
        values = tokens[..., self.span].astype(np.float64) * self.scale + self.offset
        off: Array = values - self._nearest(values)
        return off

    def _nearest(self, values: Array) -> Array:
        if self.rotation in ("6d", "6d_rows"):
            return self.target
        if self.rotation == "quaternion":
            side = np.sign(np.sum(values * self.target, axis=-1, keepdims=True))
            return np.asarray(np.where(side < 0, -1.0, 1.0) * self.target)
        angle = float(np.linalg.norm(self.target))
        if angle < 1e-9:
            return self.target
        axis = self.target / angle
        turns = np.round((values @ axis - angle) / (2.0 * np.pi))
        return np.asarray(self.target + 2.0 * np.pi * turns[..., None] * axis)
