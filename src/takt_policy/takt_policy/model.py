"""A policy's graphs as functions on normalised arrays, opened and checked against policy.yaml.

Letters: B batch, H predicted actions, D their dimensions, L and S length and size of what is
sampled (H and D, or those of the latent). Everything here is in normalised units and float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_policy.errors import BundleError, PolicyError
from takt_policy.graphs import DEFAULT_PROVIDERS, Graph, Tensor

Float = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]

CONDITION = "condition"
FLOAT = ("float32",)

OUTPUTS = {
    "predict": "actions",
    "encode": CONDITION,
    "denoise": "prediction",
    "decode": "actions",
    "residual": "correction",
    "critic": "value",
    "energy": "energy",
}
"""The one output of each graph."""


class PolicyModel:
    """All graphs of a bundle.

    Where arrays, a condition or a time have batch 1 and the others more, they serve all.

    Args:
        folder: of the bundle.
        providers: execution providers in order of preference.
        threads: of onnxruntime within one operator.

    Raises:
        BundleError: a graph does not have the signature that policy.yaml implies.
    """

    def __init__(
        self,
        folder: Path,
        spec: PolicySpec,
        providers: Sequence[str] = DEFAULT_PROVIDERS,
        threads: int = 1,
    ) -> None:
        self.spec = spec
        self.chunk = spec.chunk
        half = spec.provenance.precision == "float16"
        self.graphs = {
            name: Graph(folder / f"{name}.onnx", providers, threads, half) for name in spec.graphs
        }
        condition = _condition_shape(self.graphs.get("encode"), folder)
        if "denoise" in self.graphs:
            _check_time(spec, self.graphs["denoise"], folder)
        for name, graph in self.graphs.items():
            inputs, output = _signature(spec, name, condition)
            graph.check(inputs, [output])
        self._time_dtype = (
            self.graphs["denoise"].dtype("t") if "denoise" in self.graphs else np.dtype(np.float32)
        )

    @property
    def provider(self) -> str:
        """Execution provider of the graph that does most of the work."""
        return self._graph("denoise" if "denoise" in self.graphs else "predict").provider

    def encode(self, arrays: Arrays) -> Float:
        """The condition (B, ...) of observations (B, history, *shape)."""
        return self._run("encode", arrays)

    def predict(self, arrays: Arrays) -> Float:
        """The actions (B, H, D) of observations (B, history, *shape)."""
        return self._run("predict", arrays)

    def denoise(self, x: Float, t: npt.ArrayLike, condition: Float) -> Float:
        """The network's prediction (B, L, S) for samples x (B, L, S).

        Args:
            t: what the network gets as time: a number, (B,), or (B, L) if it was trained with a
                clean prefix.
        """
        return self.denoiser(condition)(x, t)

    def denoiser(self, condition: Float) -> Callable[[Float, npt.ArrayLike], Float]:
        """``denoise`` for one condition, to be called again and again."""

        bound = self._graph("denoise").bind({CONDITION: condition})

        def denoise(x: Float, t: npt.ArrayLike) -> Float:
            return bound.run({"x": x, "t": self._times(t, len(x))})[OUTPUTS["denoise"]]

        return denoise

    def decode(self, latent: Float, fast: Arrays, elapsed_s: npt.ArrayLike) -> Float:
        """The actions (B, H, D) of latents (B, L, S), relative to the slow reference pose.

        Args:
            fast: newest fast inputs (B, history, *shape).
            elapsed_s: reference time of the fast inputs less that of the chunk [s], a number
                or (B,).
        """
        elapsed = np.asarray(elapsed_s, np.float32).reshape(-1)
        return self._run("decode", {"latent": latent, "elapsed": elapsed, **fast})

    def correct(self, base: Float, fast: Arrays) -> Float:
        """Corrections (B, D) to be added to actions (B, D), within the residual's bound."""
        if self.spec.residual is None:
            raise self._absent("residual")
        bound = np.asarray(self.spec.residual.bound, np.float32)
        correction = self._run("residual", {"base": base, **fast})
        return np.clip(correction, -bound, bound)

    def value(self, condition: Float, x: Float) -> Float:
        """The critic's value (B,) of clean samples (B, L, S); higher is better."""
        return self._run("critic", {CONDITION: condition, "x": x})

    def energy(self, condition: Float, x: Float) -> Float:
        """The energy (B,) of clean samples (B, L, S); higher is less certain."""
        return self._run("energy", {CONDITION: condition, "x": x})

    def _times(self, t: npt.ArrayLike, batch: int) -> Array:
        whole = self._time_dtype == np.int64
        # Cutting 299.99999 to 299 would be another level.
        times = np.asarray(np.rint(t) if whole else t, self._time_dtype)
        shape: tuple[int, ...] = (batch,)
        sampler = self.spec.sampler
        if sampler is not None and sampler.prefix:
            times = times[:, None] if times.ndim == 1 else times
            shape = (batch, self.chunk[0])
        return times if times.shape == shape else np.array(np.broadcast_to(times, shape))

    def _run(self, name: str, feed: Arrays) -> Float:
        output: Float = self._graph(name).run(_repeated(feed))[OUTPUTS[name]]
        return output

    def _graph(self, name: str) -> Graph:
        if name not in self.graphs:
            raise self._absent(name)
        return self.graphs[name]

    def _absent(self, name: str) -> PolicyError:
        return PolicyError(
            f"policy {self.spec.name!r} has no {name}.onnx; it has "
            f"{', '.join(f'{graph}.onnx' for graph in self.spec.graphs)}"
        )


