"""What a recorded episode told the arm to do, as one sequence of waypoints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from takt_core.geometry import Array, Pose, interpolate_pose
from takt_core.trajectory import Trajectory, Waypoint

HOLD_GAP_NS = 500_000_000
"""A longer time without waypoints was a pause: the arm stood still."""


@dataclass(frozen=True)
class SentTrajectory:
    """A trajectory and the ROS time at which it was sent [ns]."""

    sent_ns: int
    trajectory: Trajectory


def executed_waypoints(sent: Iterable[SentTrajectory]) -> list[Waypoint]:
    """Splice trajectories as the controller did.

    Each replaces everything from its first waypoint on that was still to come; one without
    waypoints cuts everything off that was still to come.
    """
    timeline: list[Waypoint] = []
    for item in sent:
        future = [w for w in item.trajectory.waypoints if w.time_ns > item.sent_ns]
        if future:
            cut_ns = future[0].time_ns
        elif item.trajectory.waypoints:
            continue
        else:
            cut_ns = item.sent_ns
        timeline = [w for w in timeline if w.time_ns < cut_ns] + future
    return timeline


def resample(waypoints: list[Waypoint], step_ns: int) -> list[Waypoint]:
    """Waypoints on a regular grid from the first to the last.

    Cubic in position where velocities are known at both ends, else straight; rotations
    along the shortest arc; joints straight, if the whole recording was of joints. Pauses are kept
    as pauses.
    """
    first_ns, last_ns = waypoints[0].time_ns, waypoints[-1].time_ns
    count = max(1, -(-(last_ns - first_ns) // step_ns))
    if any(waypoint.joint_position is None for waypoint in waypoints):
        # One law for all of it: between two, the arm would be led in two ways at once.
        waypoints = [replace(waypoint, joint_position=None) for waypoint in waypoints]
    grid: list[Waypoint] = []
    index = 0
    for i in range(count + 1):
        time_ns = first_ns + i * step_ns
        while index + 1 < len(waypoints) and waypoints[index + 1].time_ns <= time_ns:
            index += 1
        before = waypoints[index]
        after = waypoints[index + 1] if index + 1 < len(waypoints) else before
        grid.append(
            Waypoint(
                time_ns,
                _between(before, after, time_ns),
                gripper_width_m=before.gripper_width_m,
                joint_position=_joints_between(before, after, time_ns),
            )
        )
    return grid


def _joints_between(before: Waypoint, after: Waypoint, time_ns: int) -> Array | None:
    span_ns = after.time_ns - before.time_ns
    if before.joint_position is None or after.joint_position is None:
        return None
    if span_ns <= 0 or span_ns > HOLD_GAP_NS:
        return before.joint_position
    fraction = (time_ns - before.time_ns) / span_ns
    return before.joint_position + fraction * (after.joint_position - before.joint_position)


def _between(before: Waypoint, after: Waypoint, time_ns: int) -> Pose:
    span_ns = after.time_ns - before.time_ns
    if span_ns <= 0 or span_ns > HOLD_GAP_NS:
        return before.base_from_tcp
    fraction = (time_ns - before.time_ns) / span_ns
    straight = interpolate_pose(before.base_from_tcp, after.base_from_tcp, fraction)
    if before.twist is None or after.twist is None:
        return straight
    span_s = span_ns / 1e9
    s = fraction
    position = (
        (2 * s**3 - 3 * s**2 + 1) * before.base_from_tcp.position_m
        + (s**3 - 2 * s**2 + s) * span_s * np.asarray(before.twist[:3])
        + (-2 * s**3 + 3 * s**2) * after.base_from_tcp.position_m
        + (s**3 - s**2) * span_s * np.asarray(after.twist[:3])
    )
    return Pose(position, straight.quaternion_xyzw)
