"""What the joints are to do: positions by the follower, and how hard they may push."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_core.joint_follower import JointFollower, JointResult, spread
from takt_hands.description import HandDescription
from takt_hands.parameters import HandParameters


class Targets:
    """The follower and the current limits of all joints.

    Attributes:
        follower: for its target and counters.
        limit_a: (n,) current limits in use [A].
    """

    def __init__(self, description: HandDescription, parameters: HandParameters) -> None:
        """
        Raises:
            TaktError: limits of the description that contradict stop_s.
        """
        self._names = description.joint_names
        self._rate_a_s = parameters.current_rate_a_s
        self._highest_a = description.array("max_current_a")
        self._wanted_a: Array = description.array("current_a")
        self.limit_a: Array = self._wanted_a.copy()
        self.follower = JointFollower(
            description.array("lower_rad"),
            description.array("upper_rad"),
            description.array("velocity_rad_s"),
            description.array("acceleration_rad_s2"),
            parameters.stop_s,
            parameters.max_jump_rad,
            parameters.max_start_delay_s,
        )

    def follow(
        self,
        now_ns: int,
        names: Sequence[str],
        times_ns: Sequence[int],
        positions: npt.ArrayLike,
        velocities: npt.ArrayLike | None,
    ) -> JointResult:
        """A trajectory of all joints or some; see ``HandDriver.follow``."""
        rest, still = self.follower.rest_position(), np.zeros(len(self._names))
        try:
            wanted = spread(self._names, names, np.asarray(positions, np.float64), rest)
            speeds = None
            if velocities is not None:
                speeds = spread(self._names, names, np.asarray(velocities, np.float64), still)
        except TaktError as error:
            return self.follower.refuse(str(error))
        return self.follower.set_trajectory(times_ns, wanted, now_ns, speeds)

    def set_current_limit(self, names: Sequence[str], limits_a: npt.ArrayLike) -> tuple[str, ...]:
        """See ``HandDriver.set_current_limit``."""
        limits = np.asarray(limits_a, dtype=np.float64).reshape(-1)
        if len(limits) != len(names) or not np.isfinite(limits).all() or (limits < 0.0).any():
            raise TaktError(
                f"current limits of {', '.join(names)} are {limits.tolist()}; allowed is one of at "
                "least 0 A for each joint"
            )
        wanted = spread(self._names, names, limits[None, :], self._wanted_a)[0]
        self._wanted_a = np.minimum(wanted, self._highest_a)
        too_much = wanted > self._highest_a
        return tuple(name for name, is_it in zip(self._names, too_much, strict=True) if is_it)

    def allowed_a(self, scale: Array) -> Array:
        """(n,) the limits asked for, times what heat and load leave of them [A]."""
        return self._wanted_a * scale

    def limit_after(self, scale: Array, duration_s: float) -> Array:
        """(n,) the limits after a cycle [A]: down at once, up slowly.

        A limit that jumps up is a blow for whatever the joint pushes against.
        """
        risen = self.limit_a + self._rate_a_s * duration_s
        self.limit_a = np.minimum(self.allowed_a(scale), risen)
        return self.limit_a
