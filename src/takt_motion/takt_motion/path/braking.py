"""Stops a motion on its own path: time runs slower, and then not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takt_core.geometry import Array
from takt_motion.path.timing import TimedPath

_STOPS_S = (0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.6)
_SAMPLES = 24


@dataclass(frozen=True)
class StoppingClock:
    """Time that passes as usual until ``from_s``, then at the rate ``1 - h(u)``,
    ``h = 3 u^2 - 2 u^3``, and stands from ``stop_s`` later on: half of that has passed then."""

    from_s: float
    stop_s: float

    @property
    def end_s(self) -> float:
        """When it stands, in time that passes as usual."""
        return self.from_s + self.stop_s

    def at(self, t: float) -> tuple[float, float, float]:
        """The time that has passed, its rate, and the rate's change at ``t`` [s]."""
        if t <= self.from_s:
            return t, 1.0, 0.0
        u = min((t - self.from_s) / self.stop_s, 1.0)
        passed_s = self.from_s + self.stop_s * (u - u**3 + u**4 / 2.0)
        return passed_s, 1.0 - 3.0 * u**2 + 2.0 * u**3, (-6.0 * u + 6.0 * u**2) / self.stop_s


def stopping_clock(path: TimedPath, from_s: float, acceleration: Array) -> StoppingClock:
    """The shortest stop from the time ``from_s`` on that keeps to an acceleration.

    Args:
        acceleration: (n,) of each joint [rad/s^2]. More than what the path itself uses: where
            that is at its limit, braking needs some on top.
    """
    for stop_s in _STOPS_S:
        clock = StoppingClock(from_s, stop_s)
        times = from_s + np.linspace(0.0, stop_s, _SAMPLES)
        if all((np.abs(_acceleration(path, clock, float(t))) <= acceleration).all() for t in times):
            return clock
    return StoppingClock(from_s, _STOPS_S[-1])


def _acceleration(path: TimedPath, clock: StoppingClock, t: float) -> Array:
    passed_s, rate, change = clock.at(t)
    _, velocity, acceleration = path.at(passed_s)
    return acceleration * rate**2 + velocity * change
