"""Pictures of an evaluation: success with its intervals, and the jumps between chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_DODGE = 0.012
_WIDTH_IN = 9.0


def draw_success(summaries: Sequence[CellSummary], path: Path, title: str) -> None:
    """Success by delay, a line per series; by series where there is one delay only."""
    shown = [one for one in summaries if one.episodes]
    if _delays(shown) > 1:
        figure, axis = _canvas(title, 1, 4.8)
        count = len(_series(shown))
        for index, (name, line) in enumerate(_series(shown).items()):
            _line(
                axis[0], index, count, name, line,
                [100 * one.rate for one in line],
                [tuple(100 * edge for edge in one.interval) for one in line],
            )  # fmt: skip
        _finish_delays(axis[0], shown, "success [%], 95 % interval")
        axis[0].set_ylim(-3, 103)
        _legend(figure, axis[0])
    else:
        figure, axis = _canvas(title, 1, 1.6 + 0.36 * max(len(shown), 2))
        _bars(
            axis[0], shown,
            [100 * one.rate for one in shown],
            [tuple(100 * edge for edge in one.interval) for one in shown],
            [f"{one.successes}/{one.episodes}" for one in shown],
        )  # fmt: skip
        axis[0].set_xlim(0, 112)
        _finish(axis[0], "success [%], 95 % interval", "")
        _name_bars(axis[0], shown)
    _save(figure, path)


def draw_handovers(summaries: Sequence[CellSummary], path: Path, title: str) -> None:
    """Jumps of position and velocity at the hand-overs: median, and up to the 95th percentile."""
    shown = [one for one in summaries if one.jump_mm["count"]]
    panels = (
        ("jump_mm", "position jump at hand-over [mm]"),
        ("jump_mm_s", "velocity jump at hand-over [mm/s]"),
    )
    by_delay = _delays(shown) > 1
    height = 4.8 if by_delay else 1.6 + 0.36 * max(len(shown), 2)
    figure, axes = _canvas(f"{title}: median, whisker to the 95th percentile", 2, height)
    for axis, (field, label) in zip(axes, panels, strict=True):
        if by_delay:
            count = len(_series(shown))
            for index, (name, line) in enumerate(_series(shown).items()):
                parts = [getattr(one, field) for one in line]
                _line(axis, index, count, name, line, _middles(parts), _reaches(parts))
            _finish_delays(axis, shown, label)
            axis.set_ylim(bottom=0)
        else:
            parts = [getattr(one, field) for one in shown]
            _bars(axis, shown, _middles(parts), _reaches(parts), [""] * len(parts))
            axis.set_xlim(left=0)
            _finish(axis, label, "")
    if by_delay:
        _legend(figure, axes[0])
    else:
        _name_bars(axes[0], shown)
        axes[1].set_yticks([])
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


def _middles(parts: Sequence[Mapping[str, float]]) -> list[float]:
    return [part["p50"] for part in parts]


def _reaches(parts: Sequence[Mapping[str, float]]) -> list[tuple[float, ...]]:
    return [(part["p50"], part["p95"]) for part in parts]


def _line(
    axis: Any, index: int, count: int, name: str, cells: Sequence[CellSummary],
    values: Sequence[float], ranges: Sequence[tuple[float, ...]],
) -> None:  # fmt: skip
    colour = _COLOURS[index % len(_COLOURS)]
    # A little aside, so that whiskers at the same delay do not hide each other.
    delays = [1e3 * one.cell.delay_s for one in cells]
    span = max(delays) - min(delays) or 1.0
    places = [delay + (index - (count - 1) / 2) * _DODGE * span for delay in delays]
    axis.errorbar(
        places, values, yerr=_whiskers(values, ranges), label=name, color=colour,
        marker=_MARKERS[index % len(_MARKERS)], ms=5.5, lw=1.8, elinewidth=1.0, capsize=2.5,
        linestyle="-" if index < len(_COLOURS) else "--",
    )  # fmt: skip


def _bars(
    axis: Any, cells: Sequence[CellSummary], values: Sequence[float],
    ranges: Sequence[tuple[float, ...]], words: Sequence[str],
) -> None:  # fmt: skip
    places = range(len(cells))
    axis.barh(places, values, color=_COLOURS[5], height=0.62)
    axis.errorbar(
        values, places, xerr=_whiskers(values, ranges), fmt="none", ecolor=_INK, elinewidth=1.2,
        capsize=3,
    )  # fmt: skip
    for place, (_, high), word in zip(places, ranges, words, strict=True):
        axis.text(high + 1.5, place, word, va="center", fontsize=8.5, color=_INK)
    axis.set_ylim(len(cells) - 0.4, -0.6)


def _whiskers(values: Sequence[float], ranges: Sequence[tuple[float, ...]]) -> list[list[float]]:
    below = [max(value - low, 0.0) for value, (low, _) in zip(values, ranges, strict=True)]
    above = [max(high - value, 0.0) for value, (_, high) in zip(values, ranges, strict=True)]
    return [below, above]


def _name_bars(axis: Any, cells: Sequence[CellSummary]) -> None:
    axis.set_yticks(range(len(cells)), _names(cells))


def _canvas(title: str, columns: int, height_in: float) -> tuple[Figure, list[Any]]:
    figure = Figure(
        figsize=(_WIDTH_IN, height_in), dpi=130, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12, fontweight="bold", color=_INK, x=0.01, ha="left")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _finish_delays(axis: Any, cells: Sequence[CellSummary], label: str) -> None:
    axis.set_xticks(sorted({1e3 * one.cell.delay_s for one in cells}))
    _finish(axis, "delay of inference [ms]", label)


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
