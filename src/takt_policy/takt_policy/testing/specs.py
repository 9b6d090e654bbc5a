"""Specifications of the small bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from takt_policy.bundle.schema import (
    ACTION,
    ActionGroup,
    CriticSpec,
    DecodeSpec,
    EnergySpec,
    Family,
    FastSpec,
    GoalKind,
    Horizons,
    InputSpec,
    NormalizerKind,
    PolicySpec,
    Preprocess,
    ResidualSpec,
    SamplerSpec,
    flow_sampler,
    goal_input,
)

IMAGE_SIZE = 8
GOAL_CHOICES = ("insert the peg", "pull it out")
LATENT = (4, 3)
FAST_INPUT = "force"
"""Name of the one fast input: four wrenches in the axes of the chunk's reference pose."""

_IMAGE = InputSpec(
    "image", "wrist_camera/image_raw", "sensor_msgs/msg/Image", "image", Preprocess("image"),
    (3, IMAGE_SIZE, IMAGE_SIZE), "uint8", 2, 0.1, "hold", 0.05,
)  # fmt: skip
_TCP = InputSpec(
    "tcp", "arm/state", "takt_msgs/msg/ArmState", "tcp_pose", Preprocess("pose", "reference"),
    (9,), "float32", 2, 0.1, "pose", 0.05,
)  # fmt: skip
_WRENCH = InputSpec(
    "wrench", "arm/wrench", "geometry_msgs/msg/WrenchStamped", "wrench",
    Preprocess("wrench", "reference"), (6,), "float32", 4, 0.01, "linear", 0.05,
)  # fmt: skip
_FORCE = replace(_WRENCH, name=FAST_INPUT, preprocess=Preprocess("wrench", "chunk"))

_GOALS: dict[GoalKind, InputSpec] = {
    "goal_text": goal_input(
        "goal_text", Preprocess("goal_text", choices=GOAL_CHOICES), (2,), "float32"
    ),
    "goal_bytes": goal_input("goal_bytes", Preprocess("goal_bytes"), (32,), "int64"),
    "goal_pose": goal_input("goal_pose", Preprocess("goal_pose", "reference"), (9,), "float32"),
    "goal_point": goal_input("goal_point", Preprocess("goal_point", "base"), (3,), "float32"),
    "goal_image": goal_input(
        "goal_image", Preprocess("goal_image"), (3, IMAGE_SIZE, IMAGE_SIZE), "uint8"
    ),
}


def tiny_spec(
    family: Family = "diffusion",
    *,
    decode: bool = False,
    residual: bool = False,
    critic: bool = False,
    energy: bool = False,
    prefix: bool = False,
    goal: Sequence[GoalKind] = (),
    **changes: Any,
) -> PolicySpec:
    """An image, a pose and a wrench history in; sixteen poses and widths out.

    Args:
        decode: with a latent of ``LATENT`` and the fast input ``FAST_INPUT``.
        residual: with that fast input and a bound of 0.2.
        prefix: of the sampler.
        goal: kinds of goal inputs.
        changes: fields of the specification to be replaced.
    """
    samplers: dict[Family, SamplerSpec | None] = {
        "direct": None,
        "diffusion": SamplerSpec("ddim", 100, 8, prefix=prefix),
        "flow": flow_sampler(5, clip=None, prefix=prefix),
    }
    spec = PolicySpec(
        name="tiny",
        description="Moves the tool along a fixed small chunk; for tests.",
        family=family,
        reference_pose="tcp",
        inputs=(_IMAGE, _TCP, _WRENCH, *(_GOALS[kind] for kind in goal)),
        actions=(ActionGroup("arm", "pose", "observation"), ActionGroup("gripper", "width")),
        horizons=Horizons(2, 16, 8, 0.1),
        sampler=samplers[family],
        normalizer=_normalizer(goal, fast=decode or residual),
        fast=FastSpec(0.02, (_FORCE,)) if decode or residual else None,
        decode=DecodeSpec(LATENT) if decode else None,
        critic=CriticSpec() if critic else None,
        energy=EnergySpec() if energy else None,
    )
    spec = replace(spec, **changes)
    if residual:
        spec = replace(spec, residual=ResidualSpec((0.2,) * spec.action_size))
    return spec


def _normalizer(goal: Sequence[GoalKind], fast: bool) -> dict[str, NormalizerKind]:
    kinds: dict[str, NormalizerKind] = {"image": "identity", "tcp": "minmax", "wrench": "meanstd"}
    kinds |= dict.fromkeys(goal, "identity")
    if fast:
        kinds[FAST_INPUT] = "meanstd"
    return kinds | {ACTION: "minmax"}
