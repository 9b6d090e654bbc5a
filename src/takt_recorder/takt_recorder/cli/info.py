"""`takt bag info BAG`: what a bag holds, for a person."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from takt_recorder import episode
from takt_recorder.reader import BagReader

_LATENCIES = ("observation_age", "inference", "publishing", "end_to_end")


def main(arguments: list[str]) -> int:
    """Print a summary of bags."""
    parser = argparse.ArgumentParser(prog="takt bag info", description=__doc__)
    parser.add_argument("bag", nargs="+", type=Path, help="folder of a bag, or its MCAP file")
    for path in parser.parse_args(arguments).bag:
        print("\n".join(summary(path)))
    return 0


def summary(path: Path) -> Iterator[str]:
    """The lines of the summary."""
    reader = BagReader(path)
    yield f"{reader.bag}"
    content = reader.content()
    if reader.cut:
        yield f"  CUT: the recording was not completed; run `takt bag recover {reader.bag}`"
    values = episode.read(reader.bag)
    if values is not None:
        yield from _episode(values)
    start_ns = content.start_ns or 0
    size_mb = reader.path.stat().st_size / 1e6
    yield _line("duration", f"{content.duration_ns / 1e9:.2f} s from {_time(start_ns)}")
    yield _line("size", f"{size_mb:.1f} MB, {content.message_count} messages")
    audit = ((values or {}).get("audit") or {}).get("topics") or {}
    yield from _topics(reader, content.counts, audit)


def _episode(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("cut"):
        yield "  CUT: recovered from a recording that was not completed"
    outcome = values.get("outcome") or "unknown"
    note = f" ({values['note']})" if values.get("note") else ""
    yield _line("outcome", f"{outcome}{note}")
    for name in ("task", "goal", "operator", "device"):
        if values.get(name):
            yield _line(name, str(values[name]))
    tags = values.get("tags") or {}
    if tags:
        yield _line("tags", ", ".join(f"{key}={value}" for key, value in tags.items()))
    policy = values.get("policy") or {}
    if policy.get("name"):
        yield _line("policy", f"{policy['name']} {str(policy.get('hash', ''))[:12]}")
    interventions = values.get("interventions") or []
    total_s = sum(spell["duration_s"] for spell in interventions)
    yield _line("interventions", f"{len(interventions)}, {total_s:.1f} s")
    for spell in interventions:
        after_s = (spell["start_ns"] - values["start_ns"]) / 1e9
        span = f"{spell['mode']} at {after_s:.1f} s for {spell['duration_s']} s"
        yield f"    {span}: {spell['reason']}"
    yield from _latency(values.get("latency_ms") or {})
    versions = values.get("versions") or {}
    if versions:
        revision = str(versions.get("git") or "no git")[:12]
        yield _line(
            "recorded by", f"takt {versions['takt']} ({revision}), ROS 2 {versions['ros_distro']}"
        )


def _latency(latency: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not any(values.get("count") for values in latency.values()):
        return
    yield "  latency of chunks [ms]      p50      p95      p99      max"
    for name in _LATENCIES:
        values = latency.get(name) or {}
        if values.get("count"):
            numbers = "".join(f"{values[key]:9.2f}" for key in ("p50", "p95", "p99", "max"))
            yield f"    {name:<21}{numbers}"


def _topics(
    reader: BagReader, counts: Mapping[str, int], audit: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    names = sorted(set(reader.topics()) | set(audit))
    width = max((len(name) for name in names), default=5)
    yield f"  {'topic':<{width}}  written    lost    gaps  largest [s]       Hz  type"
    for name in names:
        known = audit.get(name) or {}
        topic = reader.topics().get(name)
        kind = topic.type_name if topic else known.get("type", "")
        yield (
            f"  {name:<{width}}  {counts.get(name, 0):7d} {_cell(known.get('lost'), 7)} "
            f"{_cell(known.get('gaps'), 7)} {_cell(known.get('largest_gap_s'), 12, 3)} "
            f"{_cell(known.get('rate_hz'), 8, 1)}  {kind}"
        )


def _cell(value: float | None, width: int, digits: int = 0) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def _line(name: str, text: str) -> str:
    return f"  {name:<14} {text}"


def _time(time_ns: int) -> str:
    """Wall-clock time, or seconds if the clock was simulated."""
    if time_ns < 1_000_000_000 * 365 * 86_400:
        return f"{time_ns / 1e9:.3f} s of simulated time"
    return datetime.fromtimestamp(time_ns / 1e9, timezone.utc).isoformat(timespec="milliseconds")
