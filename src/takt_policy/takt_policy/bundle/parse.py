"""policy.yaml to PolicySpec: strict, and consistent in itself before any graph is opened."""

from __future__ import annotations

from typing import Any, cast, get_args

from takt_policy.bundle.schema import (
    ACTION,
    FORMAT_VERSION,
    GRAPHS_OF_FAMILY,
    MESSAGE_TYPES,
    ActionGroup,
    ActionKind,
    Alignment,
    Family,
    Frame,
    GoldenSpec,
    Horizons,
    InputDtype,
    InputSpec,
    MeasuredSuccess,
    NormalizerKind,
    PolicySpec,
    Preprocess,
    PreprocessKind,
    Provenance,
    Reference,
    SamplerKind,
    SamplerSpec,
)
from takt_policy.bundle.section import Section
from takt_policy.errors import BundleError

POSE_FEATURE_SIZE = 9


def spec_from_mapping(mapping: Any, source: str) -> PolicySpec:
    """The specification in a mapping that YAML gave.

    Args:
        mapping: content of policy.yaml.
        source: the file's name, for messages.

    Raises:
        BundleError: a key is unknown, missing or out of range, or two contradict each other.
    """
    top = Section(mapping, source)
    version = top.integer("takt_bundle", 1)
    if version != FORMAT_VERSION:
        raise top.error("takt_bundle", version, f"{FORMAT_VERSION}, the format of this takt")
    family = cast(Family, top.choice("family", GRAPHS_OF_FAMILY))
    inputs = tuple(_input(top.section("inputs"), name) for name in top.section("inputs").names())
    actions = tuple(
        _action(top.section("actions"), name) for name in top.section("actions").names()
    )
    if not inputs or not actions:
        raise BundleError(f"{source}: 'inputs' and 'actions' must each have at least one entry")
    spec = PolicySpec(
        name=top.text("name"),
        description=top.text("description", ""),
        family=family,
        reference_pose=top.text("reference_pose"),
        inputs=inputs,
        actions=actions,
        horizons=_horizons(top.section("horizons")),
        sampler=_sampler(top.section("sampler")),
        normalizer=_normalizer(top.section("normalizer"), inputs),
        golden=_golden(top.section("golden", {})),
        provenance=_provenance(top.section("provenance", {})),
    )
    top.finish()
    _check_whole(spec, source)
    return spec


def _input(section: Section, name: str) -> InputSpec:
    one = section.section(name)
    preprocess = _preprocess(one.section("preprocess"))
    spec = InputSpec(
        name=name,
        stream=one.text("stream"),
        type=one.choice("type", MESSAGE_TYPES),
        feature=one.text("feature"),
        preprocess=preprocess,
        shape=one.integers("shape", 1),
        dtype=cast(InputDtype, one.choice("dtype", get_args(InputDtype))),
        history=one.integer("history", 1),
        period_s=one.number("period_s", 0.0),
        align=cast(Alignment, one.choice("align", get_args(Alignment))),
        tolerance_s=one.number("tolerance_s", 0.0),
        max_age_s=one.number("max_age_s", 0.0, InputSpec.max_age_s),
    )
    one.finish()
    _check_input(one, spec)
    return spec


def _check_input(section: Section, spec: InputSpec) -> None:
    kind = spec.preprocess.kind
    allowed_ranks = {"image": (3,), "vector": (1,), "pose": (1,), "wrench": (1,), "field": (3,)}
    if len(spec.shape) not in allowed_ranks[kind]:
        wanted = {"image": "[3, height, width]", "field": "[3, rows, columns]"}.get(kind, "[size]")
        raise section.error("shape", list(spec.shape), f"{wanted} for preprocess kind {kind}")
    if kind in ("image", "field") and spec.shape[0] != 3:
        raise section.error("shape", list(spec.shape), "channels first, with 3 channels")
    fixed = {"pose": POSE_FEATURE_SIZE, "wrench": 6}.get(kind)
    if fixed is not None and spec.shape != (fixed,):
        raise section.error("shape", list(spec.shape), f"[{fixed}] for preprocess kind {kind}")
    if spec.dtype == "uint8" and kind != "image":
        raise section.error("dtype", spec.dtype, f"float32 for preprocess kind {kind}")
    if (kind == "pose") != (spec.align == "pose"):
        wanted = "pose for preprocess kind pose, hold or linear for all others"
        raise section.error("align", spec.align, wanted)
    if kind == "image" and spec.align != "hold":
        raise section.error("align", spec.align, "hold for images")


