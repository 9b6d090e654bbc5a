"""A checkpoint and a mapping to a bundle."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from takt_export.assembly import (
    ActionLayout,
    DenoisingGraph,
    FeatureMaker,
    ObservingGraph,
    PredictingGraph,
)
from takt_export.checkpoint import Checkpoint
from takt_export.errors import ExportError
from takt_export.examples import feature_examples, input_examples
from takt_export.mapping.inputs import Wiring, wire
from takt_export.mapping.schema import ActionPlan, Mapping
from takt_export.modules import Exported, export_modules
from takt_export.parity import DrawObservation
from takt_policy.bundle import Normalizer
from takt_policy.bundle.schema import (
    ACTION,
    ActionGroup,
    Horizons,
    NormalizerKind,
    PolicySpec,
    Provenance,
    SamplerSpec,
)
from takt_policy.samplers.schedule import NoiseSchedule

Array = npt.NDArray[Any]

REBUILT_TOLERANCE = 1e-5
"""Between a rebuilt network and the framework's own (absolute, per network call)."""


@dataclass(frozen=True)
class Report:
    """What an export did.

    Attributes:
        rebuilt: by network, greatest difference of ours to the framework's own; empty where the
            framework is not installed.
    """

    exported: Exported
    rebuilt: dict[str, float]


def export_checkpoint(
    checkpoint: Checkpoint, mapping: Mapping, path: Path, overwrite: bool = False
) -> Report:
    """Writes the bundle of a checkpoint.

    Raises:
        ExportError: checkpoint and mapping do not fit, or a network differs from its framework.
        BundleError: the bundle would be refused by a runtime.
    """
    wiring = wire(mapping, checkpoint)
    layout, normalizer, groups = lay_out(mapping.actions, checkpoint)
    spec = _spec(checkpoint, mapping, wiring, groups, normalizer.kind)
    rebuilt = compare_rebuilt(checkpoint)
    maker = FeatureMaker(wiring, checkpoint.history)
    graphs = _graphs(checkpoint, maker, layout, checkpoint.networks)
    originals = (
        _graphs(checkpoint, maker, layout, checkpoint.originals) if checkpoint.originals else None
    )
    draw: DrawObservation = lambda batch, rng: input_examples(  # noqa: E731
        wiring, checkpoint, batch, rng
    )
    exported = export_modules(
        path,
        spec,
        {**{one.name: Normalizer.identity() for one in wiring.inputs}, ACTION: normalizer},
        draw(1, np.random.default_rng(1)),
        graphs,
        originals=originals,
        draw=draw,
        overwrite=overwrite,
    )
    return Report(exported, rebuilt)


def _graphs(
    checkpoint: Checkpoint,
    maker: FeatureMaker,
    layout: ActionLayout,
    networks: MappingType[str, Any],
) -> dict[str, Any]:
    if checkpoint.family == "direct":
        return {"predict": PredictingGraph(maker, networks["predict"], layout)}
    assert checkpoint.sampler is not None  # both other families have one
    return {
        "encode": ObservingGraph(maker, networks["encode"]),
        "denoise": DenoisingGraph(networks["denoise"], layout, _gains(checkpoint.sampler)),
    }


def _gains(sampler: SamplerSpec) -> Tensor:
    """Prediction per noisy value of a number whose clean value is 0, at each level."""
    kept = torch.from_numpy(np.asarray(NoiseSchedule.of(sampler).alpha_bar, np.float64))
    if sampler.prediction == "sample":
        return torch.zeros_like(kept)
    noise = 1.0 / (1.0 - kept).sqrt()
    return kept.sqrt() * noise if sampler.prediction == "v" else noise


@torch.no_grad()
def compare_rebuilt(checkpoint: Checkpoint) -> dict[str, float]:
    """Runs the framework's own networks next to ours, on random features.

    Raises:
        ExportError: they differ by more than ``REBUILT_TOLERANCE``.
    """
    differences: dict[str, float] = {}
    rng = np.random.default_rng(2)
    condition: Tensor | None = None
    for name, original in checkpoint.originals.items():
        network = checkpoint.networks[name].eval()
        if name == "denoise":
            assert condition is not None and checkpoint.sampler is not None
            noisy = rng.standard_normal((3, checkpoint.prediction, checkpoint.action_size))
            levels = rng.integers(0, checkpoint.sampler.training_steps, 3)
            given = [torch.from_numpy(noisy).float(), torch.from_numpy(levels), condition]
        else:
            given = feature_examples(checkpoint, 3, rng)
        found, wanted = network(*given), original(*given)
        if name == "encode":
            condition = wanted
        difference = float((found - wanted).abs().max())
        if not difference <= REBUILT_TOLERANCE:
            raise ExportError(
                f"{checkpoint.path}: the network {name!r} as rebuilt here differs from "
                f"{checkpoint.compared_with} by {difference:.2g}; allowed are "
                f"{REBUILT_TOLERANCE:.0e}. That version may compute something else: use "
                "`takt policy export module`"
            )
        differences[name] = difference
    return differences


def lay_out(
    plans: tuple[ActionPlan, ...], checkpoint: Checkpoint
) -> tuple[ActionLayout, Normalizer, tuple[ActionGroup, ...]]:
    """The bundle's action vector: places in the checkpoint's, normaliser, groups.

    Raises:
        ExportError: the groups have another number of dimensions than the checkpoint's actions.
    """
    counts = [plan.given for plan in plans]
    if sum(counts) != checkpoint.action_size:
        raise ExportError(
            f"the mapping's 'actions' have {' + '.join(map(str, counts))} = {sum(counts)} numbers; "
            f"{checkpoint.framework} predicts {checkpoint.action_size}. All of them must be given a "
            "meaning; of a position, 'fixed' names coordinates that it does not predict"
        )
    scale, offset = (one.double().tolist() for one in (checkpoint.actions.scale, checkpoint.actions.offset))
    places: list[int | None] = []
    signs: list[float] = []
    values: list[tuple[float, float]] = []
    groups = []
    source = 0
    for plan in plans:
        fixed = dict(plan.fixed)
        group = plan.group
        for index in range(group.size):
            sign = -1.0 if group.kind == "open" and plan.opens == "below" else 1.0
            signs.append(sign)
            if index in fixed:
                places.append(None)
                values.append((1.0, fixed[index]))
                continue
            if group.kind == "open":
                threshold = sign * (plan.threshold - offset[source]) / scale[source]
                group = replace(group, threshold=threshold)
            places.append(source)
            values.append((sign * scale[source] * plan.scale, offset[source] * plan.scale + plan.offset))
            source += 1
        groups.append(group)
    kind: NormalizerKind = checkpoint.actions.kind
    if kind == "identity" and any(one != (1.0, 0.0) for one in values):
        kind = "meanstd"
    if kind == "identity":
        return ActionLayout(places, signs), Normalizer.identity(), tuple(groups)
    scales, offsets = (np.asarray(column, np.float32) for column in zip(*values, strict=True))
    return ActionLayout(places, signs), Normalizer(kind, offsets, scales), tuple(groups)


def _spec(
    checkpoint: Checkpoint,
    mapping: Mapping,
    wiring: Wiring,
    groups: tuple[ActionGroup, ...],
    kind: NormalizerKind,
) -> PolicySpec:
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
