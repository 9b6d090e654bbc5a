"""When to look again for a port that is gone."""

from __future__ import annotations


class Backoff:
    """Attempts that come later and later.

    Attributes:
        lost_ns: since when it is gone; None while it is there.
    """

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s, self._last_s = first_s, last_s
        self._wait_s = first_s
        self._next_ns = 0
        self.lost_ns: int | None = None

    def lose(self, now_ns: int) -> None:
        self.lost_ns = now_ns
        self._wait_s = self._first_s
        self.later(now_ns)

    def due(self, now_ns: int) -> bool:
        """Whether it is time for an attempt; also when the clock was set back."""
        return not 0 < self._next_ns - now_ns <= round(self._last_s * 1e9)

    def later(self, now_ns: int) -> None:
        """An attempt failed."""
        self._next_ns = now_ns + round(self._wait_s * 1e9)
        self._wait_s = min(2.0 * self._wait_s, self._last_s)

    def found(self, now_ns: int) -> float:
        """It is there again; returns for how long it was not [s]."""
        assert self.lost_ns is not None
        lost_s = (now_ns - self.lost_ns) * 1e-9
        self.lost_ns = None
        return lost_s
