"""The arm as planning sees it: where its tool is, and which joint angles bring it somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_impedance.kinematics import ArmModel
from takt_motion.planners.interface import JointLimits

_TURN_RAD = 2.0 * np.pi
# Angles that differ by less are the same solution [rad].
_SAME_RAD = 1e-2


class MotionArm:
    """Forward and inverse kinematics with the limits that planned motions keep.

    Not for two threads at once.

    Args:
        limit_margin_rad: how far from their limits the joints stay.

    Raises:
        TaktError: a joint or frame that the URDF does not have.
    """

    def __init__(
        self,
        urdf_xml: str,
        tool_frame: str,
        joint_names: Sequence[str],
        limit_margin_rad: float = 0.0,
    ) -> None:
        try:
            self._model = ArmModel(urdf_xml, tool_frame, joint_names)
        except ValueError as error:
            raise TaktError(f"{error}. Change joint_names or tool_frame") from error
        lower, upper = self._model.lower_rad, self._model.upper_rad
        self.limits = JointLimits(
            self._model.joint_names,
            np.where(np.isnan(lower), -np.inf, lower + limit_margin_rad),
            np.where(np.isnan(upper), np.inf, upper - limit_margin_rad),
        )
        self.velocity_limit_rad_s: Array = self._model.velocity_limit_rad_s

    @property
    def names(self) -> tuple[str, ...]:
        return self.limits.names

    def pose(self, q: Array) -> Pose:
        """base_from_tcp at joint angles ``q`` (n,)."""
        return Pose.from_matrix(self._model.forward(q))

    def jacobian(self, q: Array) -> Array:
        """(6, n) of the tool point, base axes, linear rows first."""
        return np.array(self._model.terms(q, np.zeros(q.size)).jacobian)

    def near(self, q: Array, start: Array) -> Array:
        """The same angles with joints that turn for ever as near to ``start`` as whole turns
        bring them."""
        open_ends = np.isinf(self.limits.lower_rad) & np.isinf(self.limits.upper_rad)
        turns = np.round((start - q) / _TURN_RAD)
        return np.where(open_ends, q + turns * _TURN_RAD, q)

    def solve(self, pose: Pose, seed: Array) -> Array | None:
        """Joint angles (n,) within the limits that bring the tool there, near a seed, or None."""
        q = self._model.inverse(pose.matrix(), seed)
        return None if q is None or self.limits.broken(q) else q

    def solutions(self, pose: Pose, seeds: Iterable[Array], start: Array) -> list[Array]:
        """All that the seeds lead to, each once; the nearest to ``start`` first."""
        found: list[Array] = []
        for seed in seeds:
            q = self.solve(pose, seed)
            if q is None:
                continue
            q = self.near(q, start)
            if all(np.abs(q - other).max() > _SAME_RAD for other in found):
                found.append(q)
        return sorted(found, key=lambda q: float(np.linalg.norm(q - start)))

    def random(self, rng: np.random.Generator, start: Array) -> Array:
        """Joint angles (n,) anywhere within the limits."""
        low, high = self.limits.lower_rad, self.limits.upper_rad
        low = np.where(np.isinf(low), start - _TURN_RAD / 2.0, low)
        high = np.where(np.isinf(high), start + _TURN_RAD / 2.0, high)
        return rng.uniform(low, high)
