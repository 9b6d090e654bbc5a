"""Brings streams of different rates and delays to common times.

A policy sees its inputs at one reference time and, with history, at equal steps before it.
Each input says how it is brought there and how old it may be; what cannot be met is named
and nothing is made up for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.streams import Sample, TimedBuffer

Method = Literal["hold", "linear", "pose"]


@dataclass(frozen=True)
class StreamSpec:
    """How one feature of one stream enters an observation.

    Attributes:
        name: of the aligned array.
        stream: relative topic name.
        feature: name within the sample.
        history: number of times, the last one being the reference time.
        period_ns: time between them [ns].
        method: ``hold`` the newest value before, interpolate ``linear``, or as a ``pose``.
        tolerance_ns: greatest age of a held value [ns].
        latency_ns: delay of the sensor that its driver did not take off the stamps [ns].
    """

    name: str
    stream: str
    feature: str
    history: int
    period_ns: int
    method: Method
    tolerance_ns: int
    latency_ns: int = 0

    def __post_init__(self) -> None:
        if self.history < 1 or self.period_ns <= 0 or self.tolerance_ns <= 0 or self.latency_ns < 0:
            raise TaktError(
                f"input {self.name!r}: history {self.history}, period {self.period_ns} ns, "
                f"tolerance {self.tolerance_ns} ns, latency {self.latency_ns} ns; allowed are "
                "history >= 1, period > 0, tolerance > 0, latency >= 0"
            )
        if self.method not in ("hold", "linear", "pose"):
            raise TaktError(
                f"input {self.name!r}: alignment {self.method!r}; allowed are hold, linear, pose"
            )


@dataclass(frozen=True, eq=False)
class Aligned:
    """An observation at one reference time.

    Attributes:
        reference_ns: the common time [ns].
        arrays: name to array (history, ...), oldest first.
        newest_ns: stamp of the newest sample in it [ns].
        oldest_ns: among each stream's newest sample, the oldest stamp [ns].
    """

    reference_ns: int
    arrays: dict[str, npt.NDArray[Any]]
    newest_ns: int
    oldest_ns: int


@dataclass(frozen=True)
class Missing:
    """Why there is no observation: a name for the operator, never an empty array."""

    stream: str
    reason: str


class Aligner:
    """Collects samples and gives observations aligned to a reference time.

    Args:
        specs: the inputs; two may read the same stream.
        margin_s: how much longer than its history a stream is remembered [s].
        max_rate_hz: bound on the rate of a stream, for the size of the buffers [Hz].
    """

    def __init__(
        self, specs: Sequence[StreamSpec], margin_s: float = 1.0, max_rate_hz: float = 1000.0
    ) -> None:
        self.specs = tuple(specs)
        self._buffers: dict[tuple[str, str], TimedBuffer] = {}
        for spec in self.specs:
            span_s = spec.history * spec.period_ns * 1e-9 + margin_s
            rate_hz = 100.0 if spec.feature in ("image", "depth") else max_rate_hz
            capacity = max(4, int(span_s * rate_hz))
            known = self._buffers.get((spec.stream, spec.feature))
            if known is None or known._capacity < capacity:
                self._buffers[(spec.stream, spec.feature)] = TimedBuffer(capacity)
        self._latency_ns: dict[tuple[str, str], int] = {}
        for spec in self.specs:
            key = (spec.stream, spec.feature)
            known_ns = self._latency_ns.setdefault(key, spec.latency_ns)
            if known_ns != spec.latency_ns:
                raise TaktError(
                    f"input {spec.name!r}: latency of {spec.stream!r} is {spec.latency_ns} ns, for "
                    f"another input {known_ns} ns; allowed is one for the same stream and feature"
                )

    def clear(self) -> None:
        """Forgets everything, as after a reset of time or of the task."""
        for buffer in self._buffers.values():
            buffer.clear()

    def push(self, sample: Sample) -> None:
        """Takes the features that some input asks for; others cost nothing.

        Raises:
            TaktError: the sample lacks a feature that an input reads from its stream.
        """
        for (stream, feature), buffer in self._buffers.items():
            if stream != sample.stream:
                continue
            if feature not in sample.features:
                raise TaktError(
                    f"stream {stream!r} has no feature {feature!r}; "
                    f"it has {', '.join(sorted(sample.features))}. Change the input's feature"
                )
            stamp_ns = sample.stamp_ns - self._latency_ns[(stream, feature)]
            buffer.append(stamp_ns, sample.features[feature])

    def align(self, reference_ns: int) -> Aligned | Missing:
        """The observation at ``reference_ns``, or the first input that cannot be had."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        newest: list[int] = []
        for spec in self.specs:
            buffer = self._buffers[(spec.stream, spec.feature)]
            values: list[npt.NDArray[Any]] = []
            for back in range(spec.history - 1, -1, -1):
                time_ns = reference_ns - back * spec.period_ns
                found = getattr(buffer, spec.method)(time_ns, spec.tolerance_ns)
                if found is None:
                    return Missing(spec.stream, _why(spec, buffer, time_ns))
                values.append(found[1])
                last_ns = found[0]
            arrays[spec.name] = np.stack(values)
            newest.append(last_ns)
        if not newest:
            raise TaktError("an observation without inputs was asked for")
        return Aligned(reference_ns, arrays, max(newest), min(newest))


def _why(spec: StreamSpec, buffer: TimedBuffer, time_ns: int) -> str:
    latest_ns = buffer.latest_ns
    if latest_ns is None:
        return f"input {spec.name!r}: nothing received on {spec.stream!r} yet"
    age_ms = (time_ns - latest_ns) / 1e6
    tolerance_ms = spec.tolerance_ns / 1e6
    if age_ms > tolerance_ms:
        return (
            f"input {spec.name!r}: the newest sample on {spec.stream!r} is {age_ms:.0f} ms old, "
            f"allowed are {tolerance_ms:.0f} ms"
        )
    side = "after" if age_ms > 0.0 else "before"
    return (
        f"input {spec.name!r}: {spec.stream!r} has no sample within {tolerance_ms:.0f} ms of "
        f"a time {abs(age_ms):.0f} ms {side} its newest one (a gap, or too little history yet)"
    )
