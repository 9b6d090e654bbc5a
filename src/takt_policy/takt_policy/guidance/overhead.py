"""What guidance costs beyond plain sampling, measured side by side."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.bundle import Bundle
from takt_policy.engine import PolicyEngine
from takt_policy.execution import Execution
from takt_policy.golden import golden_observation
from takt_policy.rehearsal import example_observation

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GuidanceOverhead:
    """Real-time chunking against plain sampling of the same bundle.

    Attributes:
        extra_calls: network calls of a guided chunk less those of a plain one.
        plain_ms, guided_ms: median CPU time of this thread for a chunk [ms], which others on the
            machine leave alone.
        ratio: median of guided over plain, pair by pair.
        ratio_wall: the same by the wall clock.
    """

    extra_calls: int
    plain_ms: float
    guided_ms: float
    ratio: float
    ratio_wall: float


def guidance_overhead(bundle: Bundle, rounds: int = 100) -> GuidanceOverhead:
    """Plans the golden observation with and without guidance, in turns.

    Args:
        bundle: of family diffusion or flow, without a decoder.

    Raises:
        PolicyError: the bundle cannot be guided.
    """
    plain = PolicyEngine(bundle)
    guided = PolicyEngine(bundle, Execution(schedule="rtc", rtc_mode="guidance"))
    horizons = bundle.spec.horizons
    observation = example_observation(bundle.spec, golden_observation(bundle))
    previous = plain.plan(observation, draw=0)
    later = replace(observation, reference_ns=(horizons.execute // 2) * horizons.step_ns)
    commit_ns = later.reference_ns + 2 * horizons.step_ns
    # Columns: plain and guided; last axis: CPU and wall time.
    spent = np.empty((rounds, 2, 2))
    calls = [0, 0]
    for index in range(-3, rounds):
        for column, engine in enumerate((plain, guided)):
            start = time.thread_time(), time.perf_counter()
            chunk = engine.plan(later, draw=1, previous=previous, commit_ns=commit_ns)
            end = time.thread_time(), time.perf_counter()
            calls[column] = chunk.network_calls
            if index >= 0:
                spent[index, column] = np.subtract(end, start) * 1e3
    ratios = np.median(spent[:, 1] / spent[:, 0], axis=0)
    medians = np.median(spent[..., 0], axis=0)
    return GuidanceOverhead(
        extra_calls=calls[1] - calls[0],
        plain_ms=float(medians[0]),
        guided_ms=float(medians[1]),
        ratio=float(ratios[0]),
        ratio_wall=float(ratios[1]),
    )
