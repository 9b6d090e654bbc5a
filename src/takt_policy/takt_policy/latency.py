"""Latencies of chunks, measured on every chunk and reported as percentiles."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.chunk import ActionChunk
from takt_core.percentiles import Window

NAMES = ("observation_age", "inference", "publishing", "end_to_end", "reflex", "touch_to_action")


@dataclass(frozen=True)
class Latency:
    """One latency over the last thousand chunks [ms]."""

    name: str
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class LatencyReport:
    """From a camera's shutter to a published chunk, in parts.

    ``observation_age``: from the oldest of the streams' newest samples to the start of
    inference. ``inference``: on a steady clock. ``publishing``: from the end of inference until
    the chunk is out, on a steady clock. ``end_to_end``: from that oldest sample to publishing,
    in ROS time. ``reflex``: one reflex on a steady clock. ``touch_to_action``: from the fast
    observation to the revision that it led to, in ROS time.
    """

    def __init__(self) -> None:
        self._windows = {name: Window() for name in NAMES}
        self._report: tuple[Latency, ...] | None = ()

    def add(self, chunk: ActionChunk, publishing_ns: int) -> None:
        self._windows["observation_age"].add(
            (chunk.inference_start_ns - chunk.observed_oldest_ns) * 1e-6
        )
        self._windows["inference"].add(chunk.inference_wall_ns * 1e-6)
        self._windows["publishing"].add(publishing_ns * 1e-6)
        self._report = None
        self._windows["end_to_end"].add((chunk.published_ns - chunk.observed_oldest_ns) * 1e-6)

    def add_reflex(self, chunk: ActionChunk) -> None:
        """Of a revision of a chunk."""
        self._windows["reflex"].add(chunk.inference_wall_ns * 1e-6)
        self._windows["touch_to_action"].add((chunk.published_ns - chunk.reflex_ns) * 1e-6)
        self._report = None

    def report(self) -> tuple[Latency, ...]:
        """Those that were measured at all. Cheap unless a chunk has come since the last call."""
        if self._report is None:
            self._report = self._summarise()
        return self._report

    def _summarise(self) -> tuple[Latency, ...]:
        found = []
        for name, window in self._windows.items():
            summary = window.summary()
            if summary["count"]:
                found.append(
                    Latency(
                        name,
                        int(summary["count"]),
                        summary["p50"],
                        summary["p95"],
                        summary["p99"],
                        summary["max"],
                    )
                )
        return tuple(found)
