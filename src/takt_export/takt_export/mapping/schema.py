"""The mapping file as frozen dataclasses; docs/export.md explains every key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from takt_policy.bundle.schema import ActionGroup, Alignment, Frame, SamplerKind

Take = Literal["values", "position", "6d", "6d_rows", "quaternion", "rotation_vector"]

POSE_SIZES: dict[Take, int] = {
    "position": 3,
    "6d": 6,
    "6d_rows": 6,
    "quaternion": 4,
    "rotation_vector": 3,
}
KNOWN_SIZES = {
    "tcp_pose": 7,
    "target_pose": 7,
    "pose": 7,
    "tcp_twist": 6,
    "wrench": 6,
    "gripper_width": 1,
}
"""Of features whose number of values the message type fixes."""

MAPPING_VERSION = 1


@dataclass(frozen=True)
class Part:
    """A piece of one of the checkpoint's features, from one of the robot's streams.

    Attributes:
        stream, type, feature: relative topic, message type, and what of its messages.
        take: ``values`` as they are; of a pose its ``position``, or its rotation as ``6d`` (the
            matrix's first two columns), ``6d_rows`` (rows), ``quaternion`` xyzw with w >= 0, or
            ``rotation_vector`` [rad].
        frame: of poses.
        size: number of values in the feature; 0 for images, whose size the checkpoint says.
        select: which of what was taken, in this order; None is all.
        scale, offset: ``what the network gets = what the robot says * scale + offset``.
        align: None for what suits the kind.
        tolerance_s: None for one step of the policy.
    """

    stream: str
    type: str
    feature: str
    take: Take = "values"
    frame: Frame = "base"
    size: int = 0
    select: tuple[int, ...] | None = None
    scale: float = 1.0
    offset: float = 0.0
    align: Alignment | None = None
    tolerance_s: float | None = None

    @property
    def is_image(self) -> bool:
        return self.feature == "image"

    @property
    def taken(self) -> int:
        """Number of values before ``select``."""
        return self.size if self.take == "values" else POSE_SIZES[self.take]

    @property
    def width(self) -> int:
        """Number of values that it gives to the network."""
        return self.taken if self.select is None else len(self.select)


@dataclass(frozen=True)
class ActionPlan:
    """What neighbouring numbers of the checkpoint's action mean.

    Attributes:
        group: as the bundle has it.
        scale, offset: ``robot = checkpoint * scale + offset``, of positions, joints and widths.
        fixed: coordinates 0 to 2 of a position that the checkpoint does not have, with their
            value [m].
        opens: of kind ``open``, whether values ``above`` or ``below`` the threshold open.
        threshold: of kind ``open``, in the checkpoint's units.
    """

    group: ActionGroup
    scale: float = 1.0
    offset: float = 0.0
    fixed: tuple[tuple[int, float], ...] = ()
    opens: Literal["above", "below"] = "above"
    threshold: float = 0.0

    @property
    def given(self) -> int:
        """Numbers of the checkpoint's action that it takes."""
        return self.group.size - len(self.fixed)


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file.

    Attributes:
        tool: where the tool's pose comes from.
        observations: by name of the checkpoint's feature.
        actions: in the order of the checkpoint's action vector.
        step_s: time between two actions of a chunk [s].
        execute: actions to execute of each chunk; None is what the checkpoint says.
        sampler, inference_steps: None is what the checkpoint says.
    """

    name: str
    description: str
    step_s: float
    tool: Part
    observations: dict[str, tuple[Part, ...]]
    actions: tuple[ActionPlan, ...]
    execute: int | None = None
    sampler: SamplerKind | None = None
    inference_steps: int | None = None
