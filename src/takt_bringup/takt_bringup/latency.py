"""Where the time of a chunk goes, from the stamps that it carries."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from takt_core.percentiles import summary

PARTS = (
    "observation_age",
    "oldest_input",
    "inference",
    "inference_wall",
    "publishing",
    "end_to_end",
)
_EXPLANATIONS = {
    "observation_age": "newest sample to start of inference",
    "oldest_input": "the same for the stream that lagged most",
    "inference": "start to end",
    "inference_wall": "the same on a wall clock",
    "publishing": "end of inference to the message",
    "end_to_end": "newest sample to the message",
}


def _ns(stamp: Any) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def parts_ms(chunk: Any) -> dict[str, float]:
    """Return the parts of one ActionChunk message [ms], live or decoded from a bag."""
    newest, oldest = _ns(chunk.observed_newest), _ns(chunk.observed_oldest)
    start, end = _ns(chunk.inference_start), _ns(chunk.inference_end)
    published = _ns(chunk.header.stamp)
    wall = int(chunk.inference_wall_ns)
    spans = (
        *(start - newest, start - oldest),
        *(end - start, wall),
        *(published - end, published - newest),
    )
    return {name: span / 1e6 for name, span in zip(PARTS, spans, strict=True)}


def percentiles(chunks: Iterable[Any]) -> dict[str, dict[str, float]]:
    """Return percentiles over chunks by part [ms]."""
    found = [parts_ms(chunk) for chunk in chunks]
    return {name: summary([parts[name] for parts in found]) for name in PARTS}


def table(report: dict[str, dict[str, float]]) -> str:
    """Return the report for people."""
    head = f"{'[ms]':<17}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}"
    rows = [head]
    for name, values in report.items():
        cells = "".join(
            f"{'-' if math.isnan(values[key]) else format(values[key], '.1f'):>8}"
            for key in ("p50", "p95", "p99", "max")
        )
        rows.append(f"{name:<17}{cells}   {_EXPLANATIONS[name]}")
    return "\n".join(rows)
