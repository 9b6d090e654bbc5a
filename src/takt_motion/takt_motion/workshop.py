"""Builds everything that plans for one arm from the parameters and the robot's URDF."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_motion.arm import MotionArm
from takt_motion.collision import CollisionModel
from takt_motion.jobs import IsCancelled
from takt_motion.path.limits import SpeedLimits
from takt_motion.planners.interface import Planner
from takt_motion.planners.ompl import OmplPlanner
from takt_motion.planners.swept import SweptSpace
from takt_motion.planning import MotionPlanning, Planned, Start
from takt_motion.request import Request, places_from_yaml
from takt_motion.scene import obstacles_from_yaml, pairs_from_yaml
from takt_motion.settings import MotionParameters


@dataclass(frozen=True, eq=False)
class MotionWorkshop:
    """Plans, and knows the arm; its planning is for one thread at a time.

    Attributes:
        names: of the arm's joints.
        forward: base_from_tcp of joint angles, for another thread than that of planning.
    """

    names: tuple[str, ...]
    forward: Callable[[Array], Pose]
    planning: MotionPlanning
    prepare: Callable[[Mapping[str, float], IsCancelled], None]
    words: str

    def plan(
        self, start: Start, request: Request, is_cancelled: IsCancelled = lambda: False
    ) -> Planned:
        """See ``MotionPlanning.plan``; a TaktError, too, soon after it is cancelled."""
        self.prepare(start.others, is_cancelled)
        return self.planning.plan(start, request)


def make_workshop(
    parameters: MotionParameters,
    urdf_xml: str,
    package_folders: Sequence[str] = (),
    planner: Planner | None = None,
) -> MotionWorkshop:
    """Everything for planned motions of one arm.

    Args:
        package_folders: where ``package://`` addresses of meshes are looked up.
        planner: another than OMPL.

    Raises:
        TaktError: a parameter that does not fit the robot.
    """
    p = parameters
    arm = MotionArm(urdf_xml, p.tool_frame, p.joint_names, p.joint_margin_rad)
    # Motions are executed while the next one is planned: each its own kinematics.
    executing = MotionArm(urdf_xml, p.tool_frame, p.joint_names, p.joint_margin_rad)
    places = places_from_yaml(p.places, arm.names)
    for name, q in places.items():
        if arm.limits.broken(q):
            raise TaktError(f"place {name!r} breaks limits: {'; '.join(arm.limits.broken(q))}")

    def ignore(_others: Mapping[str, float], _is_cancelled: IsCancelled) -> None:
        """A planner of its own knows the other joints, and ends after its time."""

    prepare: Callable[[Mapping[str, float], IsCancelled], None] = ignore
    if planner is None:
        model = CollisionModel(
            urdf_xml,
            p.joint_names,
            obstacles_from_yaml(p.scene),
            margin_m=p.margin_m,
            allowed=pairs_from_yaml(p.allowed_collisions),
            package_folders=package_folders,
        )
        space = SweptSpace(model)
        prepare = space.prepare
        planner = OmplPlanner(
            space,
            arm.limits,
            time_limit_s=p.planning_time_s,
            check_limit=p.check_limit,
            seed=p.seed,
        )
    planning = MotionPlanning(arm, planner, places, speed_limits(p, arm), p, executing.pose)
    words = f"{planner.name}, {len(arm.names)} joints, places {', '.join([*places, 'retreat'])}"
    return MotionWorkshop(arm.names, executing.pose, planning, prepare, words)


def speed_limits(parameters: MotionParameters, arm: MotionArm) -> SpeedLimits:
    """The limits of motions at speed_scale 1, not above the URDF's.

    Raises:
        TaktError: neither one value nor one for each joint.
    """
    p = parameters
    count = len(arm.names)
    velocity = _each("max_velocity_rad_s", p.max_velocity_rad_s, count)
    known = arm.velocity_limit_rad_s
    return SpeedLimits(
        np.where(known > 0.0, np.minimum(velocity, known), velocity),
        _each("max_acceleration_rad_s2", p.max_acceleration_rad_s2, count),
        _each("max_jerk_rad_s3", p.max_jerk_rad_s3, count),
        p.max_tool_speed_m_s,
        p.max_tool_speed_rad_s,
    )


def _each(name: str, values: tuple[float, ...], count: int) -> Array:
    if len(values) not in (1, count):
        raise TaktError(
            f"{name} has {len(values)} values; allowed are 1, or {count} for each joint"
        )
    return np.full(count, values, dtype=np.float64)
