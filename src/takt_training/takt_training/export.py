"""From trained networks to a policy bundle, checked against PyTorch."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from takt_policy.bundle import Bundle, Normalizer, PolicySpec, write_bundle
from takt_training.heads.base import GraphSource

OPSET = 17
Array = npt.NDArray[Any]


def to_onnx(source: GraphSource) -> bytes:
    """The module as ONNX with dynamic batch axes and the weights inside."""
    file = io.BytesIO()
    axes = {name: {0: "batch"} for name in [*source.inputs, source.output]}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but the only one that keeps a dynamic batch
        # without guards on the example's size in every PyTorch that we support.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            source.module.cpu().eval(),
            source.examples,
            file,  # type: ignore[arg-type]
            input_names=list(source.inputs),
            output_names=[source.output],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    return file.getvalue()


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
        BundleError: ONNX and PyTorch differ by more than the specification's tolerance.
    """
    made = {name: to_onnx(source) for name, source in graphs.items()}
    own = {name: reference(source) for name, source in graphs.items()}
    fast = {one.name: fast_observation[one.name] for one in spec.fast_inputs}
    chosen = {name: normalizers[name] for name in spec.normalizer}
    return write_bundle(
        path, spec, made, chosen, dict(observation), own, overwrite=True, fast_observation=fast
    )


def reference(source: GraphSource) -> Callable[..., Array]:
    """The module in PyTorch, called like the graph, for the golden pairs."""

    @torch.no_grad()
    def run(**inputs: Array) -> Array:
        given = (torch.from_numpy(np.asarray(inputs[name])) for name in source.inputs)
        out: Array = source.module(*given).numpy()
        return out

    return run
