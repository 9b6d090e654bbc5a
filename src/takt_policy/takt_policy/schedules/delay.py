"""How long the next plan will take: the slowest of the last few."""

from __future__ import annotations

from collections import deque


class DelayEstimate:
    """Greatest of the last measured delays.

    The first plans of a process are slow for reasons that do not come again (allocation,
    caches); the caller warms up before it measures, so they never enter.

    Args:
        initial_ns: expected until something was measured [ns].
        window: number of measurements that count.
    """

    def __init__(self, initial_ns: int, window: int = 10) -> None:
        self._initial_ns = initial_ns
        self._measured_ns: deque[int] = deque(maxlen=window)

    def add(self, delay_ns: int) -> None:
        self._measured_ns.append(delay_ns)

    @property
    def expected_ns(self) -> int:
        return max(self._measured_ns, default=self._initial_ns)
