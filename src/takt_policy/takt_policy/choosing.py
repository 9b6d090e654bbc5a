"""Which of the candidates is taken, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from takt_policy.actions import Actions
from takt_policy.bundle.schema import Horizons
from takt_policy.execution import Execution
from takt_policy.guidance.anchor import Anchor
from takt_policy.guidance.choose import best_by_value, coherence
from takt_policy.model import PolicyModel
from takt_policy.samplers import Float
from takt_policy.uncertainty import Spread, spread


@dataclass(frozen=True, eq=False)
class Candidates:
    """Of one chunk, N of them.

    Attributes:
        samples: (N, L, S) as sampled.
        raw: (N, H, D) normalised actions; the samples themselves, or decoded.
        condition: (1, ...) of the observation; None for a direct policy.
    """

    samples: Float
    raw: Float
    condition: Float | None


def choose(
    candidates: Candidates,
    anchor: Anchor | None,
    execution: Execution,
    model: PolicyModel,
    rng: np.random.Generator,
) -> tuple[int, tuple[float, ...]]:
    """Index of the candidate to take, and all scores it was chosen by."""
    if execution.choose == "critic" and candidates.condition is not None:
        values = model.value(candidates.condition, candidates.samples)
        best = best_by_value(values, execution.critic_temperature, rng)
        return best, tuple(float(one) for one in values)
    if execution.choose == "coherence" and anchor is not None:
        scores = coherence(candidates.raw, anchor, execution.coherence_decay)
        return int(np.argmax(scores)), tuple(float(one) for one in scores)
    return 0, ()


def measure(
    candidates: Candidates,
    index: int,
    decode: Callable[[Float], Actions],
    execution: Execution,
    model: PolicyModel,
    horizons: Horizons,
) -> tuple[float, Spread | None]:
    """Uncertainty of the chunk, and the candidates' spread if that is how it is measured."""
    if execution.uncertainty == "energy" and candidates.condition is not None:
        chosen = candidates.samples[index : index + 1]
        return float(model.energy(candidates.condition, chosen)[0]), None
    if execution.uncertainty == "spread":
        found = spread([decode(one) for one in candidates.raw])
        executed = found.position_m[horizons.first :][: horizons.execute]
        return float(np.sqrt(np.mean(executed**2))), found
    return math.nan, None
