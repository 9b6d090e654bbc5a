"""How far a changed bundle is from the original, on the original's golden inputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from takt_core.geometry import Pose
from takt_policy.actions import ActionCodec
from takt_policy.bundle import Bundle
from takt_policy.golden import golden_fast_observation, golden_observation, whole_chunk
from takt_policy.model import OUTPUTS, PolicyModel, graph_inputs

SEEDS = 8
"""Chunks that are compared; each begins at another noise."""


@dataclass(frozen=True)
class Difference:
    """Greatest differences.

    Attributes:
        calls: by graph, of one call with the same inputs, in its own units.
        chunk: of whole chunks, in normalised units.
        position_mm: of the tool's positions in them [mm].
    """

    calls: dict[str, float]
    chunk: float
    position_mm: float

    @property
    def call(self) -> float:
        return max(self.calls.values())

    def words(self) -> str:
        return (
            f"on the golden inputs a call differs by at most {self.call:.1e}, a chunk by "
            f"{self.chunk:.1e} (normalised), its positions by {self.position_mm:.2f} mm"
        )

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare(bundle: Bundle, original: PolicyModel, changed: PolicyModel) -> Difference:
    """Runs both models.

    Args:
        bundle: of the original.
    """
    calls = {}
    for name in bundle.spec.graphs:
        feed = {one: bundle.golden[f"{name}.in.{one}"] for one in graph_inputs(bundle.spec, name)}
        one, two = (model.graphs[name].run(feed)[OUTPUTS[name]] for model in (original, changed))
        calls[name] = float(np.max(np.abs(one - two)))
    observation, fast = golden_observation(bundle), golden_fast_observation(bundle)
    codec = ActionCodec.of(bundle)
    chunk = position = 0.0
    for seed in range(SEEDS if "denoise" in bundle.spec.graphs else 1):
        pair = [whole_chunk(model, observation, fast, seed) for model in (original, changed)]
        chunk = max(chunk, float(np.max(np.abs(pair[0] - pair[1]))))
        here, there = (codec.decode(one, Pose.identity()).poses[:, :3] for one in pair)
        position = max(position, float(np.max(np.linalg.norm(here - there, axis=1))))
    return Difference(calls, chunk, position * 1e3)
