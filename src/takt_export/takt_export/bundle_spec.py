"""policy.yaml of a checkpoint: what it says itself, and what the mapping adds."""

from __future__ import annotations

from dataclasses import replace

from takt_export.checkpoint import Checkpoint
from takt_export.errors import ExportError
from takt_export.mapping.inputs import Wiring
from takt_export.mapping.schema import Mapping
from takt_policy.bundle.schema import (
    ACTION,
    ActionGroup,
    Horizons,
    NormalizerKind,
    PolicySpec,
    Provenance,
    SamplerSpec,
)


def bundle_spec(
    checkpoint: Checkpoint,
    mapping: Mapping,
    wiring: Wiring,
    groups: tuple[ActionGroup, ...],
    kind: NormalizerKind,
) -> PolicySpec:
    """The specification.

    Args:
        groups: of the actions.
        kind: of the normaliser of the actions.

    Raises:
        ExportError: the mapping asks for something that the checkpoint cannot do.
    """
    normalizer: dict[str, NormalizerKind] = {one.name: "identity" for one in wiring.inputs}
    return PolicySpec(
        name=mapping.name,
        description=mapping.description or f"Exported from a checkpoint of {checkpoint.framework}.",
        family=checkpoint.family,
        reference_pose=wiring.reference_pose,
        inputs=wiring.inputs,
        actions=groups,
        horizons=Horizons(
            observation=checkpoint.first + 1,
            prediction=checkpoint.prediction,
            execute=mapping.execute or checkpoint.execute,
            step_s=mapping.step_s,
        ),
        sampler=_sampler(checkpoint, mapping),
        normalizer={**normalizer, ACTION: kind},
        provenance=Provenance(derived=_derived(checkpoint)),
        reference_joints=_reference(wiring, groups, "joints", "joint_position"),
        reference_width=_reference(wiring, groups, "width", "gripper_width"),
    )


def _derived(checkpoint: Checkpoint) -> str:
    checked = f", checked against {checkpoint.compared_with}" if checkpoint.compared_with else ""
    return f"{checkpoint.framework} checkpoint {checkpoint.path.name}{checked}"


def _reference(
    wiring: Wiring, groups: tuple[ActionGroup, ...], kind: str, feature: str
) -> str | None:
    """The input that relative joints or widths are relative to."""
    group = next((one for one in groups if one.kind == kind), None)
    if group is None or group.reference == "absolute":
        return None
    fitting = [
        one.name
        for one in wiring.inputs
        if one.feature == feature and one.preprocess.kind == "vector" and one.shape == (group.size,)
    ]
    if not fitting:
        raise ExportError(
            f"action group {group.name!r} is relative ({group.reference}), but no observation has "
            f"{group.size} numbers of feature {feature!r} to which it could be; map one, or use "
            "reference: absolute if the checkpoint's actions are"
        )
    return fitting[0]


def _sampler(checkpoint: Checkpoint, mapping: Mapping) -> SamplerSpec | None:
    sampler = checkpoint.sampler
    if sampler is None:
        if mapping.sampler is not None or mapping.inference_steps is not None:
            raise ExportError(
                f"the mapping has a 'sampler', but {checkpoint.framework} samples nothing; "
                "leave it out"
            )
        return None
    steps = mapping.inference_steps or sampler.inference_steps
    if steps > sampler.training_steps:
        raise ExportError(
            f"the mapping's sampler.inference_steps is {steps}; allowed: 1 to "
            f"{sampler.training_steps}, the steps of the training"
        )
    return replace(sampler, kind=mapping.sampler or sampler.kind, inference_steps=steps)
