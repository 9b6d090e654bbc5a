"""Stamped samples and the buffer that answers "what was it at this time?"."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose, interpolate_pose

Value = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """What one stream measured at one time.

    Attributes:
        stream: the topic's relative name, e.g. ``wrist_camera/image_raw``.
        stamp_ns: ROS time of the measurement [ns].
        features: named arrays, e.g. ``tcp_pose`` (7,) or ``image`` (H, W, 3).
    """

    stream: str
    stamp_ns: int
    features: Mapping[str, Value]


class TimedBuffer:
    """The last ``capacity`` values of one stream, in the order of their stamps.

    A value that arrives late is put where its stamp belongs; one with a stamp that is
    already there replaces it.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity {capacity} is not at least 1")
        self._capacity = capacity
        self._stamps_ns: list[int] = []
        self._values: list[Value] = []

    def __len__(self) -> int:
        return len(self._stamps_ns)

    def clear(self) -> None:
        self._stamps_ns.clear()
        self._values.clear()

    def append(self, stamp_ns: int, value: Value) -> None:
        index = bisect_left(self._stamps_ns, stamp_ns)
        if index < len(self._stamps_ns) and self._stamps_ns[index] == stamp_ns:
            self._values[index] = value
            return
        self._stamps_ns.insert(index, stamp_ns)
        self._values.insert(index, value)
        if len(self._stamps_ns) > self._capacity:
            del self._stamps_ns[0]
            del self._values[0]

    @property
    def latest_ns(self) -> int | None:
        """Stamp of the newest value [ns]."""
        return self._stamps_ns[-1] if self._stamps_ns else None

    @property
    def latest(self) -> tuple[int, Value] | None:
        return (self._stamps_ns[-1], self._values[-1]) if self._stamps_ns else None

    def hold(self, time_ns: int, tolerance_ns: int) -> tuple[int, Value] | None:
        """The newest value at or before ``time_ns`` that is at most ``tolerance_ns`` old."""
        index = bisect_right(self._stamps_ns, time_ns) - 1
        if index < 0 or time_ns - self._stamps_ns[index] > tolerance_ns:
            return None
        return self._stamps_ns[index], self._values[index]

    def linear(self, time_ns: int, tolerance_ns: int) -> tuple[int, Value] | None:
        """Interpolated between neighbours; see ``_around`` for the tolerance."""
        around = self._around(time_ns, tolerance_ns)
        if around is None:
            return None
        before, after, fraction, stamp_ns = around
        first, last = self._values[before], self._values[after]
        return stamp_ns, np.asarray(first + fraction * (last - first), dtype=np.float64)

    def pose(self, time_ns: int, tolerance_ns: int) -> tuple[int, Value] | None:
        """As ``linear`` for poses (7,): position straight, rotation along the arc."""
        around = self._around(time_ns, tolerance_ns)
        if around is None:
            return None
        before, after, fraction, stamp_ns = around
        first = Pose.from_array7(self._values[before])
        last = Pose.from_array7(self._values[after])
        return stamp_ns, interpolate_pose(first, last, fraction).array7()

    def _around(self, time_ns: int, tolerance_ns: int) -> tuple[int, int, float, int] | None:
        """Indices of both neighbours, the fraction between them, and the stamp to report.

        Past the newest value, that value is held for at most ``tolerance_ns``; neighbours
        that are farther apart than twice the tolerance are a hole, not a line.
        """
        after = bisect_left(self._stamps_ns, time_ns)
        if after < len(self._stamps_ns) and self._stamps_ns[after] == time_ns:
            return after, after, 0.0, time_ns
        if after == 0:
            return None
        before = after - 1
        before_ns = self._stamps_ns[before]
        if after == len(self._stamps_ns):
            held = time_ns - before_ns <= tolerance_ns
            return (before, before, 0.0, before_ns) if held else None
        span_ns = self._stamps_ns[after] - before_ns
        if span_ns > 2 * tolerance_ns:
            return None
        return before, after, (time_ns - before_ns) / span_ns, time_ns
