"""The demo's report: what happened in its episodes, computed from their bags."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from takt_bringup.demo.bag_data import Episode
from takt_bringup.demo.episodes import EpisodeResult
from takt_core.percentiles import summary

MINIMUM_SUCCESS = 0.8


def build_report(results: Sequence[EpisodeResult], episodes: Sequence[Episode]) -> dict[str, Any]:
    """The content of report.json.

    Args:
        results: of the run.
        episodes: their bags, in the same order.
    """
    return {
        "episodes": len(results),
        "successes": sum(result.success for result in results),
        "chunk_latency_ms": chunk_latency_ms(episodes),
        "late_actions": sum(episode.late_actions for episode in episodes),
        "starvations": sum(episode.counts["starvations"] for episode in episodes),
        "torque_violations": sum(episode.counts["torque_violations"] for episode in episodes),
        "recorder": recorder_totals(results),
        "bags": [result.recording.bag for result in results],
        "machine": machine(),
    }


def chunk_latency_ms(episodes: Sequence[Episode]) -> dict[str, dict[str, float | None]]:
    """Percentiles over all chunks, in simulated time, split into their parts [ms]."""
    parts: dict[str, list[int]] = {
        "observation_age": [],
        "inference": [],
        "publishing": [],
        "end_to_end": [],
    }
    for episode in episodes:
        for chunk in episode.chunks:
            parts["observation_age"].append(chunk.inference_start_ns - chunk.observed_ns)
            parts["inference"].append(chunk.inference_wall_ns)
            parts["publishing"].append(chunk.published_ns - chunk.inference_end_ns)
            parts["end_to_end"].append(chunk.published_ns - chunk.observed_ns)
    return {name: _percentiles([value / 1e6 for value in part]) for name, part in parts.items()}


def recorder_totals(results: Sequence[EpisodeResult]) -> dict[str, dict[str, int]]:
    """Messages received, written and lost per topic, over all episodes."""
    totals: dict[str, dict[str, int]] = {}
    for result in results:
        for topic, count in result.recording.topics.items():
            total = totals.setdefault(topic, {"received": 0, "written": 0, "lost": 0})
            for name in total:
                total[name] += getattr(count, name)
    return dict(sorted(totals.items()))


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def problems(report: dict[str, Any]) -> list[str]:
    """Why the demo has not shown what it should; empty if it has."""
    found = []
    if report["successes"] < MINIMUM_SUCCESS * report["episodes"] or not report["episodes"]:
        share = f"{report['successes']} of {report['episodes']}"
        found.append(f"{share} episodes succeeded; at least {MINIMUM_SUCCESS:.0%} should")
    for topic, counts in report["recorder"].items():
        if counts["lost"] or counts["received"] != counts["written"]:
            found.append(
                f"{topic}: received {counts['received']}, written {counts['written']}, "
                f"lost {counts['lost']}"
            )
    if not report["recorder"]:
        found.append("nothing was recorded")
    if report["torque_violations"]:
        found.append(f"{report['torque_violations']} ticks broke a torque limit of the arm")
    return found


def write_report(report: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")


def _percentiles(values: list[float]) -> dict[str, float | None]:
    """Without chunks there are no percentiles; JSON knows no NaN."""
    all_values = summary(values)
    picked = {name: all_values[name] for name in ("p50", "p95", "p99")}
    return {name: None if math.isnan(v) else round(v, 3) for name, v in picked.items()}


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
