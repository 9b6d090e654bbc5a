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
from takt_export.bundle_spec import bundle_spec
from takt_export.checkpoint import Checkpoint
from takt_export.errors import ExportError
from takt_export.examples import feature_examples, input_examples
from takt_export.layout import lay_out
from takt_export.mapping.inputs import wire
from takt_export.mapping.schema import Mapping
from takt_export.modules import Exported, export_modules
from takt_export.parity import DrawObservation
from takt_policy.bundle import Normalizer
from takt_policy.bundle.schema import ACTION, SamplerSpec
from takt_policy.samplers.schedule import NoiseSchedule

Array = npt.NDArray[Any]


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
    checkpoint: Checkpoint,
    mapping: Mapping,
    path: Path,
    overwrite: bool = False,
    tolerance: float | None = None,
) -> Report:
    """Writes the bundle of a checkpoint.

    Args:
        tolerance: greatest difference to PyTorch per network call; None is that of
            ``GoldenSpec.export_tolerance``.

    Raises:
        ExportError: checkpoint and mapping do not fit, or a network differs from its framework.
        BundleError: the bundle would be refused by a runtime.
    """
    wiring = wire(mapping, checkpoint)
    layout, normalizer, groups = lay_out(mapping.actions, checkpoint)
    spec = bundle_spec(checkpoint, mapping, wiring, groups, normalizer.kind)
    if tolerance is not None:
        spec = replace(spec, golden=replace(spec.golden, export_tolerance=tolerance))
    rebuilt = compare_rebuilt(checkpoint, spec.golden.export_tolerance)
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
def compare_rebuilt(checkpoint: Checkpoint, tolerance: float) -> dict[str, float]:
    """Runs the framework's own networks next to ours, on random features.

    Raises:
        ExportError: they differ by more than the tolerance.
    """
    differences: dict[str, float] = {}
    rng = np.random.default_rng(2)
    condition: Tensor | None = None
    for name, original in checkpoint.originals.items():
        network = checkpoint.networks[name].eval()
        if name == "denoise":
            assert condition is not None  # encode comes first
            assert checkpoint.sampler is not None  # of a network that denoises
            noisy = rng.standard_normal((3, checkpoint.prediction, checkpoint.action_size))
            levels = rng.integers(0, checkpoint.sampler.training_steps, 3)
            given = [torch.from_numpy(noisy).float(), torch.from_numpy(levels), condition]
        else:
            given = feature_examples(checkpoint, 3, rng)
        found, wanted = network(*given), original(*given)
        if name == "encode":
            condition = wanted
        difference = float((found - wanted).abs().max())
        if not difference <= tolerance:
            raise ExportError(
                f"{checkpoint.path}: the network {name!r} as rebuilt here differs from "
                f"{checkpoint.compared_with} by {difference:.2g}; allowed are "
                f"{tolerance:.0e}. That version may compute something else: use "
                "`takt policy export module`"
            )
        differences[name] = difference
    return differences
