"""Cubic curves through stamped joint positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Array

TimesNs = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class JointCurve:
    """A piecewise cubic Hermite curve of n joints.

    Attributes:
        times_ns: (k,) ascending [ns], k >= 1.
        position: (k, n) [rad].
        velocity: (k, n) [rad/s].
    """

    times_ns: TimesNs
    position: Array
    velocity: Array

    def at(self, time_ns: int) -> tuple[Array, Array]:
        """Position and velocity; before the first knot and after the last, at rest there."""
        if time_ns <= self.times_ns[0]:
            return self.position[0], np.zeros_like(self.velocity[0])
        if time_ns >= self.times_ns[-1]:
            return self.position[-1], np.zeros_like(self.velocity[-1])
        i = int(np.searchsorted(self.times_ns, time_ns, side="right")) - 1
        span_s = (self.times_ns[i + 1] - self.times_ns[i]) * 1e-9
        s = (time_ns - self.times_ns[i]) * 1e-9 / span_s
        distance = self.position[i + 1] - self.position[i]
        v0, v1 = self.velocity[i] * span_s, self.velocity[i + 1] * span_s
        # distance = integral of the velocity, a parabola through v0 and v1.
        cubic, square = v0 + v1 - 2.0 * distance, 3.0 * distance - 2.0 * v0 - v1
        position = self.position[i] + s * (v0 + s * (square + s * cubic))
        velocity = (v0 + s * (2.0 * square + s * 3.0 * cubic)) / span_s
        return position, velocity

    def joined_at(self, start_ns: int, position: Array, velocity: Array, first: int) -> JointCurve:
        """The curve that begins in a state of motion and meets this one at its knot ``first``."""
        return JointCurve(
            np.concatenate(([start_ns], self.times_ns[first:])),
            np.vstack((position, self.position[first:])),
            np.vstack((velocity, self.velocity[first:])),
        )


def join_acceleration(
    position: Array, velocity: Array, to_position: Array, to_velocity: Array, duration_s: float
) -> Array:
    """(n,) largest acceleration of the cubic between two states of motion [rad/s^2]."""
    distance = to_position - position
    at_start = 6.0 * distance - duration_s * (4.0 * velocity + 2.0 * to_velocity)
    at_end = 6.0 * distance - duration_s * (2.0 * velocity + 4.0 * to_velocity)
    # The acceleration is linear in between.
    largest: Array = np.maximum(np.abs(at_start), np.abs(at_end)) / duration_s**2
    return largest


def estimate_velocities(times_ns: TimesNs, position: Array) -> Array:
    """(k, n) velocities of the parabola through each knot and its two neighbours [rad/s].

    The first gets the mean velocity of its segment, the last rests: nothing says what comes next.
    """
    velocity = np.zeros_like(position)
    if len(times_ns) < 2:
        return velocity
    span_s = (np.diff(times_ns) * 1e-9)[:, None]
    mean = np.diff(position, axis=0) / span_s
    velocity[0] = mean[0]
    velocity[1:-1] = (span_s[1:] * mean[:-1] + span_s[:-1] * mean[1:]) / (span_s[:-1] + span_s[1:])
    return velocity
