"""The sections ``inputs`` and ``fast`` of policy.yaml."""

from __future__ import annotations

from typing import cast, get_args

from takt_policy.bundle.schema import (
    GOAL_STREAM,
    GOAL_TYPE,
    MESSAGE_TYPES,
    Alignment,
    FastSpec,
    Frame,
    GoalKind,
    InputDtype,
    InputSpec,
    Preprocess,
    PreprocessKind,
    StreamKind,
    goal_input,
)
from takt_policy.bundle.section import Section

POSE_FEATURE_SIZE = 9

FAST_RESERVED = ("latent", "elapsed", "base")
"""Names of the inputs that the runtime itself feeds to the fast graphs."""

_SHAPES = {
    "image": "[3, height, width]",
    "field": "[3, rows, columns]",
    "pose": f"[{POSE_FEATURE_SIZE}]",
    "wrench": "[6]",
    "vector": "[size]",
    "goal_image": "[3, height, width]",
    "goal_pose": f"[{POSE_FEATURE_SIZE}]",
    "goal_point": "[3]",
    "goal_text": "[number of choices]",
    "goal_bytes": "[greatest number of bytes]",
}

_TIME_KEYS = ("feature", "history", "period_s", "align", "tolerance_s", "max_age_s")


def parse_inputs(section: Section) -> tuple[InputSpec, ...]:
    """The inputs of the encode (or predict) graph."""
    return tuple(_input(section, name, fast=False) for name in section.names())


def parse_fast(section: Section) -> FastSpec:
    """The section ``fast``."""
    inputs = section.section("inputs")
    spec = FastSpec(
        section.number("period_s", 0.0),
        tuple(_input(inputs, name, fast=True) for name in inputs.names()),
    )
    section.finish()
    if not spec.inputs:
        raise section.error("inputs", "empty", "at least one input")
    for one in spec.inputs:
        if one.name in FAST_RESERVED:
            wanted = f"another name; {', '.join(FAST_RESERVED)} are fed by the runtime"
            raise inputs.error(one.name, "an input", wanted)
    return spec


def _input(section: Section, name: str, fast: bool) -> InputSpec:
    one = section.section(name)
    if one.text("stream") == GOAL_STREAM:
        if fast:
            raise one.error("stream", GOAL_STREAM, "a topic; the goal belongs to 'inputs'")
        return _goal(one, name)
    spec = InputSpec(
        name=name,
        stream=one.text("stream"),
        type=one.choice("type", MESSAGE_TYPES),
        feature=one.text("feature"),
        preprocess=_preprocess(one.section("preprocess"), fast),
        shape=one.integers("shape", 1),
        dtype=cast(InputDtype, one.choice("dtype", ["float32", "uint8"])),
        history=one.integer("history", 1),
        period_s=one.number("period_s", 0.0),
        align=cast(Alignment, one.choice("align", get_args(Alignment))),
        tolerance_s=one.number("tolerance_s", 0.0),
        max_age_s=one.number("max_age_s", 0.0, InputSpec.max_age_s),
    )
    one.finish()
    _check_shape(one, spec)
    _check_dtype(one, spec)
    _check_align(one, spec)
    return spec


def _goal(one: Section, name: str) -> InputSpec:
    for key in _TIME_KEYS:
        if one.has(key):
            raise one.error(key, "given", "nothing, as a goal has no history; leave the key out")
    one.choice("type", [GOAL_TYPE])
    preprocess = _goal_preprocess(one.section("preprocess"))
    dtypes = {"goal_bytes": ["int64"], "goal_image": ["uint8", "float32"]}
    spec = goal_input(
        name,
        preprocess,
        one.integers("shape", 1),
        cast(InputDtype, one.choice("dtype", dtypes.get(preprocess.kind, ["float32"]))),
    )
    one.finish()
    _check_shape(one, spec)
    if preprocess.kind == "goal_text" and spec.shape != (len(preprocess.choices),):
        wanted = f"[{len(preprocess.choices)}], one number for each of 'choices'"
        raise one.error("shape", list(spec.shape), wanted)
    return spec


def _check_shape(section: Section, spec: InputSpec) -> None:
    kind, shape = spec.preprocess.kind, spec.shape
    wanted = _SHAPES[kind]
    pattern = wanted.strip("[]").split(", ")
    # The numbers in the pattern are fixed, its words are free.
    fits = len(shape) == len(pattern) and all(
        not word.isdigit() or size == int(word) for size, word in zip(shape, pattern, strict=True)
    )
    if not fits:
        raise section.error("shape", list(shape), f"{wanted} for preprocess kind {kind}")


def _check_dtype(section: Section, spec: InputSpec) -> None:
    if spec.dtype == "uint8" and spec.preprocess.kind != "image":
        wanted = f"float32 for preprocess kind {spec.preprocess.kind}"
        raise section.error("dtype", spec.dtype, wanted)


def _check_align(section: Section, spec: InputSpec) -> None:
    kind = spec.preprocess.kind
    if (kind == "pose") != (spec.align == "pose"):
        wanted = "pose for preprocess kind pose, hold or linear for all others"
        raise section.error("align", spec.align, wanted)
    if kind == "image" and spec.align != "hold":
        raise section.error("align", spec.align, "hold for images")


def _preprocess(section: Section, fast: bool) -> Preprocess:
    kind = cast(PreprocessKind, section.choice("kind", get_args(StreamKind)))
    frame: Frame = "base"
    fixed: tuple[float, ...] | None = None
    if kind in ("pose", "wrench"):
        frames = [name for name in get_args(Frame) if fast or name != "chunk"]
        frame = cast(Frame, section.choice("frame", frames, "base"))
    if frame == "fixed":
        fixed = section.numbers("base_from_fixed", 7)
    section.finish()
    return Preprocess(kind, frame, fixed)


def _goal_preprocess(section: Section) -> Preprocess:
    kind = cast(PreprocessKind, section.choice("kind", get_args(GoalKind)))
    frame: Frame = "base"
    choices: tuple[str, ...] = ()
    if kind in ("goal_pose", "goal_point"):
        frame = cast(Frame, section.choice("frame", ["base", "reference"], "base"))
    if kind == "goal_text":
        choices = section.texts("choices")
    section.finish()
    return Preprocess(kind, frame, choices=choices)
