"""How far a changed bundle is from the original, on the original's golden inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from takt_policy.actions import ActionCodec
from takt_policy.bundle import Bundle
from takt_policy.golden import golden_fast_observation, golden_observation, whole_chunk
from takt_policy.model import OUTPUTS, Float, PolicyModel, graph_inputs
from takt_policy.prediction import Reference
from takt_policy.tune.observation import golden_observations

SEEDS = 8
"""Chunks that are compared; each begins at another noise."""


@dataclass(frozen=True)
class Difference:
    """Greatest differences.

    Attributes:
        calls: by graph, of one call with the same inputs, in its own units.
        chunk: of whole chunks, in normalised units.
        position_mm: of the tool's positions in them [mm]; None for a policy that commands joints,
            whose positions only the robot's kinematics know.
    """

    calls: dict[str, float]
    chunk: float
    position_mm: float | None

    @property
    def call(self) -> float:
        return max(self.calls.values())

    def words(self) -> str:
        where = "" if self.position_mm is None else f", its positions by {self.position_mm:.2f} mm"
        return (
            f"on the golden inputs a call differs by at most {self.call:.1e}, a chunk by "
            f"{self.chunk:.1e} (normalised){where}"
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
    pairs = [
        (
            whole_chunk(original, observation, fast, seed),
            whole_chunk(changed, observation, fast, seed),
        )
        for seed in range(SEEDS if "denoise" in bundle.spec.graphs else 1)
    ]
    chunk = max(float(np.max(np.abs(one - two))) for one, two in pairs)
    return Difference(calls, chunk, _position_mm(bundle, pairs))


def _position_mm(bundle: Bundle, pairs: Sequence[tuple[Float, Float]]) -> float | None:
    if any(group.kind == "joints" for group in bundle.spec.actions):
        return None
    codec = ActionCodec.of(bundle)
    reference = Reference.of(golden_observations(bundle)[0])
    apart = [
        reference.decode(codec, one).poses[:, :3] - reference.decode(codec, two).poses[:, :3]
        for one, two in pairs
    ]
    return float(np.max(np.linalg.norm(apart, axis=-1))) * 1e3
