"""When the robot is where on a path: fast, within limits, at rest at both ends.

Lines are gone along with Ruckig's time-optimal profiles of bounded jerk (Berscheid and Kroeger,
RSS 2021) from speed to speed, blends at constant speed: there the geometry of the blend bounds
acceleration and jerk of each joint.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

import numpy as np
import ruckig

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_motion.path.limits import Jacobian, SpeedLimits, blend_speed, line_limits
from takt_motion.path.pieces import Line, Piece

_HALVINGS = 50


@dataclass(frozen=True, eq=False)
class _Stretch:
    """One piece with its times; ``profile`` is None at constant ``speed``."""

    start_s: float
    duration_s: float
    piece: Piece
    speed: float
    profile: ruckig.Trajectory | None

    def at(self, t: float) -> tuple[Array, Array, Array]:
        """Position, velocity and acceleration of the joints ``t`` after its start [s]."""
        if self.profile is None:
            way, speed, change = self.speed * t, self.speed, 0.0
        else:
            ways, speeds, changes = self.profile.at_time(t)
            way, speed, change = ways[0], speeds[0], changes[0]
        q, tangent, curvature = self.piece.at(min(max(way, 0.0), self.piece.length))
        return q, tangent * speed, curvature * speed**2 + tangent * change


@dataclass(frozen=True, eq=False)
class TimedPath:
    """A motion of the joints over time.

    Attributes:
        start, goal: (n,) [rad]; before and after the motion it is there, at rest.
        duration_s: of the motion.
    """

    start: Array
    goal: Array
    duration_s: float
    _stretches: tuple[_Stretch, ...] = field(repr=False)

    def at(self, t: float) -> tuple[Array, Array, Array]:
        """Position, velocity and acceleration (n,) each at the time ``t`` since its start [s]."""
        still = np.zeros_like(self.start)
        if t <= 0.0:
            return self.start, still, still
        if t >= self.duration_s:
            return self.goal, still, still
        index = bisect.bisect_right(self._stretches, t, key=lambda one: one.start_s) - 1
        stretch = self._stretches[index]
        return stretch.at(min(t - stretch.start_s, stretch.duration_s))


def timed(
    corners: Array, pieces: tuple[Piece, ...], limits: SpeedLimits, jacobian: Jacobian
) -> TimedPath:
    """Give a path its times.

    Args:
        corners: (k, n) of which only the ends matter here: the motion begins and ends exactly
            there.

    Raises:
        TaktError: Ruckig found no profile.
    """
    bounds = [
        line_limits(piece, limits, jacobian)
        if isinstance(piece, Line)
        else (blend_speed(piece, limits, jacobian), 0.0, 0.0)
        for piece in pieces
    ]
    speeds = _speeds_between(pieces, bounds)
    stretches = []
    now_s = 0.0
    for k, piece in enumerate(pieces):
        if isinstance(piece, Line):
            profile = _profile(piece.length, speeds[k], speeds[k + 1], bounds[k])
            stretch = _Stretch(now_s, float(profile.duration), piece, 0.0, profile)
        else:
            stretch = _Stretch(now_s, piece.length / speeds[k], piece, speeds[k], None)
        stretches.append(stretch)
        now_s += stretch.duration_s
    return TimedPath(corners[0], corners[-1], now_s, tuple(stretches))


def _speeds_between(
    pieces: tuple[Piece, ...], bounds: list[tuple[float, float, float]]
) -> list[float]:
    """Speed at the start of each piece, and at the end of the last.

    At rest where two lines meet. Otherwise that of the blend, less where a line is too short to
    speed up to it, or to slow down from it.
    """
    speeds = [0.0] * (len(pieces) + 1)
    for k, piece in enumerate(pieces):
        if not isinstance(piece, Line):
            speeds[k] = speeds[k + 1] = min(bounds[k][0], bounds[k - 1][0], bounds[k + 1][0])
    for k, piece in enumerate(pieces):
        if isinstance(piece, Line):
            reached = _reachable(speeds[k], piece.length, bounds[k])
            speeds[k + 1] = min(speeds[k + 1], reached)
        else:
            speeds[k + 1] = speeds[k]
    for k in range(len(pieces) - 1, -1, -1):
        piece = pieces[k]
        if isinstance(piece, Line):
            speeds[k] = min(speeds[k], _reachable(speeds[k + 1], piece.length, bounds[k]))
        else:
            speeds[k] = speeds[k + 1]
    return speeds


def _reachable(speed: float, length: float, bound: tuple[float, float, float]) -> float:
    """The highest speed, up to the line's, that its length allows to reach from ``speed``."""
    low, high = speed, max(bound[0], speed)
    if _way_to_change(speed, high, bound) <= length:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _way_to_change(speed, middle, bound) <= length:
            low = middle
        else:
            high = middle
    return low


def _way_to_change(first: float, second: float, bound: tuple[float, float, float]) -> float:
    """The way on which the speed changes between two, with no acceleration at both ends."""
    _, acceleration, jerk = bound
    change = abs(second - first)
    if change * jerk <= acceleration**2:
        time_s = 2.0 * float(np.sqrt(change / jerk))
    else:
        time_s = change / acceleration + acceleration / jerk
    return (first + second) / 2.0 * time_s


def _profile(
    length: float, first: float, last: float, bound: tuple[float, float, float]
) -> ruckig.Trajectory:
    speed, acceleration, jerk = bound
    wanted = ruckig.InputParameter(1)
    wanted.current_position, wanted.target_position = [0.0], [length]
    wanted.current_velocity, wanted.target_velocity = [first], [last]
    wanted.current_acceleration = wanted.target_acceleration = [0.0]
    wanted.max_velocity = [max(speed, first, last)]
    wanted.max_acceleration, wanted.max_jerk = [acceleration], [jerk]
    trajectory = ruckig.Trajectory(1)
    result = ruckig.Ruckig(1).calculate(wanted, trajectory)
    if result not in (ruckig.Result.Working, ruckig.Result.Finished):
        raise TaktError(
            f"no profile over {length:g} rad from {first:g} to {last:g} rad/s: {result}; the "
            f"limits along the way are {bound}"
        )
    return trajectory
