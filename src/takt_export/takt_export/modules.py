"""Any PyTorch modules to a bundle: the one exporter that all others end in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from takt_export.callables import Function, as_module, check_examples, try_once
from takt_export.errors import ExportError
from takt_export.onnx_graph import to_onnx
from takt_export.parity import DrawObservation, check_parity, draw_feed, perturbed
from takt_policy.bundle import Bundle, Normalizer, PolicySpec, write_bundle
from takt_policy.model import OUTPUTS, graph_inputs

Array = npt.NDArray[Any]

BATCHES = (1, 2, 5)


@dataclass(frozen=True)
class Exported:
    """A bundle that was written.

    Attributes:
        parity: by graph, the greatest difference to PyTorch over all random inputs.
    """

    bundle: Bundle
    parity: dict[str, float]


@dataclass(frozen=True, eq=False)
class Parts:
    """The arguments of ``export_modules``, as ``takt policy export module`` wants them."""

    spec: PolicySpec
    normalizers: Mapping[str, Normalizer]
    observation: Mapping[str, Array]
    modules: Mapping[str, nn.Module | Function]
    fast_observation: Mapping[str, Array] | None = None


def export_modules(
    path: Path | str,
    spec: PolicySpec,
    normalizers: Mapping[str, Normalizer],
    observation: Mapping[str, Array],
    modules: Mapping[str, nn.Module | Function],
    fast_observation: Mapping[str, Array] | None = None,
    *,
    originals: Mapping[str, Function] | None = None,
    draw: DrawObservation | None = None,
    batches: Sequence[int] = BATCHES,
    overwrite: bool = False,
) -> Exported:
    """Traces modules to ONNX, compares them with PyTorch, and writes the bundle.

    Args:
        path: folder to make, by convention ``NAME.takt``.
        normalizers: of each input and of ``action``; identity for what the modules do themselves.
        observation: one example as the encode or predict graph gets it, (1, history, *shape).
        modules: one for each of ``spec.graphs``, a module or a function of tensors, called with
            the graph's inputs in the order of ``takt_policy.model.graph_inputs``; times ``t``
            are int64 for diffusion and float32 for flow. They are exported on the CPU, in
            evaluation mode.
        fast_observation: the same as ``observation`` for the fast inputs.
        originals: functions of the framework to compare with instead of ``modules``, called in
            the same way: for networks that were rebuilt and must do what others do.
        draw: makes random observations of a batch size; the example with noise if absent.
        batches: sizes of the batches with which graphs and PyTorch are compared.
        overwrite: replace a bundle that is there.

    Raises:
        ExportError: graphs and modules do not fit, or differ by more than
            ``spec.golden.export_tolerance``.
        BundleError: the bundle would be refused by a runtime.
    """
    if set(modules) != set(spec.graphs):
        raise ExportError(
            f"modules for {', '.join(sorted(modules)) or 'nothing'} were given; the specification "
            f"(family {spec.family}) needs {', '.join(spec.graphs)}"
        )
    fast = fast_observation or {}
    check_examples(spec, observation, fast)
    rng = np.random.default_rng(0)
    draw = draw or perturbed(spec, observation, fast)
    wrapped = {name: as_module(modules[name]) for name in spec.graphs}
    condition = _condition(spec, wrapped, observation)
    compared = {**wrapped, **(originals or {})}
    graphs: dict[str, bytes] = {}
    parity: dict[str, float] = {}
    for name, module in wrapped.items():
        example = draw_feed(spec, name, 2, rng, draw, condition)
        graphs[name] = _traced(spec, name, module, example)
        feeds = [draw_feed(spec, name, size, rng, draw, condition) for size in batches]
        parity[name] = check_parity(
            name, graphs[name], compared[name], graph_inputs(spec, name), feeds,
            spec.golden.export_tolerance,
        )  # fmt: skip
    references = {name: _reference(compared[name], graph_inputs(spec, name)) for name in graphs}
    bundle = write_bundle(
        path, spec, graphs, normalizers, observation, references, overwrite,
        fast_observation=fast or None,
    )  # fmt: skip
    return Exported(bundle, parity)


def _traced(spec: PolicySpec, name: str, module: nn.Module, example: Mapping[str, Array]) -> bytes:
    """A module as ONNX, once it was seen to do what its graph has to do."""
    try_once(spec, name, module, example)
    names = graph_inputs(spec, name)
    tensors = tuple(torch.from_numpy(example[key]) for key in names)
    return to_onnx(module, tensors, names, OUTPUTS[name])


def _condition(
    spec: PolicySpec, modules: Mapping[str, nn.Module], observation: Mapping[str, Array]
) -> Array | None:
    """The condition of the example, whose shape the other graphs need."""
    if "encode" not in modules:
        return None
    return np.ascontiguousarray(try_once(spec, "encode", modules["encode"], observation).numpy())


def _reference(module: nn.Module | Function, names: Sequence[str]) -> Callable[..., Array]:
    """Called like the graph, with arrays by name, for the golden pairs."""

    @torch.no_grad()
    def run(**inputs: Array) -> Array:
        out: Array = module(*(torch.from_numpy(np.asarray(inputs[name])) for name in names)).numpy()
        return out

    return run
