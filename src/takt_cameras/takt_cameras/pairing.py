"""Puts together what two sensors of one device saw at the same time."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Pairing(Generic[A, B]):
    """Pairs each first (colour) with the second (depth) nearest to it in time.

    A first waits until a second has come that is no more than half the tolerance before it:
    stamps of one exposure differ by that jitter, and a nearer one can then hardly follow.
    """

    def __init__(self, tolerance_ms: float, capacity: int = 8) -> None:
        self._tolerance_ms = tolerance_ms
        self._firsts: deque[tuple[float, A]] = deque(maxlen=capacity)
        self._seconds: deque[tuple[float, B]] = deque(maxlen=capacity)
        self.unpaired = 0

    def push_first(self, stamp_ms: float, value: A) -> list[tuple[A, B]]:
        if len(self._firsts) == self._firsts.maxlen:
            self.unpaired += 1
        self._firsts.append((stamp_ms, value))
        return self._ready()

    def push_second(self, stamp_ms: float, value: B) -> list[tuple[A, B]]:
        self._seconds.append((stamp_ms, value))
        return self._ready()

    def _ready(self) -> list[tuple[A, B]]:
        pairs = []
        while self._firsts and self._seconds:
            stamp, value = self._firsts[0]
            if self._seconds[-1][0] < stamp - self._tolerance_ms / 2:
                break
            self._firsts.popleft()
            nearest, second = min(self._seconds, key=lambda item: abs(item[0] - stamp))
            if abs(nearest - stamp) <= self._tolerance_ms:
                pairs.append((value, second))
                while self._seconds[0][0] < nearest:
                    self._seconds.popleft()
            else:
                self.unpaired += 1
        return pairs
