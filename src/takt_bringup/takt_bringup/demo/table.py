"""What the demo says on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from takt_bringup.demo.bag_data import Episode
from takt_bringup.demo.episodes import EpisodeResult

_HEAD = ("episode", "seed", "outcome", "time", "chunks", "late", "starved", "peak force")


def progress_line(result: EpisodeResult, total: int) -> str:
    """One line for one finished episode."""
    run = result.run
    lost = sum(count.lost for count in result.recording.topics.values())
    words = "succeeded" if result.success else f"{run.outcome}: {run.message}"
    return (
        f"episode {result.index + 1:2d}/{total}  seed {result.seed}  {words}  "
        f"{run.duration_s:5.2f} s  {run.chunks} chunks  {lost} messages lost"
    )


def closing_table(
    results: Sequence[EpisodeResult], episodes: Sequence[Episode], report: dict[str, Any]
) -> str:
    """All episodes, then the totals."""
    rows = [_HEAD]
    for result, episode in zip(results, episodes, strict=True):
        rows.append(
            (
                str(result.index + 1),
                str(result.seed),
                result.run.outcome,
                f"{result.run.duration_s:.2f} s",
                str(result.run.chunks),
                str(episode.late_actions),
                str(episode.counts["starvations"]),
                f"{_peak_force_n(episode):.1f} N",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, "", *_totals(report)]) + "\n"


def _totals(report: dict[str, Any]) -> list[str]:
    recorder = report["recorder"].values()
    received, written, lost = (
        sum(topic[name] for topic in recorder) for name in ("received", "written", "lost")
    )
    lines = [f"succeeded          {report['successes']} of {report['episodes']}"]
    for name, values in report["chunk_latency_ms"].items():
        shown = "  ".join(
            f"{key} {'-' if value is None else f'{value:.1f}'}" for key, value in values.items()
        )
        lines.append(f"{name.replace('_', ' '):<18} {shown} ms")
    return [
        *lines,
        f"late actions       {report['late_actions']}",
        f"starvations        {report['starvations']}",
        f"torque violations  {report['torque_violations']}",
        f"recorder           {received} messages received, {written} written, {lost} lost",
    ]


def _peak_force_n(episode: Episode) -> float:
    commanded = (episode.time_ns >= episode.start_ns) & (episode.time_ns <= episode.end_ns)
    forces = np.linalg.norm(episode.force_n[commanded], axis=1)
    return float(forces.max()) if forces.size else float("nan")
