"""What is sent to a controller and to a hand, from and to messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from takt_core import checks
from takt_core.conversions.basic import (
    duration_to_ros,
    header_to_ros,
    pose_from_ros,
    pose_to_ros,
    stamp_from_ros,
    stamp_to_ros,
    twist_from_ros,
    twist_to_ros,
)
from takt_core.geometry import Array
from takt_core.trajectory import HandTrajectory, Trajectory, Waypoint
from takt_msgs.msg import PoseTrajectory, PoseWaypoint


def trajectory_from_ros(message: Any) -> Trajectory:
    """The waypoints as they came; their order and reach are for the controller to judge.

    Raises:
        TaktError: a pose, twist, stiffness, gripper width or joint position that is none.
    """
    waypoints = tuple(
        Waypoint(
            time_ns=stamp_from_ros(w.time),
            base_from_tcp=pose_from_ros(w.pose),
            twist=checks.finite("twist", twist_from_ros(w.twist)) if w.has_twist else None,
            stiffness=checks.stiffness(w.stiffness) if w.has_stiffness else None,
            gripper_width_m=None if np.isnan(w.gripper_width) else checks.width(w.gripper_width),
            joint_position=_joints(w.joint_position),
        )
        for w in message.waypoints
    )
    start_ns = stamp_from_ros(message.start)
    return Trajectory(waypoints, str(message.source), int(message.chunk_id), start_ns)


def trajectory_to_ros(trajectory: Trajectory, stamp_ns: int, frame_id: str) -> PoseTrajectory:
    return PoseTrajectory(
        header=header_to_ros(stamp_ns, frame_id),
        waypoints=[_waypoint_to_ros(w) for w in trajectory.waypoints],
        source=trajectory.source,
        chunk_id=trajectory.chunk_id,
        start=stamp_to_ros(trajectory.start_ns),
    )


def hand_trajectory_from_ros(message: Any) -> HandTrajectory:
    """From trajectory_msgs/JointTrajectory, whose stamp is the absolute time from which its
    points count; their order and reach are for the hand to judge.

    Raises:
        TaktError: a point without a finite position for each joint, or velocities in some of the
            points only.
    """
    names = tuple(str(name) for name in message.joint_names)
    shape = (len(message.points), len(names))
    positions = _rows("positions", [p.positions for p in message.points], shape)
    velocities = None
    if any(len(p.velocities) for p in message.points):
        velocities = _rows("velocities", [p.velocities for p in message.points], shape)
    begin_ns = stamp_from_ros(message.header.stamp)
    times_ns = tuple(begin_ns + stamp_from_ros(p.time_from_start) for p in message.points)
    return HandTrajectory(names, times_ns, positions, velocities)


def hand_trajectory_to_ros(trajectory: HandTrajectory, stamp_ns: int) -> JointTrajectory:
    """``stamp_ns``, not after the first waypoint, becomes the header's stamp."""
    velocities = trajectory.velocities
    return JointTrajectory(
        header=header_to_ros(stamp_ns, ""),
        joint_names=list(trajectory.joint_names),
        points=[
            JointTrajectoryPoint(
                positions=row.tolist(),
                velocities=[] if velocities is None else velocities[i].tolist(),
                time_from_start=duration_to_ros(time_ns - stamp_ns),
            )
            for i, (time_ns, row) in enumerate(
                zip(trajectory.times_ns, trajectory.positions, strict=True)
            )
        ],
    )


def _rows(name: str, rows: list[Any], shape: tuple[int, int]) -> Array:
    """Finite numbers of the shape (points, joints)."""
    arrays = [checks.finite(name, np.array(row, np.float64)) for row in rows]
    for row in arrays:
        checks.count(name, row, shape[1])
    return np.array(arrays).reshape(shape)


def _waypoint_to_ros(waypoint: Waypoint) -> PoseWaypoint:
    twist, stiffness, width = waypoint.twist, waypoint.stiffness, waypoint.gripper_width_m
    joints = waypoint.joint_position
    return PoseWaypoint(
        time=stamp_to_ros(waypoint.time_ns),
        pose=pose_to_ros(waypoint.base_from_tcp),
        twist=twist_to_ros(np.zeros(6) if twist is None else twist),
        has_twist=twist is not None,
        stiffness=(np.zeros(6) if stiffness is None else stiffness).tolist(),
        has_stiffness=stiffness is not None,
        gripper_width=float("nan") if width is None else float(width),
        joint_position=[] if joints is None else joints.tolist(),
    )


def _joints(values: Any) -> Array | None:
    joints = np.array(values, dtype=np.float64)
    return checks.finite("joint_position", joints) if joints.size else None
