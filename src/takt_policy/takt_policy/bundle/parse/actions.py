"""The sections ``actions`` and ``horizons`` of policy.yaml."""

from __future__ import annotations

from typing import cast, get_args

from takt_policy.bundle.schema import (
    ARM_KINDS,
    GRIPPER_KINDS,
    HAND_KINDS,
    NAMED_KINDS,
    ActionGroup,
    ActionKind,
    Axes,
    Horizons,
    Reference,
    Rotation,
)
from takt_policy.bundle.section import Section
from takt_policy.errors import BundleError


def parse_actions(section: Section, source: str) -> tuple[ActionGroup, ...]:
    """The action groups, in the order of the action vector."""
    groups = tuple(_group(section, name) for name in section.names())
    for kinds, least, what in (
        (ARM_KINDS, 1, "exactly"),
        (GRIPPER_KINDS, 0, "at most"),
        (HAND_KINDS, 0, "at most"),
    ):
        found = [group.name for group in groups if group.kind in kinds]
        if not least <= len(found) <= 1:
            raise BundleError(
                f"{source}: 'actions' has {', '.join(found) or 'no group'} of kind "
                f"{', '.join(kinds)}; allowed: {what} one, as a policy moves one arm"
            )
    return groups


def _group(section: Section, name: str) -> ActionGroup:
    one = section.section(name)
    kind = cast(ActionKind, one.choice("kind", get_args(ActionKind)))
    group = _discrete(one, name) if kind == "open" else _continuous(one, name, kind)
    one.finish()
    return group


def _continuous(one: Section, name: str, kind: ActionKind) -> ActionGroup:
    default = "absolute" if kind in ("width", "hand") else None
    references = ("absolute",) if kind == "hand" else get_args(Reference)
    reference = cast(
        Reference,
        one.choice("reference", references, default) if default else
        one.choice("reference", references),
    )  # fmt: skip
    rotation: Rotation = "6d"
    axes: Axes = "tool"
    names: tuple[str, ...] = ()
    if kind == "pose":
        rotation = cast(Rotation, one.choice("rotation", get_args(Rotation)))
    if kind in ("pose", "position") and reference != "absolute":
        axes = cast(Axes, one.choice("axes", get_args(Axes), "tool"))
    if kind in NAMED_KINDS:
        names = one.texts("names")
    return ActionGroup(name, kind, reference, rotation, axes, names)


def _discrete(one: Section, name: str) -> ActionGroup:
    group = ActionGroup(
        name,
        "open",
        threshold=one.number("threshold", default=0.0),
        open_width_m=one.number("open_width_m", 0.0),
        closed_width_m=one.number("closed_width_m", 0.0, at_least=True),
    )
    if group.closed_width_m >= group.open_width_m:
        wanted = f"less than open_width_m, {group.open_width_m:g}"
        raise one.error("closed_width_m", group.closed_width_m, wanted)
    return group


def parse_horizons(section: Section) -> Horizons:
    """The section ``horizons``."""
    horizons = Horizons(
        observation=section.integer("observation", 1),
        prediction=section.integer("prediction", 1),
        execute=section.integer("execute", 1),
        step_s=section.number("step_s", 0.0),
    )
    section.finish()
    room = horizons.prediction - horizons.first
    if horizons.execute > room:
        raise section.error(
            "execute",
            horizons.execute,
            f"1 to {room}, as {horizons.prediction} actions are predicted and the first "
            f"{horizons.first} lie before the observation",
        )
    return horizons
