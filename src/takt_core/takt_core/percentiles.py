"""Latencies are reported as percentiles, never as means alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np


def summary(values: Iterable[float]) -> dict[str, float]:
    """``count``, ``p50``, ``p95``, ``p99`` and ``max`` in the unit of the values.

    Without values the count is 0 and the rest NaN.
    """
    array = np.fromiter(values, dtype=np.float64)
    if array.size == 0:
        nan = float("nan")
        return {"count": 0, "p50": nan, "p95": nan, "p99": nan, "max": nan}
    p50, p95, p99 = np.percentile(array, [50, 95, 99])
    return {
        "count": int(array.size),
        "p50": float(p50),
        "p95": float(p95),
        "p99": float(p99),
        "max": float(array.max()),
    }


class Window:
    """The last ``capacity`` values of one quantity."""

    def __init__(self, capacity: int = 1000) -> None:
        self._values: deque[float] = deque(maxlen=capacity)

    def add(self, value: float) -> None:
        self._values.append(value)

    def summary(self) -> dict[str, float]:
        return summary(self._values)
