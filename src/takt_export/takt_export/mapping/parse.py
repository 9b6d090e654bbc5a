"""Reading a mapping file: strict, an error for each thing that is missing or unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast, get_args

from takt_export.errors import ExportError
from takt_export.mapping.schema import (
    KNOWN_SIZES,
    MAPPING_VERSION,
    POSE_SIZES,
    ActionPlan,
    Mapping,
    Part,
    Take,
)
from takt_policy.bundle.schema import (
    ARM_KINDS,
    GRIPPER_KINDS,
    MESSAGE_TYPES,
    ROTATION_SIZE,
    ActionGroup,
    ActionKind,
    Alignment,
    Axes,
    Frame,
    Reference,
    Rotation,
    SamplerKind,
)
from takt_policy.bundle.section import Section, read_yaml

CHANGE_ME = "CHANGE_ME"
_COORDINATES = ("x", "y", "z")
_POSES = ("tcp_pose", "target_pose", "pose")


def read_mapping(path: Path) -> Mapping:
    """The mapping in a file.

    Raises:
        ExportError: the file does not exist, or still has values of the template.
        BundleError: a key is unknown, missing or out of range.
    """
    if not path.is_file():
        raise ExportError(
            f"{path} does not exist; `--print-mapping > {path.name}` writes one to fill in"
        )
    return mapping_from(read_yaml(path), str(path))


def mapping_from(content: dict[str, Any], source: str) -> Mapping:
    """The mapping in what YAML gave."""
    _refuse_placeholders(content, source, "")
    top = Section(content, source)
    version = top.integer("takt_mapping", 1)
    if version != MAPPING_VERSION:
        raise top.error("takt_mapping", version, f"{MAPPING_VERSION}, the format of this takt")
    top.section("observations")
    sampler = top.section("sampler", {})
    mapping = Mapping(
        name=top.text("name"),
        description=top.text("description", ""),
        step_s=top.number("step_s", 0.0),
        tool=_part(top.section("tool")),
        observations=_observations(content["observations"], source),
        actions=_actions(top.section("actions"), source),
        execute=top.integer("execute", 1) if top.has("execute") else None,
        sampler=cast(SamplerKind, sampler.choice("kind", ("ddpm", "ddim")))
        if sampler.has("kind") else None,
        inference_steps=sampler.integer("inference_steps", 1)
        if sampler.has("inference_steps") else None,
    )  # fmt: skip
    sampler.finish()
    top.finish()
    if mapping.tool.feature not in _POSES or mapping.tool.take != "values":
        raise ExportError(
            f"{source}: 'tool' takes {mapping.tool.take} of {mapping.tool.feature!r}; it must be "
            f"a pose as it is: feature {' or '.join(_POSES)}, without 'take'"
        )
    return mapping


def _refuse_placeholders(value: Any, source: str, where: str) -> None:
    if isinstance(value, dict):
        for key, one in value.items():
            _refuse_placeholders(one, source, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            _refuse_placeholders(one, source, f"{where}[{index}]")
    elif isinstance(value, str) and CHANGE_ME in value:
        raise ExportError(f"{source}: {where!r} is still {value!r}; say what is there")


def _observations(content: dict[str, Any], source: str) -> dict[str, tuple[Part, ...]]:
    parts: dict[str, tuple[Part, ...]] = {}
    for name, given in content.items():
        where = f"observations.{name}"
        pieces = given if isinstance(given, list) else [given]
        parts[name] = tuple(
            _part(Section(piece, source, f"{where}[{index}]" if len(pieces) > 1 else where))
            for index, piece in enumerate(pieces)
        )
        if not pieces:
            raise ExportError(f"{source}: {where!r} is empty; give at least one stream")
    return parts


def _part(section: Section) -> Part:
    feature = section.text("feature")
    take = cast(Take, section.choice("take", get_args(Take), "values"))
    if take != "values" and feature not in _POSES:
        raise section.error("take", take, f"values; only {', '.join(_POSES)} are poses")
    pose = take in POSE_SIZES
    part = Part(
        stream=section.text("stream"),
        type=section.choice("type", MESSAGE_TYPES),
        feature=feature,
        take=take,
        frame=cast(Frame, section.choice("frame", ("base", "reference"), "base"))
        if pose else "base",
        size=_size(section, feature),
        select=section.integers("select", 0) if section.has("select") else None,
        scale=section.number("scale", default=1.0),
        offset=section.number("offset", default=0.0),
        align=cast(Alignment, section.choice("align", ("hold", "linear")))
        if not pose and feature != "image" and section.has("align") else None,
        tolerance_s=section.number("tolerance_s", 0.0) if section.has("tolerance_s") else None,
    )  # fmt: skip
    section.finish()
    if part.select is not None and max(part.select) >= part.taken:
        raise section.error("select", list(part.select), f"places 0 to {part.taken - 1}")
    if part.scale == 0.0:
        raise section.error("scale", part.scale, "a number other than 0")
    return part


def _size(section: Section, feature: str) -> int:
    if feature == "image":
        return 0
    known = KNOWN_SIZES.get(feature)
    return known if known is not None else section.integer("size", 1)


def _actions(section: Section, source: str) -> tuple[ActionPlan, ...]:
    plans = tuple(_action(section.section(name), name) for name in section.names())
    for kinds, least, what in ((ARM_KINDS, 1, "exactly"), (GRIPPER_KINDS, 0, "at most")):
        found = [plan.group.name for plan in plans if plan.group.kind in kinds]
        if not least <= len(found) <= 1:
            raise ExportError(
                f"{source}: 'actions' has {', '.join(found) or 'no group'} of kind "
                f"{', '.join(kinds)}; allowed: {what} one, as a policy moves one arm"
            )
    return plans


def _action(one: Section, name: str) -> ActionPlan:
    kind = cast(ActionKind, one.choice("kind", get_args(ActionKind)))
    if kind == "open":
        plan = _open(one, name)
        one.finish()
        return plan
    reference = cast(Reference, one.choice("reference", get_args(Reference)))
    rotation: Rotation = "6d"
    axes: Axes = "tool"
    if kind == "pose":
        rotation = cast(Rotation, one.choice("rotation", ROTATION_SIZE))
    if kind in ("pose", "position") and reference != "absolute":
        axes = cast(Axes, one.choice("axes", get_args(Axes)))
    names = one.texts("names") if kind == "joints" else ()
    plan = ActionPlan(
        ActionGroup(name, kind, reference, rotation, axes, names),
        scale=1.0 if kind == "pose" else one.number("scale", default=1.0),
        offset=0.0 if kind == "pose" else one.number("offset", default=0.0),
        fixed=_fixed(one) if kind == "position" else (),
    )
    one.finish()
    if plan.scale == 0.0:
        raise one.error("scale", plan.scale, "a number other than 0")
    return plan


def _fixed(one: Section) -> tuple[tuple[int, float], ...]:
    fixed = one.section("fixed", {})
    found = tuple(
        (index, fixed.number(name)) for index, name in enumerate(_COORDINATES) if fixed.has(name)
    )
    fixed.finish()
    if len(found) == len(_COORDINATES):
        raise one.error("fixed", "all of x, y and z", "at most two; the policy moves the others")
    return found


def _open(one: Section, name: str) -> ActionPlan:
    opens = [key for key in ("open_above", "open_below") if one.has(key)]
    if len(opens) != 1:
        raise one.error(
            "open_above", " and ".join(opens) or None,
            "one of open_above and open_below: the number, in the checkpoint's units, on whose "
            "one side the gripper is open",
        )  # fmt: skip
    plan = ActionPlan(
        ActionGroup(
            name,
            "open",
            open_width_m=one.number("open_width_m", 0.0),
            closed_width_m=one.number("closed_width_m", 0.0, at_least=True),
        ),
        opens="above" if opens[0] == "open_above" else "below",
        threshold=one.number(opens[0]),
    )
    if plan.group.closed_width_m >= plan.group.open_width_m:
        wanted = f"less than open_width_m, {plan.group.open_width_m:g}"
        raise one.error("closed_width_m", plan.group.closed_width_m, wanted)
    return plan
