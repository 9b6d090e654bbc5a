"""Where the tool goes with a chunk, as a function of its normalised numbers, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ActionGroup, PolicySpec

Array = npt.NDArray[np.float64]
Float = npt.NDArray[np.float32]


def position_span(spec: PolicySpec) -> tuple[ActionGroup, slice] | None:
    """The group that says a position, and where its three numbers are; None without one."""
    for group, span in spec.spans():
        if group.kind in ("pose", "position"):
            return group, slice(span.start, span.start + 3)
    return None


@dataclass(frozen=True, eq=False)
class ToolPositions:
    """Positions in the base frame of normalised chunks; an affine function of them.

    Attributes:
        span: of the three numbers.
        offset, scale: (3,) of their normaliser.
        origin_m: (3,) position of the frame that they refer to.
        axes: (3, 3) rotation of that frame.
        size: D.
    """

    span: slice
    offset: Array
    scale: Array
    origin_m: Array
    axes: Array
    size: int

    @staticmethod
    def of_policy(spec: PolicySpec, normalizer: Normalizer, reference_pose: Pose) -> ToolPositions:
        """For one observation.

        Args:
            spec: with actions that ``check_execution`` takes for steering.
            reference_pose: base_from_tcp at the observation's time.
        """
        found = position_span(spec)
        assert found is not None  # check_execution sees to it
        group, span = found
        size = (spec.action_size,)
        offset, scale = (
            np.broadcast_to(one, size)[span].astype(np.float64)
            for one in (normalizer.offset, normalizer.scale)
        )
        origin, axes = np.zeros(3), np.eye(3)
        if group.reference == "observation":
            origin = reference_pose.position_m
            axes = reference_pose.rotation() if group.axes == "tool" else axes
        return ToolPositions(span, offset, scale, origin, axes, spec.action_size)

    @property
    def metric(self) -> Array:
        """(D,) squares of the scales; 1 for numbers that say no position."""
        metric = np.ones(self.size)
        metric[self.span] = self.scale**2
        return metric

    def of(self, tokens: Float) -> Array:
        """(B, H, 3) [m] of normalised chunks (B, H, D)."""
        local = tokens[..., self.span].astype(np.float64) * self.scale + self.offset
        places: Array = self.origin_m + local @ self.axes.T
        return places

    def pulled_back(self, gradient: Array) -> Array:
        """(B, H, D) derivative by the normalised numbers, of one by the positions (B, H, 3)."""
        full = np.zeros((*gradient.shape[:-1], self.size))
        full[..., self.span] = (gradient @ self.axes) * self.scale
        return full
