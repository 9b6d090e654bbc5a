"""How fast a piece of a path may be gone along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from takt_core.geometry import Array
from takt_motion.path.pieces import Blend, Line

# Places on a piece where the speed of the tool is looked at.
_SAMPLES = 9
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class SpeedLimits:
    """Of the joints, (n,) each, and of the tool.

    Attributes:
        velocity: [rad/s].
        acceleration: [rad/s^2].
        jerk: [rad/s^3].
        tool_m_s, tool_rad_s: of the tool point.
    """

    velocity: Array
    acceleration: Array
    jerk: Array
    tool_m_s: float
    tool_rad_s: float

    def scaled(self, factor: float) -> SpeedLimits:
        """All of them times a factor."""
        return SpeedLimits(
            self.velocity * factor,
            self.acceleration * factor,
            self.jerk * factor,
            self.tool_m_s * factor,
            self.tool_rad_s * factor,
        )


#: (6, n) Jacobian of the tool at joint angles (n,): linear rows first.
Jacobian = Callable[[Array], Array]


def line_limits(line: Line, limits: SpeedLimits, jacobian: Jacobian) -> tuple[float, float, float]:
    """Speed, acceleration and jerk along the way of a line."""
    share = np.maximum(np.abs(line.direction), _TINY)
    speed = min(float((limits.velocity / share).min()), _tool_speed(line, limits, jacobian))
    return (
        speed,
        float((limits.acceleration / share).min()),
        float((limits.jerk / share).min()),
    )


def blend_speed(blend: Blend, limits: SpeedLimits, jacobian: Jacobian) -> float:
    """The constant speed along the way of a blend that keeps all limits.

    ``h'`` is 1.5 at most and ``h''`` 6: that bounds curvature and its change along the way.
    """
    share = np.maximum(np.maximum(np.abs(blend.before), np.abs(blend.after)), _TINY)
    turn = np.maximum(np.abs(blend.after - blend.before), _TINY)
    return min(
        float((limits.velocity / share).min()),
        float(np.sqrt(limits.acceleration * blend.length / (1.5 * turn)).min()),
        float(np.cbrt(limits.jerk * blend.length**2 / (6.0 * turn)).min()),
        _tool_speed(blend, limits, jacobian),
    )


def _tool_speed(piece: Line | Blend, limits: SpeedLimits, jacobian: Jacobian) -> float:
    """Speed along the way at which the tool is as fast as it may be."""
    way = turn = _TINY
    for s in np.linspace(0.0, piece.length, _SAMPLES):
        q, tangent, _ = piece.at(float(s))
        twist = jacobian(q) @ tangent
        way = max(way, float(np.linalg.norm(twist[:3])))
        turn = max(turn, float(np.linalg.norm(twist[3:])))
    return min(limits.tool_m_s / way, limits.tool_rad_s / turn)