def _preprocess(section: Section) -> Preprocess:
    kind = cast(PreprocessKind, section.choice("kind", get_args(PreprocessKind)))
    frame: Frame = "base"
    fixed: tuple[float, ...] | None = None
    if kind in ("pose", "wrench"):
        frame = cast(Frame, section.choice("frame", get_args(Frame), "base"))
    if frame == "fixed":
        fixed = section.numbers("base_from_fixed", 7)
    section.finish()
    return Preprocess(kind, frame, fixed)


def _action(section: Section, name: str) -> ActionGroup:
    one = section.section(name)
    kind = cast(ActionKind, one.choice("kind", get_args(ActionKind)))
    reference: Reference = "absolute"
    if kind == "pose":
        one.choice("rotation", ["6d"])
        reference = cast(Reference, one.choice("reference", get_args(Reference)))
    one.finish()
    return ActionGroup(name, kind, reference)


def _horizons(section: Section) -> Horizons:
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


def _sampler(section: Section) -> SamplerSpec:
    training_steps = section.integer("training_steps", 2)
    spec = SamplerSpec(
        kind=cast(SamplerKind, section.choice("kind", get_args(SamplerKind))),
        training_steps=training_steps,
        inference_steps=section.integer("inference_steps", 1),
        betas=cast(Any, section.choice("betas", ["squaredcos_cap_v2"])),
        prediction=cast(Any, section.choice("prediction", ["epsilon"])),
        clip=section.number("clip", 0.0) if section.has("clip") else None,
        eta=section.number("eta", 0.0, 0.0, at_least=True),
    )
    section.finish()
    if spec.inference_steps > training_steps:
        raise section.error("inference_steps", spec.inference_steps, f"1 to {training_steps}")
    if spec.eta > 1.0:
        raise section.error("eta", spec.eta, "0 (deterministic) to 1")
    return spec


def _normalizer(section: Section, inputs: tuple[InputSpec, ...]) -> dict[str, NormalizerKind]:
    kinds = {
        name: cast(NormalizerKind, section.choice(name, get_args(NormalizerKind)))
        for name in [spec.name for spec in inputs] + [ACTION]
    }
    section.finish()
    for spec in inputs:
        if spec.dtype == "uint8" and kinds[spec.name] != "identity":
            raise section.error(spec.name, kinds[spec.name], "identity for an input of dtype uint8")
    return kinds


def _golden(section: Section) -> GoldenSpec:
    spec = GoldenSpec(
        section.number("graph_tolerance", 0.0, GoldenSpec.graph_tolerance),
        section.number("sample_tolerance", 0.0, GoldenSpec.sample_tolerance),
    )
    section.finish()
    return spec


def _provenance(section: Section) -> Provenance:
    measured = section.section("success", {})
    spec = Provenance(
        dataset_hash=section.text("dataset_hash", ""),
        training_commit=section.text("training_commit", ""),
        seed=section.integer("seed", 0) if section.has("seed") else None,
        device=section.text("device", ""),
        created=section.text("created", ""),
        success=tuple(_success(measured, task) for task in measured.names()),
    )
    section.finish()
    return spec


def _success(section: Section, task: str) -> MeasuredSuccess:
    one = section.section(task)
    low, high = one.numbers("interval", 2)
    result = MeasuredSuccess(
        task=task,
        episodes=one.integer("episodes", 1),
        successes=one.integer("successes", 0),
        interval=(low, high),
        setting=one.text("setting", ""),
    )
    one.finish()
    if result.successes > result.episodes:
        raise one.error("successes", result.successes, f"0 to the {result.episodes} episodes")
    if not 0.0 <= low <= result.successes / result.episodes <= high <= 1.0:
        raise one.error("interval", [low, high], "fractions around successes / episodes")
    return result


def _check_whole(spec: PolicySpec, source: str) -> None:
    if ACTION in [one.name for one in spec.inputs]:
        raise BundleError(
            f"{source}: an input is named {ACTION!r}, which the normaliser "
            "uses for the actions; give it another name"
        )
    poses = [one.name for one in spec.inputs if one.preprocess.kind == "pose"]
    if spec.reference_pose not in poses:
        raise BundleError(
            f"{source}: 'reference_pose' is {spec.reference_pose!r}; allowed: an input of "
            f"preprocess kind pose ({', '.join(poses) or 'there is none, add one'})"
        )
    if [group.kind for group in spec.actions].count("pose") != 1:
        raise BundleError(f"{source}: 'actions' must have exactly one group of kind pose, the arm")
    if [group.kind for group in spec.actions].count("width") > 1:
        raise BundleError(f"{source}: 'actions' may have at most one group of kind width")
    types: dict[str, str] = {}
    for one in spec.inputs:
        if types.setdefault(one.stream, one.type) != one.type:
            raise BundleError(
                f"{source}: stream {one.stream!r} is declared as {types[one.stream]} and as "
                f"{one.type} (input {one.name!r}); give it one type"
            )
