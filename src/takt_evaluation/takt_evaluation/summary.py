"""What an evaluation says: figures of each cell, and cells compared on common seeds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from takt_core.errors import TaktError
from takt_core.percentiles import summary
from takt_evaluation.cell import Cell
from takt_evaluation.evaluate import Evaluation
from takt_evaluation.results import Episode
from takt_evaluation.statistics import Paired, wilson

Percentiles = Mapping[str, float]


@dataclass(frozen=True)
class CellSummary:
    """Figures of one cell.

    Attributes:
        interval: 95 %, of the success rate.
        duration_s: of the successful episodes [s].
        calls_per_chunk, rounds_per_chunk: means over all plans.
        wall_ms: of all plans [ms].
        jump_mm, jump_mm_s: of all hand-overs [mm, mm/s].
        peak_force_n: of the episodes [N].
        late_per_chunk: actions dropped because their time had passed, mean over all chunks.
        idle: number of hand-overs after the old chunk had run out, and plans whose actions were
            all late, over all episodes.
        rejected: trajectories that the controller refused, over all episodes, and in `rejection`
            why it refused the first.
        failures: reasons of the episodes that failed, without numbers, the most frequent first.
        baseline: label of the cell compared with; empty if there is none.
        paired: this cell against the baseline, on the common seeds.
        kept: this cell against the one of its series with the smallest delay; None for that one.
    """

    cell: Cell
    episodes: int
    successes: int
    interval: tuple[float, float]
    duration_s: Percentiles
    calls_per_chunk: float
    rounds_per_chunk: float
    wall_ms: Percentiles
    jump_mm: Percentiles
    jump_mm_s: Percentiles
    peak_force_n: Percentiles
    late_per_chunk: float
    idle: int
    rejected: int
    rejection: str
    failures: tuple[tuple[str, int], ...]
    baseline: str = ""
    paired: Paired | None = None
    kept: Paired | None = None

    @property
    def rate(self) -> float:
        """Of success; 0 without episodes."""
        return self.successes / self.episodes if self.episodes else 0.0


def summarise(evaluation: Evaluation, baseline: str = "") -> list[CellSummary]:
    """Figures of all cells, in their order.

    Args:
        baseline: name of a series: each cell is compared with that series' cell of the same delay
            and world. ``NAME@SECONDS``: with the cell of that delay. Empty: no comparison.

    Raises:
        TaktError: there is no such series.
    """
    series, delay_s = find_baseline(evaluation.cells, baseline)
    found = dict(zip(map(_place, evaluation.cells), evaluation.rows, strict=True))
    made = []
    for cell, rows in zip(evaluation.cells, evaluation.rows, strict=True):
        at_s = cell.delay_s if delay_s is None else delay_s
        base = (series, at_s, cell.world)
        smallest = min(one.delay_s for one in evaluation.cells if _same_series(one, cell))
        first = (cell.series, smallest, cell.world)
        compared = base in found and base != _place(cell)
        made.append(
            _summary(
                cell,
                rows,
                f"{series} @ {1e3 * at_s:g} ms" if compared else "",
                _paired(found[base], rows) if compared else None,
                _paired(found[first], rows) if first != _place(cell) else None,
            )
        )
    return made


def _summary(
    cell: Cell, rows: Sequence[Episode], baseline: str, paired: Paired | None, kept: Paired | None
) -> CellSummary:
    successes = sum(row.success for row in rows)
    plans = sum(row.plans for row in rows)
    chunks = sum(row.chunks for row in rows)
    failures = Counter(_without_numbers(row.reason) for row in rows if not row.success)
    return CellSummary(
        cell=cell,
        episodes=len(rows),
        successes=successes,
        interval=wilson(successes, len(rows)),
        duration_s=summary(row.duration_s for row in rows if row.success),
        calls_per_chunk=_mean(sum(row.network_calls for row in rows), plans),
        rounds_per_chunk=_mean(sum(row.rounds for row in rows), plans),
        wall_ms=summary(_pooled(row.wall_ms for row in rows)),
        jump_mm=summary(1e3 * jump for jump in _pooled(row.jumps_m for row in rows)),
        jump_mm_s=summary(1e3 * jump for jump in _pooled(row.jumps_m_s for row in rows)),
        peak_force_n=summary(row.peak_force_n for row in rows),
        late_per_chunk=_mean(sum(row.late_actions for row in rows), chunks),
        idle=sum(row.gaps + row.over_budget for row in rows),
        rejected=sum(row.rejected for row in rows),
        rejection=next((row.rejection for row in rows if row.rejection), ""),
        failures=tuple(failures.most_common()),
        baseline=baseline,
        paired=paired,
        kept=kept,
    )


def _place(cell: Cell) -> tuple[str, float, str]:
    return cell.series, cell.delay_s, cell.world


def _same_series(one: Cell, other: Cell) -> bool:
    return one.series == other.series and one.world == other.world


def find_baseline(cells: Sequence[Cell], text: str) -> tuple[str, float | None]:
    """Series and delay [s] that ``NAME`` or ``NAME@SECONDS`` means; no delay for a name alone.

    Raises:
        TaktError: there is no such series, or it has no such delay.
    """
    if not text:
        return "", None
    names = {cell.series for cell in cells}
    if text in names:
        return text, None
    name, at, delay = text.rpartition("@")
    delays = {cell.delay_s for cell in cells if cell.series == name.strip()}
    if at and delays:
        for delay_s in delays:
            if delay.strip() in (f"{delay_s:g}", str(delay_s)):
                return name.strip(), delay_s
        raise TaktError(
            f"baseline {text!r}: {name.strip()} has no cell with that delay; it has "
            + ", ".join(f"{one:g}" for one in sorted(delays))
        )
    raise TaktError(
        f"baseline {text!r}; allowed are the names of settings, alone or with a delay in seconds "
        f"as in NAME@0.1: {', '.join(sorted(names))}"
    )


def _paired(first: Iterable[Episode], second: Iterable[Episode]) -> Paired:
    return Paired.of(
        {row.seed: row.success for row in first}, {row.seed: row.success for row in second}
    )


def _pooled(parts: Iterable[Sequence[float]]) -> list[float]:
    return [value for part in parts for value in part]


def _mean(total: float, count: int) -> float:
    return total / count if count else float("nan")


def _without_numbers(reason: str) -> str:
    """ "force 83 N is above 80 N" and "force 91 N is above 80 N" are one reason."""
    return re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "…", reason)
