"""A picture of one recorded episode: camera strip, path of the tool, forces, chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from takt_bringup.demo.bag_data import Episode, Frame, read_images

OVERVIEW = "/overview_camera/image_raw"
WRIST = "/wrist_camera/image_raw"
FRAMES = 7

# Left, top, right and bottom of what is shown, as fractions; both are 4:3 then.
Window = tuple[float, float, float, float]
_STRIPS: tuple[tuple[str, str, Window], ...] = (
    (OVERVIEW, "overview", (0.06, 0.31, 0.66, 0.91)),
    (WRIST, "wrist", (0.0, 0.125, 1.0, 0.875)),
)

_INK = "#1f2933"
_FAINT = "#9aa5b1"
_CHUNK = "#d5dbe3"
_MEASURED = "#1565c0"
_TARGET = "#f57c00"
_FORCES = (("x", "#2e7d32"), ("y", "#8e24aa"), ("z", "#c62828"))
_SMALLEST_MM = 10.0
_INSET_MM = 4.0
# Of the height of the plot: what the path may take, and where its middle lies.
_PATH_SHARE = 0.23
_PATH_MIDDLE = 0.8
_LEGEND: dict[str, Any] = {"fontsize": 8, "frameon": False, "handlelength": 1.8}
_SMALLEST_N = 2.0
_STYLE = {"fontsize": 9.5, "color": _INK}


def draw_episode(episode: Episode, path: Path, title: str) -> None:
    """Draw one bag of the demo.

    Args:
        path: of the PNG.
        title: what the episode was.
    """
    figure = Figure(figsize=(13.2, 7.35), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    rows = figure.add_gridspec(2, 1, height_ratios=(1.0, 1.1), hspace=0.21)
    rows.update(left=0.055, right=0.985, top=0.93, bottom=0.075)
    times_ns = _frame_times(episode)
    strips = rows[0].subgridspec(2, FRAMES, wspace=0.03, hspace=0.03)
    for row, (topic, name, window) in enumerate(_STRIPS):
        axes = [figure.add_subplot(strips[row, i]) for i in range(FRAMES)]
        _draw_strip(axes, read_images(episode.bag, topic, times_ns), episode, name, window)
    plots = rows[1].subgridspec(1, 3, wspace=0.24, width_ratios=(0.9, 1.15, 1.15))
    span = slice(*np.searchsorted(episode.time_ns, [episode.start_ns, episode.end_ns]))
    _draw_path(figure.add_subplot(plots[0]), episode, span)
    height = figure.add_subplot(plots[1])
    _draw_height(height, episode, span, times_ns)
    _draw_force(figure.add_subplot(plots[2], sharex=height), episode, span)
    figure.text(0.055, 0.952, title, fontsize=13.5, fontweight="bold", color=_INK)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def chunk_changes(episode: Episode, span: slice) -> npt.NDArray[np.intp]:
    """Indices within the span at which the arm began to follow another chunk."""
    ids = episode.chunk_id[span]
    return np.flatnonzero((ids[1:] != ids[:-1]) & (ids[1:] > 0)) + 1


def _frame_times(episode: Episode) -> list[int]:
    times = np.linspace(episode.start_ns, episode.end_ns, FRAMES)
    return [int(time) for time in times]


def _draw_strip(
    axes: list[Any], images: list[Frame], episode: Episode, name: str, window: Window
) -> None:
    for axis in axes:
        axis.set_axis_off()
    at = {"transform": axes[0].transAxes, **_STYLE}
    axes[0].text(-0.04, 0.5, name, rotation=90, ha="right", va="center", **at)
    if not images:
        axes[0].text(0.05, 0.5, "no images in the bag", **at)
    for axis, (stamp_ns, pixels) in zip(axes, images, strict=False):
        axis.imshow(_cropped(pixels, window), interpolation="lanczos", aspect="equal")
        axis.text(
            0.965,
            0.05,
            f"{max(float(episode.seconds(stamp_ns)), 0.0):.1f} s",
            transform=axis.transAxes,
            ha="right",
            fontsize=8.5,
            color="white",
            bbox={"facecolor": "#00000090", "edgecolor": "none", "pad": 1.8},
        )


def _cropped(pixels: npt.NDArray[np.uint8], window: Window) -> npt.NDArray[np.uint8]:
    """The part of an image that the picture shows."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = window
    return pixels[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]


