"""From trained networks to a policy bundle, checked against PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
from torch import Tensor, nn

from takt_export.modules import export_modules
from takt_policy.bundle import Bundle, Normalizer, PolicySpec
from takt_policy.model import graph_inputs
from takt_training.heads.base import GraphSource

Array = npt.NDArray[Any]


def export(
    graphs: Mapping[str, GraphSource],
    spec: PolicySpec,
    normalizers: Mapping[str, Normalizer],
    observation: Mapping[str, Array],
    fast_observation: Mapping[str, Array],
    path: Path,
) -> Bundle:
    """Writes the bundle.

    Args:
        observation, fast_observation: one example of the inputs, (1, history, *shape) each.

    Raises:
        ExportError: ONNX and PyTorch differ by more than the specification's tolerance.
    """
    return export_modules(
        path,
        spec,
        {name: normalizers[name] for name in spec.normalizer},
        dict(observation),
        {name: _InOrder(source, graph_inputs(spec, name)) for name, source in graphs.items()},
        {one.name: fast_observation[one.name] for one in spec.fast_inputs},
        overwrite=True,
    ).bundle


class _InOrder(nn.Module):
    """A module, called with the graph's inputs in the order of the graph."""

    def __init__(self, source: GraphSource, names: tuple[str, ...]) -> None:
        super().__init__()
        self.module = source.module
        self.order = [names.index(name) for name in source.inputs]

    def forward(self, *inputs: Tensor) -> Tensor:
        result: Tensor = self.module(*(inputs[place] for place in self.order))
        return result
