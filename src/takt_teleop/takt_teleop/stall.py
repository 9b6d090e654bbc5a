"""Is it the others who are silent, or has this node itself been held up?"""

from __future__ import annotations

_TICKS = 3


class StallWatch:
    """Notices when ticks come late.

    A node that was held up has not heard yet what waits in its queues. For one tick it must
    judge nobody silent; not for longer, or a slow node would never judge.
    """

    def __init__(self, tick_ns: int, now_ns: int) -> None:
        self._limit_ns = _TICKS * tick_ns
        self._tick_ns = now_ns
        self._is_catching_up = False

    def restart(self, now_ns: int) -> None:
        self._tick_ns = now_ns
        self._is_catching_up = False

    def tick(self, now_ns: int) -> None:
        """To be called at each tick, before judging."""
        stalled = now_ns - self._tick_ns > self._limit_ns
        self._is_catching_up = stalled and not self._is_catching_up
        self._tick_ns = now_ns

    def is_catching_up(self, now_ns: int) -> bool:
        return self._is_catching_up or now_ns - self._tick_ns > self._limit_ns
