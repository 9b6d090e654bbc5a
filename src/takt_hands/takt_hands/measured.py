"""The last known motion of all joints, and how regularly it comes."""

from __future__ import annotations

from collections import deque

import numpy as np

from takt_hands.motors import Mask, Motion

_WINDOW_NS = 1_000_000_000


class Measured:
    """Keeps what each joint said last.

    Attributes:
        motion: of all joints; NaN for those that never answered.
        stamp_ns: of the latest reading.
        reads, failed_reads: cycles, and those in which an answer was missing or broken.
    """

    def __init__(self, count: int) -> None:
        unknown, nobody = np.full(count, np.nan), np.zeros(count, dtype=bool)
        self.motion = Motion(unknown, unknown, unknown, nobody, nobody, 0)
        self.stamp_ns = 0
        self.reads = self.failed_reads = 0
        self._recent: deque[int] = deque()

    def add(self, motion: Motion, watched: Mask, begin_ns: int, end_ns: int) -> None:
        """A reading that took from begin to end, of the joints that are watched."""
        self.reads += 1
        self.failed_reads += bool(motion.broken or (watched & ~motion.answered).any())
        if motion.answered.any():
            self.stamp_ns = (begin_ns + end_ns) // 2
            self._recent.append(end_ns)
        answered, old = motion.answered, self.motion
        self.motion = Motion(
            np.where(answered, motion.position, old.position),
            np.where(answered, motion.velocity, old.velocity),
            np.where(answered, motion.current, old.current),
            answered,
            motion.alert,
            motion.broken,
        )

    def rate_hz(self, now_ns: int) -> float:
        """Of readings with an answer, over the last second."""
        while self._recent and not 0 <= now_ns - self._recent[0] <= _WINDOW_NS:
            self._recent.popleft()
        if len(self._recent) < 2:
            return 0.0
        return (len(self._recent) - 1) * 1e9 / max(1, self._recent[-1] - self._recent[0])
