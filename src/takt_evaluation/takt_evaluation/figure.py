"""Pictures of an evaluation: success and its time, and the jumps between chunks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from takt_evaluation.summary import CellSummary

_INK = "#1f2933"
_FAINT = "#9aa5b1"
# Told apart also by those who do not see red and green as different (Okabe and Ito, 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
_MARKERS = "osD^vPX*"
_DODGE = 0.018
_WIDTH_IN = 9.0


@dataclass(frozen=True)
class _Panel:
    """What one plot shows of a cell: a value, and the ends of its whisker."""

    label: str
    value: Callable[[CellSummary], float]
    whisker: Callable[[CellSummary], tuple[float, float]]
    word: Callable[[CellSummary], str] = lambda one: ""
    is_share: bool = False


def _percentiles(label: str, field: str) -> _Panel:
    """Median, with a whisker to the 95th percentile."""

    def of(one: CellSummary, name: str) -> float:
        part: Mapping[str, float] = getattr(one, field)
        return part[name]

    return _Panel(label, lambda one: of(one, "p50"), lambda one: (of(one, "p50"), of(one, "p95")))


_SUCCESS = _Panel(
    "success [%], 95 % interval",
    lambda one: 100 * one.rate,
    lambda one: (100 * one.interval[0], 100 * one.interval[1]),
    lambda one: f"{one.successes}/{one.episodes}",
    is_share=True,
)
_TIME = _percentiles("time to success [s], to 95th percentile", "duration_s")
_POSITION = _percentiles("position jump [mm], to 95th percentile", "jump_mm")
_VELOCITY = _percentiles("velocity jump [mm/s], to 95th percentile", "jump_mm_s")


def draw_success(summaries: Sequence[CellSummary], path: Path, title: str) -> None:
    """Success and the time that it took."""
    _draw([one for one in summaries if one.episodes], (_SUCCESS, _TIME), path, title)


def draw_handovers(summaries: Sequence[CellSummary], path: Path, title: str) -> None:
    """Jumps of position and velocity between chunks."""
    shown = [one for one in summaries if one.jump_mm["count"]]
    _draw(shown, (_POSITION, _VELOCITY), path, f"{title}: hand-overs between chunks")


def _draw(cells: Sequence[CellSummary], panels: Sequence[_Panel], path: Path, title: str) -> None:
    """Panels side by side: a line per series over the delay, or bars where there is one delay."""
    by_delay = _delays(cells) > 1
    height = 4.8 if by_delay else 1.3 + 0.36 * max(len(cells), 2)
    figure, axes = _canvas(title, len(panels), height)
    for axis, panel in zip(axes, panels, strict=True):
        if by_delay:
            _lines(axis, cells, panel)
        else:
            _bars(axis, cells, panel)
    if by_delay:
        _legend(figure, axes[0])
    else:
        axes[0].set_yticks(range(len(cells)), _names(cells))
        for axis in axes[1:]:
            axis.set_yticks([])
    _save(figure, path)


def _delays(summaries: Sequence[CellSummary]) -> int:
    return len({one.cell.delay_s for one in summaries})


def _series(summaries: Sequence[CellSummary]) -> dict[str, list[CellSummary]]:
    """Cells of each series in the order of their delays."""
    series: dict[str, list[CellSummary]] = {}
    for name, one in zip(_names(summaries), summaries, strict=True):
        series.setdefault(name, []).append(one)
    return {name: sorted(found, key=lambda one: one.cell.delay_s) for name, found in series.items()}


def _names(summaries: Sequence[CellSummary]) -> list[str]:
    worlds = len({one.cell.world for one in summaries}) > 1
    return [
        f"{one.cell.series}, {one.cell.world}" if worlds else one.cell.series for one in summaries
    ]


def _lines(axis: Any, cells: Sequence[CellSummary], panel: _Panel) -> None:
    series = _series(cells)
    delays = sorted({1e3 * one.cell.delay_s for one in cells})
    # A little aside, so that whiskers at the same delay do not hide each other.
    aside = _DODGE * (delays[-1] - delays[0])
    for index, (name, line) in enumerate(series.items()):
        shift = (index - (len(series) - 1) / 2) * aside
        values = [panel.value(one) for one in line]
        axis.errorbar(
            [1e3 * one.cell.delay_s + shift for one in line], values,
            yerr=_whiskers(values, [panel.whisker(one) for one in line]), label=name,
            color=_COLOURS[index % len(_COLOURS)], marker=_MARKERS[index % len(_MARKERS)],
            linestyle="-" if index < len(_COLOURS) else "--", ms=5.5, lw=1.8, elinewidth=1.0,
            capsize=2.5,
        )  # fmt: skip
    _finish(axis, "delay of inference [ms]", panel.label)
    axis.set_xticks(delays)
    lowest = min(panel.whisker(one)[0] for one in cells)
    if panel.is_share:
        # All near the top is the usual case, and the interesting part is there.
        axis.set_ylim(max(-3.0, 10.0 * math.floor(lowest / 10.0) - 12.0), 103.0)
    else:
        axis.set_ylim(bottom=0.0)


def _bars(axis: Any, cells: Sequence[CellSummary], panel: _Panel) -> None:
    places = range(len(cells))
    values = [panel.value(one) for one in cells]
    ranges = [panel.whisker(one) for one in cells]
    axis.barh(places, values, color=_COLOURS[5], height=0.62)
    axis.errorbar(
        values, places, xerr=_whiskers(values, ranges), fmt="none", ecolor=_INK, elinewidth=1.2,
        capsize=3,
    )  # fmt: skip
    for place, (_, high), one in zip(places, ranges, cells, strict=True):
        axis.text(high + 1.5, place, panel.word(one), va="center", fontsize=8.5, color=_INK)
    axis.set_ylim(len(cells) - 0.4, -0.6)
    _finish(axis, panel.label, "")
    if panel.is_share:
        axis.set_xlim(0, 118)
        axis.set_xticks(range(0, 101, 20))
    else:
        axis.set_xlim(left=0)


def _whiskers(values: Sequence[float], ranges: Sequence[tuple[float, float]]) -> list[list[float]]:
    below = [max(value - low, 0.0) for value, (low, _) in zip(values, ranges, strict=True)]
    above = [max(high - value, 0.0) for value, (_, high) in zip(values, ranges, strict=True)]
    return [below, above]


def _canvas(title: str, columns: int, height_in: float) -> tuple[Figure, list[Any]]:
    figure = Figure(
        figsize=(_WIDTH_IN, height_in), dpi=130, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12, fontweight="bold", color=_INK, x=0.01, ha="left")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _finish(axis: Any, x_label: str, y_label: str) -> None:
    axis.set_xlabel(x_label, fontsize=9.5, color=_INK)
    axis.set_ylabel(y_label, fontsize=9.5, color=_INK)
    axis.tick_params(labelsize=8.5, colors=_INK)
    axis.grid(color="#e4e7eb", lw=0.8)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(_FAINT)


def _legend(figure: Figure, axis: Any) -> None:
    handles, names = axis.get_legend_handles_labels()
    figure.legend(
        handles, names, loc="outside lower left", ncols=min(4, len(names)), fontsize=8.5,
        frameon=False,
    )  # fmt: skip


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
