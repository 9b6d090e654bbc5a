"""A diffusion policy's two graphs as functions: observation to condition, noise in a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import PolicySpec
from takt_policy.errors import BundleError
from takt_policy.graphs import DEFAULT_PROVIDERS, Graph, Tensor
from takt_policy.samplers.base import Float, Sampler

Arrays = Mapping[str, npt.NDArray[Any]]

CONDITION = "condition"
PREDICTION = "prediction"


class DiffusionModel:
    """``encode.onnx`` and ``denoise.onnx``, opened and checked against policy.yaml.

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
        self.encode_graph = Graph(folder / "encode.onnx", providers, threads)
        self.denoise_graph = Graph(folder / "denoise.onnx", providers, threads)
        chunk = (spec.horizons.prediction, spec.action_size)
        self.encode_graph.check(
            [Tensor(one.name, (one.dtype,), (one.history, *one.shape)) for one in spec.inputs],
            [Tensor(CONDITION, ("float32",), _condition_shape(self.encode_graph, folder))],
        )
        self.denoise_graph.check(
            [
                Tensor("x", ("float32",), chunk),
                Tensor("t", ("int64", "float32"), ()),
                Tensor(CONDITION, ("float32",), _condition_shape(self.encode_graph, folder)),
            ],
            [Tensor(PREDICTION, ("float32",), chunk)],
        )
        self.chunk = chunk
        self._level_dtype = self.denoise_graph.dtype("t")

    @property
    def provider(self) -> str:
        return self.denoise_graph.provider

    def encode(self, arrays: Arrays) -> Float:
        """The condition (B, ...) of observations (B, history, *shape)."""
        return np.asarray(self.encode_graph.run(arrays)[CONDITION], np.float32)

    def predict(self, sample: Float, levels: npt.ArrayLike, condition: Float) -> Float:
        """The network's prediction (B, H, D) for samples at noise levels (B,)."""
        feed = {
            "x": sample,
            "t": np.asarray(levels, self._level_dtype),
            CONDITION: condition,
        }
        return np.asarray(self.denoise_graph.run(feed)[PREDICTION], np.float32)

    def draw(self, condition: Float, sampler: Sampler, rng: np.random.Generator) -> Float:
        """Chunks (B, H, D) for conditions (B, ...), in normalised action space."""
        batch = condition.shape[0]

        def predict(sample: Float, level: int) -> Float:
            return self.predict(sample, np.full(batch, level), condition)

        initial = rng.standard_normal((batch, *self.chunk), dtype=np.float32)
        return sampler.draw(predict, initial, rng)


def _condition_shape(encode: Graph, folder: Path) -> tuple[int | None, ...]:
    """Shape of the condition after the batch axis, as the encode graph declares it."""
    if CONDITION not in encode.outputs:
        raise BundleError(
            f"{folder / 'encode.onnx'}: the graph has no output {CONDITION!r}; it has "
            f"{', '.join(encode.outputs)}. Rename it at export"
        )
    _, *sizes = encode.outputs[CONDITION][1]
    return tuple(size if isinstance(size, int) else None for size in sizes)
