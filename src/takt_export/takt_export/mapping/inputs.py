"""From parts of the checkpoint's features to the bundle's inputs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from takt_export.checkpoint import Checkpoint, Feature
from takt_export.errors import ExportError
from takt_export.mapping.schema import Mapping, Part
from takt_policy.bundle.schema import InputSpec, Preprocess

POSE_SIZE = 9
TOOL = "tool_pose"


@dataclass(frozen=True)
class Wiring:
    """The bundle's inputs, and which of them each feature is made of.

    Attributes:
        features: for each of the checkpoint's features, its parts with the input's place.
        reference_pose: name of the input that is the tool's pose.
    """

    inputs: tuple[InputSpec, ...]
    features: tuple[tuple[tuple[int, Part], ...], ...]
    reference_pose: str


def wire(mapping: Mapping, checkpoint: Checkpoint) -> Wiring:
    """Inputs for a checkpoint.

    Raises:
        ExportError: a feature is not mapped, unknown, or of another size than its parts.
    """
    _check_names(mapping, checkpoint)
    inputs: dict[str, InputSpec] = {}
    keys: dict[tuple[str, str, str, str], str] = {}
    features = []
    for feature in checkpoint.features:
        parts = mapping.observations[feature.name]
        _check_size(feature, parts)
        wired = []
        for part in parts:
            name = _input(part, feature, mapping, checkpoint, inputs, keys)
            wired.append((list(inputs).index(name), part))
        features.append(tuple(wired))
    tool = _as_pose(mapping.tool)
    known = keys.get(_key(tool))
    if known is None:
        known = TOOL
        inputs[TOOL] = _spec(TOOL, tool, (POSE_SIZE,), mapping, 1)
    return Wiring(tuple(inputs.values()), tuple(features), known)


def _check_names(mapping: Mapping, checkpoint: Checkpoint) -> None:
    wanted = {one.name for one in checkpoint.features}
    given = set(mapping.observations)
    if missing := sorted(wanted - given):
        raise ExportError(
            f"the mapping's 'observations' lacks {missing[0]!r}, which {checkpoint.framework} was "
            f"trained with; it needs {', '.join(sorted(wanted))}"
        )
    if extra := sorted(given - wanted):
        raise ExportError(
            f"the mapping's 'observations' has {extra[0]!r}, which {checkpoint.framework} does "
            f"not know; allowed: {', '.join(sorted(wanted))}"
        )


def _check_size(feature: Feature, parts: tuple[Part, ...]) -> None:
    where = f"observations.{feature.name}"
    if feature.kind == "image":
        if len(parts) != 1 or not parts[0].is_image:
            raise ExportError(f"{where} is an image; give one stream with 'feature: image'")
        return
    if any(part.is_image for part in parts):
        raise ExportError(f"{where} is a vector of {feature.shape[0]} numbers, not an image")
    widths = [part.width for part in parts]
    if sum(widths) != feature.shape[0]:
        raise ExportError(
            f"{where}: its parts have {' + '.join(map(str, widths))} = {sum(widths)} numbers; the "
            f"policy was trained with {feature.shape[0]}. Add or take away parts, or 'select'"
        )


def _input(
    part: Part,
    feature: Feature,
    mapping: Mapping,
    checkpoint: Checkpoint,
    inputs: dict[str, InputSpec],
    keys: dict[tuple[str, str, str, str], str],
) -> str:
    """The name of the input for a part; parts of one pose share one."""
    key = _key(part)
    if part.is_image:
        name = re.sub(r"\W+", "_", feature.name.rsplit(".", 1)[-1])
    elif key in keys:
        return keys[key]
    else:
        name = part.feature
    if name in inputs:
        name = re.sub(r"\W+", "_", f"{part.stream}_{name}_{len(inputs)}")
    shape = feature.shape if part.is_image else (part.size,)
    if part.take != "values":
        shape = (POSE_SIZE,)
    inputs[name] = _spec(name, part, shape, mapping, checkpoint.history)
    keys.setdefault(key, name)
    return name


def _key(part: Part) -> tuple[str, str, str, str]:
    kind = "values" if part.take == "values" else f"pose in {part.frame}"
    return part.stream, part.feature, kind, str(part.align)


def _as_pose(part: Part) -> Part:
    return Part(part.stream, part.type, part.feature, "position", tolerance_s=part.tolerance_s)


def _spec(
    name: str, part: Part, shape: tuple[int, ...], mapping: Mapping, history: int
) -> InputSpec:
    if part.is_image:
        preprocess, align = Preprocess("image"), "hold"
    elif part.take != "values":
        preprocess, align = Preprocess("pose", part.frame), "pose"
    else:
        # A quaternion between two others is not their mean.
        usual = "hold" if part.size == 7 and part.feature.endswith("pose") else "linear"
        preprocess, align = Preprocess("vector"), part.align or usual
    return InputSpec(
        name=name,
        stream=part.stream,
        type=part.type,
        feature=part.feature,
        preprocess=preprocess,
        shape=shape,
        dtype="uint8" if part.is_image else "float32",
        history=history,
        period_s=mapping.step_s,
        align=align,  # type: ignore[arg-type]
        tolerance_s=part.tolerance_s or mapping.step_s,
    )
