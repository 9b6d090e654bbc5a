"""Joint motion within limits of position, velocity and acceleration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import Array

# Share of the acceleration that catching up with a reference counts on; the rest is for following
# the reference's own acceleration.
_CATCH_UP_SHARE = 0.5
# Share of a small error that is made up per step.
_GAIN = 0.25


class JointLimiter:
    """The state of n joints, moved in steps of constant acceleration and of one duration.

    Whatever it is asked for, no step leaves the limits: a joint may go only as fast as it can
    still brake before the end of its range. A joint that begins outside of its range may stay or
    go back.
    """

    def __init__(
        self,
        lower_rad: npt.ArrayLike,
        upper_rad: npt.ArrayLike,
        max_velocity_rad_s: npt.ArrayLike,
        max_acceleration_rad_s2: npt.ArrayLike,
        stop_s: float,
        step_s: float,
    ) -> None:
        """
        Raises:
            TaktError: limits that contradict each other, or a stop that needs more than the
                acceleration allowed.
        """
        self.lower = np.atleast_1d(np.array(lower_rad, dtype=np.float64))
        self.upper = np.broadcast_to(np.asarray(upper_rad, np.float64), self.lower.shape).copy()
        self.max_velocity = np.broadcast_to(
            np.asarray(max_velocity_rad_s, np.float64), self.lower.shape
        ).copy()
        self.max_acceleration = np.broadcast_to(
            np.asarray(max_acceleration_rad_s2, np.float64), self.lower.shape
        ).copy()
        self._check(stop_s)
        self._stop_s, self._step_s = stop_s, step_s
        self.position = np.clip(np.zeros_like(self.lower), self.lower, self.upper)
        self.velocity = np.zeros_like(self.lower)
        self._stop_from = np.zeros_like(self.lower)
        self._stop_left = 0.0

    def _check(self, stop_s: float) -> None:
        if not (self.lower < self.upper).all():
            raise TaktError(
                f"lower limits {self.lower.tolist()} and upper limits {self.upper.tolist()} of "
                "joints; allowed is a range for each"
            )
        ok = (self.max_velocity > 0.0) & (self.max_velocity <= self.max_acceleration * stop_s)
        if not ok.all():
            i = int(np.argmin(ok))
            raise TaktError(
                f"joint {i}: a velocity of {self.max_velocity[i]:g} rad/s cannot be stopped in "
                f"stop_s = {stop_s:g} s with {self.max_acceleration[i]:g} rad/s^2; allowed is more "
                "than 0 and at most acceleration x stop_s"
            )

    @property
    def at_rest(self) -> bool:
        return not self.velocity.any()

    def reset(self, position: Array) -> None:
        """At rest there."""
        self.position = np.array(position, dtype=np.float64)
        self.velocity = np.zeros_like(self.position)
        self._stop_left = 0.0

    def settle(self) -> None:
        """What is left of the velocity is none."""
        self.velocity = np.zeros_like(self.position)

    def track(self, position: Array, velocity: Array) -> None:
        """One step towards a reference: where it is at the end of the step."""
        h = self._step_s
        inside = (position >= self.lower) & (position <= self.upper)
        goal = np.clip(position, self.lower, self.upper)
        goal_velocity = np.where(inside, velocity, 0.0)
        behind = goal - self.position - 0.5 * h * (self.velocity + goal_velocity)
        distance = np.abs(behind)
        catch_up = np.minimum(
            _GAIN / h * distance, np.sqrt(2.0 * _CATCH_UP_SHARE * self.max_acceleration * distance)
        )
        self._move(goal_velocity + np.copysign(catch_up, behind))

    def begin_stop(self) -> None:
        """From now on ``stop`` takes all joints to rest together, within stop_s."""
        self._stop_from = self.velocity.copy()
        self._stop_left = 0.0 if self.at_rest else 1.0

    def stop(self) -> None:
        """One step of the stop."""
        left = self._stop_left - self._step_s / self._stop_s
        self._stop_left = left if left > 1e-9 else 0.0  # what rounding leaves of the last step
        self._move(self._stop_left * self._stop_from)

    def rest_position(self) -> Array:
        """(n,) where a stop that begins now would end [rad]."""
        end = self.position + 0.5 * self._stop_s * self.velocity
        return np.clip(end, self.lower, self.upper)

    def _move(self, wanted: Array) -> None:
        h, change = self._step_s, self.max_acceleration * self._step_s
        wanted = np.clip(wanted, -self.max_velocity, self.max_velocity)
        wanted = np.clip(wanted, self.velocity - change, self.velocity + change)
        up = self._allowed(self.upper - self.position, self.velocity)
        down = self._allowed(self.position - self.lower, -self.velocity)
        velocity = np.maximum(np.minimum(wanted, up), -down)
        self.position = self.position + 0.5 * h * (self.velocity + velocity)
        self.velocity = velocity

    def _allowed(self, room: Array, velocity: Array) -> Array:
        """Fastest end of a step from which a stop within ``room`` remains possible.

        With v at the end of the step, way made in it h/2 (v0 + v) and the stop that follows, whose
        last step may be a partial one, v^2/2a + h v/2: their sum is at most the room. Braking with
        the full acceleration always keeps that; so a joint that is inside stays inside.
        """
        h, a = self._step_s, self.max_acceleration
        square = (a * h) ** 2 + 2.0 * a * (room - 0.5 * h * velocity)
        fastest = np.sqrt(np.maximum(square, 0.0)) - a * h
        allowed: Array = np.maximum(fastest, np.maximum(velocity - a * h, 0.0))
        return allowed
