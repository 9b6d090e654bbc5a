"""From a device's clock to the host's.

A device's stamp says precisely when, but on its own clock; the arrival at the host is on the
right clock, but late by a delay that varies. The delay is never negative, so the smallest
difference seen is the best estimate of the offset. It is taken over a sliding window because
the two clocks drift apart (quartz: up to 0.1 ms per second).
"""

from __future__ import annotations

from collections import deque

_SECOND_NS = 1_000_000_000


class ClockMap:
    """Estimates host minus device time from pairs of stamps."""

    def __init__(self, window_ns: int = 10 * _SECOND_NS, reset_jump_ns: int = _SECOND_NS) -> None:
        """
        Args:
            window_ns: the age at which a pair is forgotten.
            reset_jump_ns: a difference this far from the estimate means that one of the
                clocks was set; the map starts again.
        """
        self._window_ns = window_ns
        self._reset_jump_ns = reset_jump_ns
        # (device, difference) with rising differences: the first is the minimum of the window.
        self._minima: deque[tuple[int, int]] = deque()
        self._last_device_ns: int | None = None
        self.resets = 0

    def host_ns(self, device_ns: int, arrival_ns: int) -> int:
        """The host's time of a device stamp, given when it arrived; never after the arrival."""
        difference = arrival_ns - device_ns
        if self._jumped(device_ns, difference):
            self._minima.clear()
            self.resets += 1
        self._last_device_ns = device_ns
        while self._minima and self._minima[-1][1] >= difference:
            self._minima.pop()
        self._minima.append((device_ns, difference))
        while self._minima[0][0] < device_ns - self._window_ns:
            self._minima.popleft()
        return device_ns + self._minima[0][1]

    def _jumped(self, device_ns: int, difference: int) -> bool:
        if not self._minima or self._last_device_ns is None:
            return False
        backwards = device_ns < self._last_device_ns - self._reset_jump_ns
        return backwards or abs(difference - self._minima[0][1]) > self._reset_jump_ns
