"""Measuring several things so that they see the same machine: in turn, not one after the other."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Key = TypeVar("Key", bound=Hashable)

FEWEST_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class Times:
    """Times of one thing [ms], in the order of the rounds, so that two can be subtracted."""

    ms: npt.NDArray[np.float64]

    @property
    def median(self) -> float:
        return float(np.median(self.ms))

    @property
    def p95(self) -> float:
        return float(np.percentile(self.ms, 95))

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles [ms]."""
        low, high = np.percentile(self.ms, (25, 75))
        return float(high - low) / 2

    def over(self, other: Times) -> float:
        """Median of how much longer this took than ``other`` in the same round [ms]."""
        return float(np.median(self.ms - other.ms))

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "median_ms": round(self.median, 5),
            "spread_ms": round(self.spread, 5),
            "p95_ms": round(self.p95, 5),
            "rounds": len(self.ms),
        }


def interleaved(
    works: Mapping[Key, Callable[[], object]],
    rounds: int,
    seconds: float = 60.0,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Key, Times]:
    """Runs everything once per round, in an order that changes, after two rounds that don't count.

    Args:
        rounds: at most.
        seconds: begin no round later than that, but make at least five.
    """
    order = list(works)
    shuffle = random.Random(0)
    taken: dict[Key, list[float]] = {key: [] for key in order}
    for key in order * 2:
        works[key]()
    begin = clock()
    for count in range(max(rounds, 1)):
        if count >= FEWEST_ROUNDS and clock() - begin > seconds:
            break
        shuffle.shuffle(order)
        for key in order:
            start = clock()
            works[key]()
            taken[key].append((clock() - start) * 1e3)
    return {key: Times(np.array(values)) for key, values in taken.items()}
