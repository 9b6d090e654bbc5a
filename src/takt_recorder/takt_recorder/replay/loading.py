"""Reads what a bag's arm was told and did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_recorder import episode
from takt_recorder.reader import BagReader
from takt_recorder.replay.compare import TcpPath
from takt_recorder.replay.plan import STEP_NS, ReplayPlan
from takt_recorder.replay.timeline import SentTrajectory, executed_waypoints, resample

_TRAJECTORY, _CHUNK = "takt_msgs/msg/PoseTrajectory", "takt_msgs/msg/ActionChunk"
_ARM = "takt_msgs/msg/ArmState"
_NS_PER_S = 1_000_000_000


def load_plan(bag: Path, speed: float = 1.0) -> ReplayPlan:
    """Read the commands and the path of the one arm in a bag.

    Raises:
        TaktError: the bag has no commands, no arm state, or those of several arms.
    """
    if not 0.05 <= speed <= 1.0:
        raise TaktError(f"speed is {speed:g}; allowed is 0.05 to 1: a replay is never faster")
    reader = BagReader(bag)
    sent = _sent(reader)
    waypoints = executed_waypoints(sent)
    if len(waypoints) < 2:
        raise TaktError(
            f"{bag} has no motion to repeat: arm/trajectory and policy/chunk hold "
            f"{len(waypoints)} waypoints that were executed; at least 2 are needed"
        )
    topic = _one_topic(reader, _ARM, required=True)
    arm = sorted((m for _, m in reader.decoded([topic])), key=lambda m: _ns(m.header.stamp))
    times = np.array([_ns(message.header.stamp) for message in arm], dtype=np.int64)
    # The arm stood still until it was told to move: the first waypoint must not pull earlier.
    start_ns = _first_sent(sent, waypoints[0].time_ns)
    if times.size == 0 or times[0] > start_ns + STEP_NS:
        raise TaktError(f"{bag} does not have arm/state at the time of its first command")
    index = max(int(np.searchsorted(times, start_ns, side="right")) - 1, 0)
    if start_ns < waypoints[0].time_ns:
        waypoints.insert(0, _target(start_ns, arm[index], waypoints[0]))
    poses = np.array([_array7(message.tcp_pose) for message in arm])
    path = TcpPath(times, poses).shifted(-start_ns)
    grid = tuple(resample(waypoints, STEP_NS))
    return ReplayPlan(
        bag=reader.bag,
        waypoints=grid,
        path=path.between(0, grid[-1].time_ns - start_ns),
        start=Pose.from_array7(poses[index]),
        start_joints=np.array(arm[index].joint_position, dtype=np.float64),
        joint_speed_rad_s=_joint_speed(arm[index:]),
        seed=_seed(reader.bag),
        speed=speed,
    )


def _sent(reader: BagReader) -> list[SentTrajectory]:
    """Trajectories to the arm; chunks of the policy if there are none."""
    topic = _one_topic(reader, _TRAJECTORY)
    if topic:
        found = [
            SentTrajectory(_ns(message.header.stamp), _trajectory(message))
            for _, message in reader.decoded([topic])
        ]
        if found:
            return sorted(found, key=lambda sent: sent.sent_ns)
    topic = _one_topic(reader, _CHUNK)
    chunks = reader.decoded([topic]) if topic else ()
    found = [
        SentTrajectory(_ns(message.header.stamp), _trajectory_of_chunk(message))
        for _, message in chunks
    ]
    return sorted(found, key=lambda sent: sent.sent_ns)


def _one_topic(reader: BagReader, kind: str, required: bool = False) -> str:
    names = [topic.name for topic in reader.topics().values() if topic.type_name == kind]
    if len(names) > 1 or (required and not names):
        raise TaktError(
            f"{reader.bag} has {len(names)} topics of type {kind} "
            f"({', '.join(names) or 'none'}); a replay needs exactly one arm"
        )
    return names[0] if names else ""


def _trajectory(message: Any) -> Trajectory:
    waypoints = tuple(
        Waypoint(
            _ns(w.time),
            Pose.from_array7(_array7(w.pose)),
            twist=_twist(w.twist) if w.has_twist else None,
            gripper_width_m=None if np.isnan(w.gripper_width) else float(w.gripper_width),
            joint_position=_joints(w),
        )
        for w in message.waypoints
    )
    return Trajectory(waypoints, str(message.source), int(message.chunk_id))


def _trajectory_of_chunk(message: Any) -> Trajectory:
    start_ns, step_ns = _ns(message.start), _ns(message.step)
    joints = np.array(_field(message, "joint_position"), dtype=np.float64)
    rows = joints.reshape(len(message.poses), -1) if joints.size else [None] * len(message.poses)
    waypoints = tuple(
        Waypoint(start_ns + i * step_ns, Pose.from_array7(_array7(pose)), joint_position=rows[i])
        for i, pose in enumerate(message.poses)
    )
    return Trajectory(waypoints, "policy", int(message.id))


def _target(time_ns: int, arm: Any, following: Waypoint) -> Waypoint:
    """Where the controller asked the arm to be, or where joints that follow go on from."""
    pose = Pose.from_array7(_array7(arm.target_pose))
    joints = None
    if following.joint_position is not None:
        asked = np.array(_field(arm, "target_joint_position"), dtype=np.float64)
        joints = asked if asked.size else np.array(arm.joint_position, dtype=np.float64)
    twist, width = _twist(arm.target_twist), following.gripper_width_m
    return Waypoint(time_ns, pose, twist, gripper_width_m=width, joint_position=joints)


def _joints(waypoint: Any) -> Array | None:
    values = np.array(_field(waypoint, "joint_position"), dtype=np.float64)
    return values if values.size else None


def _field(message: Any, name: str) -> Any:
    """A field that messages of older bags may not have."""
    return getattr(message, name, ())


def _first_sent(sent: list[SentTrajectory], first_ns: int) -> int:
    """When the first waypoint that was executed was sent [ns]."""
    return next(
        min(item.sent_ns, first_ns)
        for item in sent
        if any(w.time_ns >= first_ns > item.sent_ns for w in item.trajectory.waypoints)
    )


def _joint_speed(arm: list[Any]) -> float:
    speeds: npt.NDArray[np.float64] = np.array([np.asarray(m.joint_velocity) for m in arm])
    return float(np.abs(speeds).max()) if speeds.size else 0.0


def _seed(bag: Path) -> int | None:
    values = episode.read(bag) or {}
    tagged = (values.get("tags") or {}).get("seed")
    seed = tagged if tagged is not None else (values.get("task_status") or {}).get("seed")
    try:
        return None if seed is None else int(seed)
    except ValueError as error:
        raise TaktError(
            f"{bag / episode.FILE_NAME}: tag seed is {seed!r}; allowed is a whole number"
        ) from error


def _array7(pose: Any) -> Array:
    p, q = pose.position, pose.orientation
    return np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w], dtype=np.float64)


def _twist(twist: Any) -> Array:
    a, b = twist.linear, twist.angular
    return np.array([a.x, a.y, a.z, b.x, b.y, b.z], dtype=np.float64)


def _ns(time: Any) -> int:
    return int(time.sec) * _NS_PER_S + int(time.nanosec)
