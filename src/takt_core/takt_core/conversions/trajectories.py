"""What is sent to a controller, from and to takt_msgs/PoseTrajectory."""

from __future__ import annotations

from typing import Any

import numpy as np

from takt_core import checks
from takt_core.conversions.basic import (
    header_to_ros,
    pose_from_ros,
    pose_to_ros,
    stamp_from_ros,
    stamp_to_ros,
    twist_from_ros,
    twist_to_ros,
)
from takt_core.trajectory import Trajectory, Waypoint
from takt_msgs.msg import PoseTrajectory, PoseWaypoint


def trajectory_from_ros(message: Any) -> Trajectory:
    """The waypoints as they came; their order and reach are for the controller to judge.

    Raises:
        TaktError: a pose, twist, stiffness or gripper width that is none.
    """
    waypoints = tuple(
        Waypoint(
            time_ns=stamp_from_ros(w.time),
            base_from_tcp=pose_from_ros(w.pose),
            twist=checks.finite("twist", twist_from_ros(w.twist)) if w.has_twist else None,
            stiffness=checks.stiffness(w.stiffness) if w.has_stiffness else None,
            gripper_width_m=None if np.isnan(w.gripper_width) else checks.width(w.gripper_width),
        )
        for w in message.waypoints
    )
    return Trajectory(waypoints, str(message.source), int(message.chunk_id))


def trajectory_to_ros(trajectory: Trajectory, stamp_ns: int, frame_id: str) -> PoseTrajectory:
    return PoseTrajectory(
        header=header_to_ros(stamp_ns, frame_id),
        waypoints=[_waypoint_to_ros(w) for w in trajectory.waypoints],
        source=trajectory.source,
        chunk_id=trajectory.chunk_id,
    )


def _waypoint_to_ros(waypoint: Waypoint) -> PoseWaypoint:
    twist, stiffness, width = waypoint.twist, waypoint.stiffness, waypoint.gripper_width_m
    return PoseWaypoint(
        time=stamp_to_ros(waypoint.time_ns),
        pose=pose_to_ros(waypoint.base_from_tcp),
        twist=twist_to_ros(np.zeros(6) if twist is None else twist),
        has_twist=twist is not None,
        stiffness=(np.zeros(6) if stiffness is None else stiffness).tolist(),
        has_stiffness=stiffness is not None,
        gripper_width=float("nan") if width is None else float(width),
    )