def graph_inputs(spec: PolicySpec, graph: str) -> tuple[str, ...]:
    """Names of a graph's inputs."""
    return tuple(one.name for one in _signature(spec, graph, ())[0])


def graph_output(spec: PolicySpec, graph: str) -> tuple[int, ...]:
    """Shape of a graph's output after the batch axis; not of ``encode``, whose shape is free."""
    return tuple(size for size in _signature(spec, graph, ())[1].shape if size is not None)


def _signature(
    spec: PolicySpec, graph: str, condition: tuple[int | None, ...]
) -> tuple[list[Tensor], Tensor]:
    """Inputs and output of a graph, as policy.yaml implies them."""
    actions = (spec.horizons.prediction, spec.action_size)
    sample, known = Tensor("x", FLOAT, spec.chunk), Tensor(CONDITION, FLOAT, condition)
    length: tuple[int, ...] = ()
    if spec.sampler is not None and spec.sampler.prefix:
        length = (spec.chunk[0],)
    time = Tensor("t", ("int64", "float32"), length)
    fast = [_tensor(one) for one in spec.fast_inputs]
    latent, elapsed = Tensor("latent", FLOAT, spec.chunk), Tensor("elapsed", FLOAT, ())
    base = Tensor("base", FLOAT, (spec.action_size,))
    observed = [_tensor(one) for one in spec.inputs]
    signatures: dict[str, tuple[list[Tensor], tuple[int | None, ...]]] = {
        "predict": (observed, actions),
        "encode": (observed, condition),
        "denoise": ([sample, time, known], spec.chunk),
        "decode": ([latent, elapsed, *fast], actions),
        "residual": ([base, *fast], (spec.action_size,)),
        "critic": ([known, sample], ()),
        "energy": ([known, sample], ()),
    }
    inputs, output = signatures[graph]
    return inputs, Tensor(OUTPUTS[graph], FLOAT, output)


def _tensor(one: InputSpec) -> Tensor:
    return Tensor(one.name, (one.dtype,), one.array_shape)


def _check_time(spec: PolicySpec, denoise: Graph, folder: Path) -> None:
    """A time for each token, or one for all of them; and no fractions in whole numbers."""
    if "t" not in denoise.inputs:
        return
    sampler, file = spec.require_sampler(), folder / "denoise.onnx"
    axes, prefix = len(denoise.inputs["t"][1]) - 1, sampler.prefix
    if axes != prefix:
        kinds = {False: "one time per sample, t [batch]", True: "one per token, t [batch, length]"}
        found = kinds[bool(axes)] if axes in (0, 1) else f"t with {axes + 1} axes"
        raise BundleError(
            f"{file}: the graph takes {found}; 'sampler.prefix: {str(prefix).lower()}' in "
            f"policy.yaml means {kinds[prefix]}. Change one of them"
        )
    whole = denoise.dtype("t") == np.int64
    if sampler.kind == "flow" and whole and sampler.time_scale < sampler.inference_steps:
        raise BundleError(
            f"{file}: t is int64, but with 'sampler.time_scale: {sampler.time_scale:g}' the times "
            f"of {sampler.inference_steps} steps are fractions. Export t as float32, or say by "
            "what the graph's time is scaled"
        )


def _repeated(feed: Arrays) -> Arrays:
    """With each array of batch 1 repeated to the batch of the others."""
    batch = max(len(value) for value in feed.values())
    return {
        name: value if len(value) == batch else np.repeat(value, batch, axis=0)
        for name, value in feed.items()
    }


def _condition_shape(encode: Graph | None, folder: Path) -> tuple[int | None, ...]:
    """Shape of the condition after the batch axis, as the encode graph declares it."""
    if encode is None:
        return ()
    if CONDITION not in encode.outputs:
        raise BundleError(
            f"{folder / 'encode.onnx'}: the graph has no output {CONDITION!r}; it has "
            f"{', '.join(encode.outputs)}. Rename it at export"
        )
    _, *sizes = encode.outputs[CONDITION][1]
    return tuple(size if isinstance(size, int) else None for size in sizes)
