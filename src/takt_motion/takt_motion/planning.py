"""From what is asked to a motion over time that touches nothing and keeps every limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_motion.arm import MotionArm
from takt_motion.motions import JointMotion, Motion, line_motion
from takt_motion.path.limits import SpeedLimits
from takt_motion.path.pieces import rounded
from takt_motion.path.timing import timed
from takt_motion.planners.interface import Planner
from takt_motion.request import RETREAT, Request
from takt_motion.retreat import way_back
from takt_motion.settings import MotionParameters

_ACCELERATION_M_S2, _JERK_M_S3 = 0.3, 3.0


@dataclass(frozen=True, eq=False)
class Start:
    """Where a motion begins, at rest.

    Attributes:
        joints: (n,) [rad].
        target: base_from_tcp that the controller asks for there.
        others: where joints stand that are not the arm's, by name [rad, m].
    """

    joints: Array
    target: Pose
    others: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Planned:
    """A motion, and what is to be said of it."""

    motion: Motion
    words: str


class MotionPlanning:
    """Goals to motions, for one arm. Everything random in it follows from one seed.

    Args:
        places: joint angles (n,) by name.
        limits: of the motions at speed_scale 1.
        forward: base_from_tcp of joint angles, for motions: they may be executed in another thread.
    """

    def __init__(
        self,
        arm: MotionArm,
        planner: Planner,
        places: Mapping[str, Array],
        limits: SpeedLimits,
        parameters: MotionParameters,
        forward: Callable[[Array], Pose],
    ) -> None:
        self._forward = forward
        self._arm = arm
        self._planner = planner
        self._places = places
        self._limits = limits
        self._parameters = parameters

    def plan(self, start: Start, request: Request) -> Planned:
        """The motion that was asked for.

        Raises:
            TaktError: there is none; the message says what is in the way.
        """
        if request.place == RETREAT:
            return self._retreat(start, request.speed_scale)
        self._refuse_start(start.joints)
        goal = self._goal(start.joints, request)
        corners = self._planner.find_path(start.joints, goal)
        pieces = rounded(corners, self._planner, self._parameters.blend_rad)
        limits = self._limits.scaled(request.speed_scale)
        path = timed(corners, pieces, limits, self._arm.jacobian)
        motion = JointMotion(path, self._forward, self._limits.acceleration)
        return Planned(motion, f"{request} (corners on the way: {len(corners) - 2})")

    def _retreat(self, start: Start, speed_scale: float) -> Planned:
        p = self._parameters
        up = p.retreat_direction == "up"
        way = way_back(self._arm, self._planner, start.joints, start.target, p.retreat_m, up)
        motion = line_motion(
            start.target,
            way.direction,
            way.length_m,
            p.retreat_speed_m_s * speed_scale,
            _ACCELERATION_M_S2,
            _JERK_M_S3,
        )
        ended = f", where it meets {way.ended}" if way.ended else ""
        return Planned(motion, f"retreat by {way.length_m:.3f} m{ended}")

    def _refuse_start(self, q: Array) -> None:
        touching = self._planner.touching(q)
        if touching:
            raise TaktError(
                f"the start is in collision, or nearer than the margin: {_pairs(touching)}. "
                "Retreat first (takt move retreat), or correct the scene"
            )

    def _goal(self, start: Array, request: Request) -> Array:
        if request.pose is not None:
            return self._nearest(start, request.pose)
        if request.place:
            if request.place not in self._places:
                known = ", ".join([*self._places, RETREAT])
                raise TaktError(f"place {request.place!r} is not known; allowed are {known}")
            goal = self._places[request.place]
        else:
            goal = self._named(start, request.joints or {})
        goal = self._arm.near(goal, start)
        broken = self._arm.limits.broken(goal)
        if broken:
            raise TaktError(f"the goal breaks limits of joints: {'; '.join(broken)}")
        touching = self._planner.touching(goal)
        if touching:
            raise TaktError(
                f"the goal is in collision, or nearer than the margin: {_pairs(touching)}"
            )
        return goal

    def _named(self, start: Array, joints: Mapping[str, float]) -> Array:
        names = self._arm.names
        unknown = [name for name in joints if name not in names]
        if unknown or not joints:
            raise TaktError(f"joints {unknown or 'none'} of the goal; the arm has {list(names)}")
        goal: Array = start.copy()
        for name, value in joints.items():
            goal[names.index(name)] = value
        return goal

    def _nearest(self, start: Array, pose: Pose) -> Array:
        """The solution nearest to the start that touches nothing."""
        rng = np.random.default_rng(self._parameters.seed)
        seeds = [start, *self._places.values()]
        seeds += [self._arm.random(rng, start) for _ in range(self._parameters.ik_seeds)]
        found = self._arm.solutions(pose, seeds, start)
        if not found:
            raise TaktError(
                f"the goal at {pose.position_m.round(3).tolist()} m is out of reach within the "
                f"limits of the joints ({len(seeds)} starts of inverse kinematics)"
            )
        for q in found:
            if not self._planner.touching(q):
                return q
        raise TaktError(
            "the goal is in collision, or nearer than the margin, in each of the "
            f"{len(found)} ways to reach it: {_pairs(self._planner.touching(found[0]))}"
        )


def _pairs(touching: Mapping[str, float]) -> str:
    return ", ".join(f"{name} ({1e3 * distance:.0f} mm)" for name, distance in touching.items())
