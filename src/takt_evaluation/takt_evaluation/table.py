"""Tables of an evaluation, as text for a terminal and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from takt_evaluation.statistics import Paired
from takt_evaluation.summary import CellSummary


@dataclass(frozen=True)
class Table:
    """A header and rows of as many texts; the first ``names`` columns are aligned left."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1

    def text(self) -> str:
        """Columns side by side."""
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = [self.header, *self.rows]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if index < self.names else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    def markdown(self) -> str:
        """A Markdown table."""
        marks = ["---" if index < self.names else "--:" for index in range(len(self.header))]
        return "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
            for line in (self.header, marks, *self.rows)
        )


def cells_table(summaries: Sequence[CellSummary]) -> Table:
    """Every cell with all its figures."""
    columns: list[tuple[str, Callable[[CellSummary], str]]] = [
        ("setting", lambda one: one.cell.series)
    ]
    if len({one.cell.world for one in summaries}) > 1:
        columns.append(("task", lambda one: one.cell.world))
    names = len(columns)
    columns += [
        ("delay ms", lambda one: f"{1e3 * one.cell.delay_s:g}"),
        ("success", lambda one: f"{one.successes}/{one.episodes}"),
        ("95 %", lambda one: _interval(one.interval) if one.episodes else "–"),
    ]
    if any(one.paired for one in summaries):
        columns += [
            ("vs baseline", lambda one: _difference(one.paired)),
            ("p", lambda one: _p_value(one.paired)),
        ]
    columns += [
        ("time s", lambda one: _number(one.duration_s["p50"], 2)),
        ("calls", lambda one: _number(one.calls_per_chunk, 1)),
        ("rounds", lambda one: _number(one.rounds_per_chunk, 1)),
        ("plan ms", lambda one: _pair(one.wall_ms, 1)),
        ("jump mm", lambda one: _pair(one.jump_mm, 1)),
        ("jump mm/s", lambda one: _pair(one.jump_mm_s, 0)),
        ("force N", lambda one: _pair(one.peak_force_n, 0)),
        ("late", lambda one: _number(one.late_per_chunk, 1)),
        ("idle", lambda one: str(one.idle)),
    ]
    rows = [[make(one) for _, make in columns] for one in summaries]
    return Table([name for name, _ in columns], rows, names)


def delays_table(summaries: Sequence[CellSummary]) -> Table | None:
    """Success of each series by delay; None where there is one delay only.

    The last column compares the greatest delay with the smallest, paired by seed.
    """
    delays = sorted({one.cell.delay_s for one in summaries})
    if len(delays) < 2:
        return None
    worlds = len({one.cell.world for one in summaries}) > 1
    series: dict[tuple[str, str], dict[float, CellSummary]] = {}
    for one in summaries:
        series.setdefault((one.cell.series, one.cell.world), {})[one.cell.delay_s] = one
    rows = []
    for (name, world), found in series.items():
        last = found[max(found)]
        rows.append(
            [
                f"{name}, {world}" if worlds else name,
                *(_rate(found.get(delay_s)) for delay_s in delays),
                _difference(last.kept),
                _p_value(last.kept),
            ]
        )
    header = ["success %", *(f"{1e3 * delay_s:g} ms" for delay_s in delays)]
    return Table([*header, "last - first", "p"], rows)


def failures_table(summaries: Sequence[CellSummary]) -> Table | None:
    """Why episodes failed; None if none did."""
    rows = [
        [one.cell.label, str(count), reason] for one in summaries for reason, count in one.failures
    ]
    return Table(["cell", "episodes", "ended with"], rows, names=3) if rows else None


def _rate(one: CellSummary | None) -> str:
    if one is None or not one.episodes:
        return "–"
    return f"{100 * one.rate:.0f} ({_interval(one.interval)})"


def _interval(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f}"


def _difference(paired: Paired | None) -> str:
    if paired is None or not paired.episodes:
        return ""
    low, high = paired.interval
    return f"{100 * paired.difference:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"


def _p_value(paired: Paired | None) -> str:
    if paired is None or not paired.episodes:
        return ""
    return f"{paired.p_value:.3f}" if paired.p_value >= 0.001 else "< 0.001"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _pair(percentiles: Mapping[str, float], digits: int) -> str:
    if not percentiles["count"]:
        return "–"
    return f"{percentiles['p50']:.{digits}f} / {percentiles['p95']:.{digits}f}"
