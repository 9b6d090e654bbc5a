"""The pictures of docs/control.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from takt_sim.experiments.contact import (
    FOAM,
    STEEL,
    careful,
    press_by_client,
    touch_down,
    with_tank,
)
from takt_sim.experiments.free_space import gains, push_and_release, step, targets_cease, track

_INK, _FAINT = "#1f2933", "#9aa5b1"
_COLOURS = ("#1565c0", "#2e7d32", "#c62828", "#8e24aa")
_LEGEND: dict[str, Any] = {"fontsize": 8, "frameon": False}


def _figure(columns: int) -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(4.6 * columns, 3.3), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(1, columns, i + 1) for i in range(columns)]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8)
        one.grid(color="#e4e7eb", linewidth=0.6)
    return figure, axes


def _label(axes: Any, title: str, y: str, x: str = "time [s]") -> None:
    axes.set_title(title, fontsize=9.5, color=_INK, loc="left")
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)


def draw_steps(path: Path) -> None:
    """Steps of 20 mm against stiffness and damping ratio; the ideal is dashed."""
    figure, (left, right) = _figure(2)
    for colour, stiffness in zip(_COLOURS, (100.0, 300.0, 900.0, 2500.0), strict=True):
        response = step(gains(stiffness))
        left.plot(response.time_s, 1e3 * response.motion_m[:, 0], color=colour, lw=1.6,
                  label=f"{stiffness:.0f} N/m")  # fmt: skip
        left.plot(response.time_s, 1e3 * response.ideal_m[:, 0], "--", color=_INK, lw=0.7)
    _label(left, "damping ratio 1", "tool [mm]")
    left.legend(title="stiffness", title_fontsize=8, **_LEGEND)
    for colour, ratio in zip(_COLOURS, (0.3, 0.7, 1.0, 1.5), strict=True):
        response = step(gains(900.0, ratio))
        right.plot(response.time_s, 1e3 * response.motion_m[:, 0], color=colour, lw=1.6,
                   label=f"{ratio:g}")  # fmt: skip
        right.plot(response.time_s, 1e3 * response.ideal_m[:, 0], "--", color=_INK, lw=0.7)
    _label(right, "900 N/m", "tool [mm]")
    right.legend(title="damping ratio", title_fontsize=8, **_LEGEND)
    figure.savefig(path)


def draw_motion(path: Path) -> None:
    """Distance from a moving target, and the stop when targets cease.

    push: inertia_feed_forward.
    """
    figure, (left, right) = _figure(2)
    for colour, share in zip(_COLOURS, (1.0, 0.0), strict=False):
        parameters = gains(900.0)
        parameters.inertia_feed_forward = share
        response = track(parameters)
        lag = 1e3 * np.linalg.norm(response.motion_m - response.target_m, axis=1)
        left.plot(
            response.time_s, lag, color=colour, lw=1.6, label=f"inertia_feed_forward {share:g}"
        )
        parameters = gains(900.0)
        parameters.inertia_feed_forward = share
        log = targets_cease(parameters)
        speed = 1e3 * log["twist"][:, 1]
        right.plot(log.time_s, speed, color=colour, lw=1.6, label=f"tool, push {share:g}")
    right.plot(
        log.time_s, 1e3 * log["target_twist"][:, 1], "--", color=_INK, lw=0.8, label="target"
    )
    right.set_xlim(0.0, 0.6)
    _label(left, "250 mm at 0.25 m/s, 900 N/m", "distance from the target [mm]")
    _label(right, "waypoints cease at 0.5 m/s", "speed [mm/s]")
    left.legend(**_LEGEND)
    right.legend(**_LEGEND)
    figure.savefig(path)


def draw_contact(path: Path) -> None:
    """Force on steel and foam; a client's force loop with and without tank; the tank's level.

    push: inertia_feed_forward.
    """
    figure, (left, middle, right) = _figure(3)
    for colour, wall, name in zip(_COLOURS, (STEEL, FOAM), ("steel", "foam"), strict=False):
        for style, share in (("-", 0.0), (":", 1.0)):
            parameters = careful(gains(900.0))
            parameters.inertia_feed_forward = share
            log = touch_down(parameters, wall, speed_m_s=0.05)
            left.plot(log.time_s, log["wall_force"][:, 2], style, color=colour, lw=1.3,
                      label=f"{name}, push {share:g}")  # fmt: skip
    left.set_xlim(0.3, 1.0)
    _label(left, "touching down at 0.05 m/s, 900 N/m", "force on the wall [N]")
    left.legend(**_LEGEND)
    without = press_by_client(careful(gains(900.0)))
    tank = press_by_client(with_tank(careful(gains(900.0))))
    middle.plot(without.time_s, without["wall_force"][:, 2], color=_FAINT, lw=0.8, label="no tank")
    middle.plot(tank.time_s, tank["wall_force"][:, 2], color=_COLOURS[0], lw=1.3, label="tank")
    _label(middle, "a client wants 10 N on steel", "force on the wall [N]")
    middle.legend(**_LEGEND)
    right.plot(tank.time_s, tank["tank_level"], color=_COLOURS[0], lw=1.5)
    right.set_ylim(0.0, 1.0)
    _label(right, "the tank meanwhile", "level [J of 1 J]")
    figure.savefig(path)


def draw_release(path: Path) -> None:
    """Push with 27 N for a second, and let go."""
    figure, (left, right) = _figure(2)
    pushed, released = push_and_release(gains(900.0))
    start = pushed["position"][0]
    for log, offset in ((pushed, 0.0), (released, 1.0)):
        for axis, colour, name in ((1, _COLOURS[0], "y"), (2, _COLOURS[1], "z")):
            moved = 1e3 * (log["position"][:, axis] - start[axis])
            left.plot(log.time_s + offset, moved, color=colour, lw=1.5,
                      label=name if offset else None)  # fmt: skip
    _label(left, "25 N in y and 10 N in z for 1 s, 900 N/m", "tool [mm]")
    left.legend(**_LEGEND)
    time_s = released.time_s
    total = released["kinetic"] + released["spring"]
    right.plot(time_s, total, color=_INK, lw=1.6, label="together")
    right.plot(time_s, released["spring"], color=_COLOURS[0], lw=1.2, label="spring")
    right.plot(time_s, released["kinetic"], color=_COLOURS[2], lw=1.2, label="motion")
    right.set_xlim(0.0, 0.6)
    _label(right, "energy after the release", "energy [J]")
    right.legend(**_LEGEND)
    figure.savefig(path)


PICTURES = {
    "control_step.png": draw_steps,
    "control_motion.png": draw_motion,
    "control_contact.png": draw_contact,
    "control_release.png": draw_release,
}
