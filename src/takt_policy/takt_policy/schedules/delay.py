"""How long the next plan will take: the slowest of the last few."""

from __future__ import annotations

from collections import deque


class DelayEstimate:
    """Greatest of the last measured delays.

    The first plans of a process are slow for reasons that do not come again (allocation,
    caches); so a policy is warmed up before, or its first plan is not counted.

    Args:
        initial_ns: expected until something was measured [ns].
        window: number of measurements that count.
        skip: number of first measurements that do not count.
    """

    def __init__(self, initial_ns: int, window: int = 10, skip: int = 0) -> None:
        self._initial_ns = initial_ns
        self._skip = skip
        self._measured_ns: deque[int] = deque(maxlen=window)

    def add(self, delay_ns: int) -> None:
        if self._skip > 0:
            self._skip -= 1
            return
        self._measured_ns.append(delay_ns)

    @property
    def measured(self) -> bool:
        """Whether anything was measured."""
        return bool(self._measured_ns)

    @property
    def expected_ns(self) -> int:
        return max(self._measured_ns, default=self._initial_ns)
