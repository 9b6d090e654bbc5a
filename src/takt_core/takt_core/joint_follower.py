"""Follows stamped joint positions: splices, limits, and stops when the waypoints run out.

The follower of hands, and of anything with joints that is commanded from Python; arms have theirs
in takt_impedance. It moves on a grid of time of its own, so that how regularly it is called does
not change where it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_core.joint_curve import JointCurve, TimesNs, estimate_velocities, join_acceleration
from takt_core.joint_limiter import JointLimiter

STEP_NS = 2_000_000
# Not called for longer than this, it goes on from where it was instead of making up for it.
_LONGEST_GAP_NS = 100_000_000
# After the last waypoint, slower than this is at rest [rad/s].
_REST_VELOCITY = 1e-6
_REST_DISTANCE = 1e-6


class _Phase(Enum):
    REST = 0
    FOLLOW = 1
    STOP = 2


@dataclass(frozen=True)
class JointResult:
    """What became of a trajectory.

    Attributes:
        accepted: it is followed.
        reason: why not, or empty.
        dropped: waypoints whose time had passed.
    """

    accepted: bool
    reason: str = ""
    dropped: int = 0


class JointFollower:
    """Turns trajectories into a target for each moment, within the limits of n joints.

    Attributes:
        starved: the waypoints ran out: stopping or stopped.
        starvations, rejected: how often that happened, how many trajectories were refused.
        last_rejection: why the latest was.
    """

    def __init__(
        self,
        lower_rad: npt.ArrayLike,
        upper_rad: npt.ArrayLike,
        max_velocity_rad_s: npt.ArrayLike,
        max_acceleration_rad_s2: npt.ArrayLike,
        stop_s: float = 0.3,
        max_jump_rad: float = 0.5,
        max_start_delay_s: float = 10.0,
    ) -> None:
        """
        Args:
            lower_rad, upper_rad: (n,) the range of each joint; waypoints beyond are clamped.
            max_velocity_rad_s, max_acceleration_rad_s2: (n,) or for all.
            stop_s: a stop takes at most this long.
            max_jump_rad: a first waypoint may be as far from the target, and what the velocity
                allows until its time in addition.
            max_start_delay_s: a first waypoint may be as far ahead.

        Raises:
            TaktError: limits that contradict each other.
        """
        self._limiter = JointLimiter(
            lower_rad,
            upper_rad,
            max_velocity_rad_s,
            max_acceleration_rad_s2,
            stop_s,
            STEP_NS * 1e-9,
        )
        self._max_jump = max_jump_rad
        self._max_start_delay_s = max_start_delay_s
        self._phase = _Phase.REST
        self._curve: JointCurve | None = None
        self._ends_at_rest = False
        self._time_ns = 0
        self.starved = False
        self.starvations = 0
        self.rejected = 0
        self.last_rejection = ""

    @property
    def target(self) -> Array:
        """(n,) [rad]."""
        return self._limiter.position

    @property
    def velocity(self) -> Array:
        """(n,) of the target [rad/s]."""
        return self._limiter.velocity

    @property
    def moving(self) -> bool:
        return self._phase is not _Phase.REST

    def start(self, now_ns: int, position: npt.ArrayLike) -> None:
        """At rest at a position (n,), which may lie outside of the range; forgets all else."""
        self._limiter.reset(np.array(position, dtype=np.float64))
        self._time_ns = now_ns
        self._phase = _Phase.REST
        self._curve = None
        self.starved = False

    def rest_position(self) -> Array:
        """(n,) where a stop that begins now would end [rad]."""
        return self._limiter.rest_position()

    def hold(self, now_ns: int) -> None:
        """Stops within stop_s and stays; that is not starvation."""
        self.step(now_ns)
        self.starved = False
        # A stop under way goes on as it began: asking again must not stretch it.
        if self._phase is _Phase.FOLLOW:
            self._begin_stop()

    def set_trajectory(
        self,
        times_ns: npt.ArrayLike,
        positions: npt.ArrayLike,
        now_ns: int,
        velocities: npt.ArrayLike | None = None,
    ) -> JointResult:
        """Replaces the trajectory, or refuses and goes on with the present one.

        The motion under way is joined to the first waypoint that can be reached within the
        acceleration limits. No waypoints at all mean: stop and hold.

        Args:
            times_ns: (k,) ascending.
            positions: (k, n) [rad].
            velocities: (k, n) [rad/s]; without, they follow from the positions. Only a last
                waypoint with a velocity of zero is a planned end; after any other the follower is
                starved.
        """
        times = np.asarray(times_ns, dtype=np.int64).reshape(-1)
        if not len(times):
            self.hold(now_ns)
            return JointResult(True)
        wanted = np.asarray(positions, dtype=np.float64)
        given = None if velocities is None else np.asarray(velocities, dtype=np.float64)
        self.step(now_ns)
        reason = self._check_waypoints(times, wanted, given)
        dropped = int(np.searchsorted(times, max(now_ns, self._time_ns), side="right"))
        if not reason and dropped == len(times):
            late_s = (now_ns - int(times[-1])) * 1e-9
            reason = f"all {dropped} waypoints are in the past, the last by {late_s:.3f} s"
        if not reason:
            reason = self._check_start(int(times[dropped]), wanted[dropped], now_ns)
        if reason:
            return self.refuse(reason, dropped)
        self._begin(times, wanted, given, dropped)
        return JointResult(True, "", dropped)

    def refuse(self, reason: str, dropped: int = 0) -> JointResult:
        """Counts a trajectory that is not followed."""
        self.rejected += 1
        self.last_rejection = reason
        return JointResult(False, reason, dropped)

    def step(self, now_ns: int) -> Array:
        """Goes on to the present and returns the target (n,)."""
        gap_ns = now_ns - self._time_ns
        if gap_ns < -_LONGEST_GAP_NS:
            # The clock was set back: what was planned is for a time of which nobody knows.
            self._time_ns = now_ns
            if self._phase is _Phase.FOLLOW:
                self._begin_stop()
            return self.target
        if gap_ns > _LONGEST_GAP_NS or self._phase is _Phase.REST:
            self._time_ns += max(0, gap_ns // STEP_NS - 1) * STEP_NS
        while self._time_ns + STEP_NS <= now_ns:
            self._time_ns += STEP_NS
            self._step_once()
        return self.target

    def _step_once(self) -> None:
        if self._phase is _Phase.FOLLOW:
            assert self._curve is not None
            over = self._time_ns > self._curve.times_ns[-1]
            if over and not self._ends_at_rest:
                self._begin_stop()
                self.starved = True
                self.starvations += 1
            else:
                self._limiter.track(*self._curve.at(self._time_ns))
                if over and self._arrived(self._curve):
                    self._limiter.settle()
                    self._phase = _Phase.REST
        if self._phase is _Phase.STOP:
            self._limiter.stop()
            if self._limiter.at_rest:
                self._phase = _Phase.REST

    def _arrived(self, curve: JointCurve) -> bool:
        end = np.clip(curve.position[-1], self._limiter.lower, self._limiter.upper)
        near = np.abs(end - self.target).max() < _REST_DISTANCE
        return bool(near and np.abs(self.velocity).max() < _REST_VELOCITY)

    def _begin_stop(self) -> None:
        self._limiter.begin_stop()
        self._phase = _Phase.REST if self._limiter.at_rest else _Phase.STOP

    def _begin(self, times: TimesNs, wanted: Array, given: Array | None, first: int) -> None:
        limiter = self._limiter
        inside = (wanted >= limiter.lower) & (wanted <= limiter.upper)
        clamped = np.clip(wanted, limiter.lower, limiter.upper)
        # Over all waypoints, so that the last one of the past still shapes the velocities.
        velocity = estimate_velocities(times, clamped) if given is None else given
        velocity = np.clip(velocity * inside, -limiter.max_velocity, limiter.max_velocity)
        self._ends_at_rest = given is not None and not given[-1].any()
        curve = JointCurve(times, clamped, velocity)
        first = self._splice_index(curve, first)
        self._curve = curve.joined_at(self._time_ns, self.target, self.velocity, first)
        self._phase = _Phase.FOLLOW
        self.starved = False

    def _splice_index(self, curve: JointCurve, first: int) -> int:
        """The first waypoint that can be joined; aiming at an earlier one would overshoot."""
        for i in range(first, len(curve.times_ns)):
            needed = join_acceleration(
                self.target,
                self.velocity,
                curve.position[i],
                curve.velocity[i],
                (int(curve.times_ns[i]) - self._time_ns) * 1e-9,
            )
            if (needed <= self._limiter.max_acceleration).all():
                return i
        return len(curve.times_ns) - 1

    def _check_waypoints(self, times: TimesNs, wanted: Array, given: Array | None) -> str:
        shape = (len(times), len(self.target))
        for name, values in (("positions", wanted), ("velocities", given)):
            if values is not None and values.shape != shape:
                return f"{name} have the shape {values.shape}; allowed is {shape}"
            if values is not None and not np.isfinite(values).all():
                return f"{name} are not all finite"
        if (np.diff(times) <= 0).any():
            return "the times of the waypoints do not ascend"
        return ""

    def _check_start(self, time_ns: int, position: Array, now_ns: int) -> str:
        delay_s = (time_ns - now_ns) * 1e-9
        if delay_s > self._max_start_delay_s:
            return (
                f"first waypoint is {delay_s:.3f} s ahead, allowed max_start_delay_s = "
                f"{self._max_start_delay_s:g} (same clock?)"
            )
        limiter = self._limiter
        distance = np.abs(np.clip(position, limiter.lower, limiter.upper) - self.target)
        beyond = distance - self._max_jump - limiter.max_velocity * delay_s
        worst = int(np.argmax(beyond))
        if beyond[worst] > 0.0:
            return (
                f"first waypoint of joint {worst} is {distance[worst]:.3f} rad from the target and "
                f"{delay_s:.3f} s ahead, allowed max_jump_rad = {self._max_jump:g} and what "
                f"{limiter.max_velocity[worst]:g} rad/s make in that time"
            )
        return ""


def spread(
    all_names: Sequence[str], names: Sequence[str], values: Array, others: npt.ArrayLike
) -> Array:
    """(k, n) values of all joints from those (k, m) of some, in any order.

    Args:
        others: (n,) what the joints that are not named get.

    Raises:
        TaktError: a joint that is not there, or that is named twice.
    """
    unknown = [name for name in names if name not in all_names]
    if unknown or len(set(names)) != len(names):
        raise TaktError(
            f"joints {', '.join(names)}; allowed is each of {', '.join(all_names)} once or not at "
            "all"
        )
    spread_out = np.tile(np.asarray(others, dtype=np.float64), (len(values), 1))
    spread_out[:, [list(all_names).index(name) for name in names]] = values
    return spread_out
