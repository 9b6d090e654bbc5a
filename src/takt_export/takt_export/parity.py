"""Comparing exported graphs with PyTorch on random inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import torch

from takt_export.errors import ExportError
from takt_policy.bundle import InputSpec, PolicySpec
from takt_policy.model import CONDITION

Array = npt.NDArray[Any]
DrawObservation = Callable[[int, np.random.Generator], Mapping[str, Array]]
"""Random inputs, slow and fast ones, of a batch size: (batch, history, *shape) by name."""

NOISE = 0.5
"""Of normalised inputs around the example, when nobody says how to draw them."""


def perturbed(
    spec: PolicySpec, observation: Mapping[str, Array], fast: Mapping[str, Array]
) -> DrawObservation:
    """Draws the example with noise; images and text at random."""
    given = {**observation, **fast}

    def draw(batch: int, rng: np.random.Generator) -> dict[str, Array]:
        return {
            one.name: _around(one, np.repeat(given[one.name][:1], batch, axis=0), rng)
            for one in spec.inputs + spec.fast_inputs
        }

    return draw


def _around(one: InputSpec, values: Array, rng: np.random.Generator) -> Array:
    if one.dtype == "uint8":
        return rng.integers(0, 256, values.shape, dtype=np.uint8)
    if one.dtype == "int64":
        return rng.integers(0, 256, values.shape, dtype=np.int64)
    if one.preprocess.kind == "goal_text":
        chosen = rng.integers(0, values.shape[-1], len(values))
        return np.eye(values.shape[-1], dtype=np.float32)[chosen]
    noise = rng.standard_normal(values.shape, dtype=np.float32) * np.float32(NOISE)
    return np.asarray(values + noise, np.float32)


def draw_feed(
    spec: PolicySpec,
    graph: str,
    batch: int,
    rng: np.random.Generator,
    draw: DrawObservation,
    condition: Array | None,
) -> dict[str, Array]:
    """Random inputs of a graph, by name."""
    sample = rng.standard_normal((batch, *spec.chunk), dtype=np.float32)
    observed = draw(batch, rng)
    slow = {one.name: observed[one.name] for one in spec.inputs}
    fast = {one.name: observed[one.name] for one in spec.fast_inputs}
    if graph in ("encode", "predict"):
        return slow
    if graph == "decode":
        return {"latent": sample, "elapsed": rng.uniform(0, 1, batch).astype(np.float32), **fast}
    if graph == "residual":
        return {"base": rng.standard_normal((batch, spec.action_size), dtype=np.float32), **fast}
    assert condition is not None  # all other graphs belong to families that encode
    spread = rng.standard_normal((batch, *condition.shape[1:]), dtype=np.float32)
    known = {CONDITION: condition + np.float32(NOISE) * spread}
    if graph == "denoise":
        return {"x": sample, "t": _times(spec, batch, rng), **known}
    return {"x": sample, **known}


def _times(spec: PolicySpec, batch: int, rng: np.random.Generator) -> Array:
    sampler = spec.require_sampler()
    size = (batch, spec.chunk[0]) if sampler.prefix else (batch,)
    if sampler.kind == "flow":
        return (rng.uniform(0.0, 1.0, size) * sampler.time_scale).astype(np.float32)
    return rng.integers(0, sampler.training_steps, size, dtype=np.int64)


@torch.no_grad()
def check_parity(
    graph: str,
    content: bytes,
    original: Callable[..., torch.Tensor],
    names: Sequence[str],
    feeds: Sequence[Mapping[str, Array]],
    tolerance: float,
) -> float:
    """Greatest difference between an ONNX graph and PyTorch.

    Args:
        names: of the graph's inputs, in the order of the original's arguments.

    Raises:
        ExportError: it is above the tolerance, or not a number.
    """
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    worst = 0.0
    for feed in feeds:
        (found,) = session.run(None, dict(feed))
        wanted = original(*(torch.from_numpy(feed[name]) for name in names)).numpy()
        batch = len(feed[names[0]])
        if found.shape != wanted.shape or len(found) != batch:
            raise ExportError(
                f"{graph}.onnx gives shape {list(found.shape)} for a batch of {batch}, PyTorch "
                f"{list(wanted.shape)}; a size that depends on the batch was fixed in tracing. Use "
                "shapes such as -1 or x.shape[0] in the module, not numbers from Python"
            )
        difference = float(np.max(np.abs(found.astype(np.float64) - wanted)))
        # Written so that NaN fails, too.
        if not difference <= tolerance:
            raise ExportError(
                f"{graph}.onnx differs from PyTorch by {difference:.2g} on random inputs of batch "
                f"{batch}; allowed are {tolerance:.2g} (golden.export_tolerance), for outputs "
                f"of up to {np.abs(wanted).max():.2g}. Either the module depends on more than its "
                "inputs, e.g. on dropout or Python branches, or its numbers are too large for "
                "float32: then normalise them, or allow more (--tolerance)"
            )
        worst = max(worst, difference)
    return worst