def _draw_path(axis: Any, episode: Episode, span: slice) -> None:
    """From above: where the tool was asked to be, and where it was; its end enlarged."""
    tcp = episode.tcp_m[span, :2] * 1e3
    _finish(axis, "path of the tool, from above", "x of the base [mm]", "y of the base [mm]")
    if not len(tcp):
        return
    _draw_lines(axis, episode, span)
    axis.annotate("start", tcp[0], textcoords="offset points", xytext=(-4, 8), **_STYLE)
    axis.annotate("end", tcp[-1], textcoords="offset points", xytext=(6, 6), **_STYLE)
    _frame_path(axis, tcp)
    axis.legend(loc="lower left", **_LEGEND)
    inset = axis.inset_axes((0.5, 0.08, 0.46, 0.5))
    _draw_lines(inset, episode, span)
    inset.set_aspect("equal")
    inset.set_xlim(tcp[-1, 0] - _INSET_MM, tcp[-1, 0] + _INSET_MM)
    inset.set_ylim(tcp[-1, 1] - _INSET_MM, tcp[-1, 1] + _INSET_MM)
    inset.tick_params(labelsize=7, colors=_INK, length=2)
    inset.set_title(f"the end, ±{_INSET_MM:.0f} mm", fontsize=8, color=_INK, pad=3)
    for spine in inset.spines.values():
        spine.set_color(_FAINT)


def _draw_lines(axis: Any, episode: Episode, span: slice) -> None:
    tcp, target = episode.tcp_m[span] * 1e3, episode.target_m[span] * 1e3
    axis.plot(target[:, 0], target[:, 1], color=_TARGET, lw=1.4, ls=(0, (4, 2)), label="target")
    points = tcp[:, None, :2]
    pieces = list(np.concatenate([points[:-1], points[1:]], axis=1))
    lines = LineCollection(pieces, cmap="Blues", lw=2.4, zorder=3)
    # From light at the start to dark at the end; the lightest blues would not be seen.
    lines.set_array(np.linspace(0.4, 1.0, max(len(tcp) - 1, 1)))
    lines.set_clim(0.0, 1.0)
    axis.add_collection(lines)
    axis.plot([], [], color=_MEASURED, lw=2.4, label="measured,\ndarker later")
    changes = chunk_changes(episode, span)
    marks = {"ms": 3.6, "mfc": "white", "mec": _INK, "mew": 0.8, "zorder": 4}
    axis.plot(tcp[changes, 0], tcp[changes, 1], "o", label="new chunk", **marks)


def _frame_path(axis: Any, tcp_mm: npt.NDArray[np.float64]) -> None:
    """Equal scales, with the path in the upper part: the rest is for the end of it."""
    box = axis.get_window_extent()
    ratio = box.height / box.width
    low, high = tcp_mm.min(axis=0), tcp_mm.max(axis=0)
    way = high - low
    width = max(1.35 * way[0], way[1] / (_PATH_SHARE * ratio), _SMALLEST_MM)
    height = width * ratio
    middle = (low + high) / 2
    axis.set_xlim(middle[0] - width / 2, middle[0] + width / 2)
    top = middle[1] + height * (1.0 - _PATH_MIDDLE)
    axis.set_ylim(top - height, top)


def _draw_height(axis: Any, episode: Episode, span: slice, times_ns: list[int]) -> None:
    seconds = episode.seconds(episode.time_ns[span])
    _mark_chunks(axis, episode, span)
    height = episode.tcp_m[span, 2] * 1e3
    axis.plot(
        seconds,
        episode.target_m[span, 2] * 1e3,
        color=_TARGET,
        lw=1.4,
        ls=(0, (4, 2)),
        label="target",
    )
    axis.plot(seconds, height, color=_MEASURED, lw=2.0, label="measured")
    if len(height):
        floor = float(height.min()) - 0.09 * float(np.ptp(height))
        axis.plot(
            episode.seconds(times_ns),
            [floor] * len(times_ns),
            "^",
            ms=5,
            color=_FAINT,
            label="frames above",
        )
    _finish(axis, "height of the tool", "time [s]", "z of the base [mm]")
    axis.legend(loc="upper right", **_LEGEND)


def _draw_force(axis: Any, episode: Episode, span: slice) -> None:
    seconds = episode.seconds(episode.time_ns[span])
    _mark_chunks(axis, episode, span)
    for i, (name, colour) in enumerate(_FORCES):
        axis.plot(seconds, episode.force_n[span, i], color=colour, lw=1.5, label=f"$F_{name}$")
    _widen(axis, "y", _SMALLEST_N)
    _finish(axis, "external force on the tool", "time [s]", "force, base axes [N]")
    axis.legend(loc="upper left", **_LEGEND)


def _widen(axis: Any, name: str, smallest: float) -> None:
    """Noise must not fill the axis."""
    low, high = getattr(axis, f"get_{name}lim")()
    missing = max(smallest - (high - low), 0.0)
    getattr(axis, f"set_{name}lim")(low - missing / 2, high + missing / 2)


def _mark_chunks(axis: Any, episode: Episode, span: slice) -> None:
    times_ns = episode.time_ns[span][chunk_changes(episode, span)]
    for i, second in enumerate(episode.seconds(times_ns)):
        axis.axvline(second, color=_CHUNK, lw=1.0, zorder=0, label=None if i else "new chunk")


def _finish(axis: Any, title: str, x: str, y: str) -> None:
    axis.set_title(title, fontsize=10.5, loc="left", color=_INK)
    axis.set_xlabel(x, **_STYLE)
    axis.set_ylabel(y, **_STYLE)
    axis.tick_params(labelsize=8.5, colors=_INK, length=3)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(_FAINT)
