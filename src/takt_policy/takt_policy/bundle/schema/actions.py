"""What a policy does: groups of the action vector, and the lengths of its chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActionKind = Literal["pose", "position", "joints", "width", "open", "hand"]
Reference = Literal["absolute", "observation", "delta"]
Rotation = Literal["6d", "6d_rows", "quaternion", "rotation_vector"]
Axes = Literal["tool", "base"]

ARM_KINDS: tuple[ActionKind, ...] = ("pose", "position", "joints")
"""Kinds that say where the tool goes; a policy has exactly one of them."""

GRIPPER_KINDS: tuple[ActionKind, ...] = ("width", "open")
"""Kinds that say what the gripper does; a policy has at most one of them."""

HAND_KINDS: tuple[ActionKind, ...] = ("hand",)
"""Kinds that say what the fingers of a hand do; a policy has at most one of them."""

NAMED_KINDS: tuple[ActionKind, ...] = ("joints", "hand")
"""Kinds that name joints."""

ROTATION_SIZE: dict[Rotation, int] = {"6d": 6, "6d_rows": 6, "quaternion": 4, "rotation_vector": 3}


@dataclass(frozen=True)
class ActionGroup:
    """Neighbouring dimensions of the action vector.

    Attributes:
        name: e.g. ``arm`` or ``gripper``.
        kind: ``pose`` (position, then rotation), ``position`` (3 numbers, the orientation is
            kept), ``joints`` [rad], ``width`` of the gripper [m], ``open`` (one number; the
            gripper is open where its normalised value exceeds ``threshold``), ``hand`` (the
            joints of a hand [rad], always absolute).
        reference: ``absolute``; relative to the ``observation``, the state at the reference
            time; or ``delta``, relative to the previous action, the first one for the
            reference time being relative to the observation.
        rotation: of a pose: ``6d`` (first two columns of the matrix), ``6d_rows`` (its first two
            rows, as PyTorch3D and Diffusion Policy have it), ``quaternion`` xyzw,
            ``rotation_vector`` [rad].
        axes: of relative poses and positions: those of the ``tool`` as it was (``T_previous
            @ T_action``), or of the ``base`` (added; the rotation from the left).
        names: of the joints.
        threshold: of the normalised value of ``open``.
        open_width_m, closed_width_m: of ``open`` [m].
    """

    name: str
    kind: ActionKind
    reference: Reference = "absolute"
    rotation: Rotation = "6d"
    axes: Axes = "tool"
    names: tuple[str, ...] = ()
    threshold: float = 0.0
    open_width_m: float = 0.08
    closed_width_m: float = 0.0

    @property
    def size(self) -> int:
        """Number of dimensions."""
        if self.kind == "pose":
            return 3 + ROTATION_SIZE[self.rotation]
        if self.kind in NAMED_KINDS:
            return len(self.names)
        return {"position": 3, "width": 1, "open": 1}[self.kind]


@dataclass(frozen=True)
class Horizons:
    """Lengths in steps; To, H and Ta of Diffusion Policy (arXiv 2303.04137).

    Predicted action i is for ``reference + (i - (observation - 1)) * step_s``.
    """

    observation: int
    prediction: int
    execute: int
    step_s: float

    @property
    def first(self) -> int:
        """Index of the action that is for the reference time."""
        return self.observation - 1

    @property
    def step_ns(self) -> int:
        return round(self.step_s * 1e9)
