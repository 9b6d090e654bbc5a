"""When a sensor with its own rate is due."""

from __future__ import annotations


class Due:
    """Counts the periods of one sensor from the start of an episode, without drift.

    Args:
        rate_hz: measurements per second.
        start_ns: time of the first one, but for the phase.
        phase_s: delay of the first one.
    """

    def __init__(self, rate_hz: float, start_ns: int, phase_s: float = 0.0) -> None:
        self._period_s = 1.0 / rate_hz
        self._first_ns = start_ns + round(phase_s * 1e9)
        self._count = 0
        self._next_ns = self._first_ns

    def is_due(self, now_ns: int) -> bool:
        return now_ns >= self._next_ns

    def take(self, now_ns: int) -> bool:
        """Whether a measurement is due now; the next one is then due a period later."""
        if not self.is_due(now_ns):
            return False
        self._count += 1
        self._next_ns = self._first_ns + round(self._count * self._period_s * 1e9)
        return True
