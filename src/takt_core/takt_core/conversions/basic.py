"""Times, poses, twists and wrenches, from and to messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Quaternion, Twist, Vector3, Wrench
from geometry_msgs.msg import Pose as PoseMsg
from std_msgs.msg import Header

from takt_core.geometry import Array, Pose

_SECOND_NS = 1_000_000_000


def stamp_from_ros(stamp: Any) -> int:
    """builtin_interfaces/Time or Duration to [ns]."""
    return int(stamp.sec) * _SECOND_NS + int(stamp.nanosec)


def stamp_to_ros(time_ns: int) -> Time:
    return Time(sec=time_ns // _SECOND_NS, nanosec=time_ns % _SECOND_NS)


def duration_to_ros(duration_ns: int) -> Duration:
    return Duration(sec=duration_ns // _SECOND_NS, nanosec=duration_ns % _SECOND_NS)


def header_to_ros(time_ns: int, frame_id: str) -> Header:
    return Header(stamp=stamp_to_ros(time_ns), frame_id=frame_id)


def array7_from_ros(pose: Any) -> Array:
    """(7,) position, then quaternion xyzw, of a geometry_msgs/Pose, as they came."""
    p, q = pose.position, pose.orientation
    return np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w], dtype=np.float64)


def pose_from_ros(pose: Any) -> Pose:
    return Pose.from_array7(array7_from_ros(pose))


def pose_to_ros(pose: Pose) -> PoseMsg:
    x, y, z = pose.position_m.tolist()
    qx, qy, qz, qw = pose.quaternion_xyzw.tolist()
    return PoseMsg(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def twist_from_ros(twist: Any) -> Array:
    """(6,) linear, then angular."""
    return _two_vectors(twist.linear, twist.angular)


def twist_to_ros(twist: npt.ArrayLike) -> Twist:
    linear, angular = _vectors_to_ros(twist)
    return Twist(linear=linear, angular=angular)


def wrench_from_ros(wrench: Any) -> Array:
    """(6,) force, then torque."""
    return _two_vectors(wrench.force, wrench.torque)


def wrench_to_ros(wrench: npt.ArrayLike) -> Wrench:
    force, torque = _vectors_to_ros(wrench)
    return Wrench(force=force, torque=torque)


def _two_vectors(first: Any, second: Any) -> Array:
    return np.array([first.x, first.y, first.z, second.x, second.y, second.z], dtype=np.float64)


def _vectors_to_ros(six: npt.ArrayLike) -> tuple[Vector3, Vector3]:
    a, b, c, d, e, f = np.asarray(six, dtype=np.float64).reshape(6).tolist()
    return Vector3(x=a, y=b, z=c), Vector3(x=d, y=e, z=f)
