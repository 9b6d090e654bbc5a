"""Motions over time as they are executed: of the joints, or of the tool along a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import ruckig

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_motion.path.braking import StoppingClock, stopping_clock
from takt_motion.path.timing import TimedPath

# Braking may use so much more acceleration than the motion itself.
BRAKING_FACTOR = 1.5
_LINE_STOP_S = 0.3


@dataclass(frozen=True, eq=False)
class Target:
    """Where the arm is to be at one time.

    Attributes:
        pose: base_from_tcp.
        joints: (n,) [rad], or None where the tool is led and the joints follow.
    """

    pose: Pose
    joints: Array | None


class Motion(Protocol):
    """A way of the arm, at rest before its start and after its end."""

    @property
    def duration_s(self) -> float: ...

    def at(self, t: float) -> Target:
        """The target ``t`` after the start [s]."""
        ...

    def stopped(self, from_s: float) -> Motion:
        """The same motion, braked on its own way from the time ``from_s`` on."""
        ...


@dataclass(frozen=True, eq=False)
class JointMotion:
    """Along a timed path of the joints.

    Attributes:
        forward: base_from_tcp of joint angles.
        acceleration: (n,) of the path's limits [rad/s^2].
    """

    path: TimedPath
    forward: Callable[[Array], Pose]
    acceleration: Array
    clock: StoppingClock | None = None

    @property
    def duration_s(self) -> float:
        return self.path.duration_s if self.clock is None else self.clock.end_s

    def at(self, t: float) -> Target:
        q = self.path.at(t if self.clock is None else self.clock.at(t)[0])[0]
        return Target(self.forward(q), q)

    def stopped(self, from_s: float) -> JointMotion:
        if self.clock is not None or from_s >= self.path.duration_s:
            return self
        clock = stopping_clock(self.path, from_s, BRAKING_FACTOR * self.acceleration)
        return JointMotion(self.path, self.forward, self.acceleration, clock)


@dataclass(frozen=True, eq=False)
class LineMotion:
    """The tool in a straight line without turning; the joints follow by impedance.

    Attributes:
        direction: (3,) unit vector, base axes.
    """

    start: Pose
    direction: Array
    profile: ruckig.Trajectory
    clock: StoppingClock | None = None

    @property
    def duration_s(self) -> float:
        return float(self.profile.duration) if self.clock is None else self.clock.end_s

    def at(self, t: float) -> Target:
        passed_s = max(t if self.clock is None else self.clock.at(t)[0], 0.0)
        way = self.profile.at_time(min(passed_s, self.profile.duration))[0][0]
        position = self.start.position_m + way * self.direction
        return Target(Pose(position, self.start.quaternion_xyzw), None)

    def stopped(self, from_s: float) -> LineMotion:
        if self.clock is not None or from_s >= self.profile.duration:
            return self
        clock = StoppingClock(max(from_s, 0.0), _LINE_STOP_S)
        return LineMotion(self.start, self.direction, self.profile, clock)


def line_motion(
    start: Pose, direction: Array, length_m: float, speed: float, acceleration: float, jerk: float
) -> LineMotion:
    """Along a line of ``length_m``, within limits of speed [m/s], acceleration and jerk.

    Raises:
        TaktError: Ruckig found no profile.
    """
    wanted = ruckig.InputParameter(1)
    wanted.current_position, wanted.target_position = [0.0], [length_m]
    wanted.max_velocity, wanted.max_acceleration = [speed], [acceleration]
    wanted.max_jerk = [jerk]
    profile = ruckig.Trajectory(1)
    result = ruckig.Ruckig(1).calculate(wanted, profile)
    if result not in (ruckig.Result.Working, ruckig.Result.Finished):
        raise TaktError(f"no profile over {length_m:g} m at {speed:g} m/s: {result}")
    return LineMotion(start, np.asarray(direction, dtype=np.float64), profile)
