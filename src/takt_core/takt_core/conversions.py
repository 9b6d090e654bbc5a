"""Between ROS messages and the types of takt: pure functions, in pairs.

``sample_from_ros`` is the only way from a message to arrays. Live nodes and bag readers both
use it, so that a policy sees the same numbers in both; it needs only the attributes of a
message, not its class, so that it also takes what a bag reader decoded.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Quaternion, Twist, Vector3, Wrench
from geometry_msgs.msg import Pose as PoseMsg
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from takt_core import checks
from takt_core.chunk import ActionChunk
from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_core.streams import Sample
from takt_core.trajectory import Trajectory, Waypoint
from takt_msgs.msg import ActionChunk as ActionChunkMsg
from takt_msgs.msg import Goal, PoseTrajectory, PoseWaypoint

_SECOND_NS = 1_000_000_000
# Encoding to the type of a value and the values per pixel.
_ENCODINGS = {
    "rgb8": ("uint8", 3),
    "bgr8": ("uint8", 3),
    "mono8": ("uint8", 1),
    "16UC1": ("uint16", 1),
    "32FC1": ("float32", 1),
}


def stamp_from_ros(stamp: Any) -> int:
    """builtin_interfaces/Time or Duration to [ns]."""
    return int(stamp.sec) * _SECOND_NS + int(stamp.nanosec)


def stamp_to_ros(time_ns: int) -> Time:
    return Time(sec=time_ns // _SECOND_NS, nanosec=time_ns % _SECOND_NS)


def duration_to_ros(duration_ns: int) -> Duration:
    return Duration(sec=duration_ns // _SECOND_NS, nanosec=duration_ns % _SECOND_NS)


def header_to_ros(time_ns: int, frame_id: str) -> Header:
    return Header(stamp=stamp_to_ros(time_ns), frame_id=frame_id)


def pose_from_ros(pose: Any) -> Pose:
    return Pose.from_array7(_pose7(pose))


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


def image_from_ros(message: Any) -> npt.NDArray[Any]:
    """(H, W, 3) uint8 RGB, (H, W) uint8 for mono8, or (H, W) float32 [m] for depth.

    Raises:
        TaktError: an encoding that takt does not read, or data of the wrong length.
    """
    height, width, encoding = message.height, message.width, message.encoding
    if encoding not in _ENCODINGS:
        raise TaktError(
            f"image encoding {encoding!r}; allowed are {', '.join(_ENCODINGS)}. "
            "Change it at the driver"
        )
    kind, channels = _ENCODINGS[encoding]
    dtype = np.dtype(kind).newbyteorder(">" if message.is_bigendian else "<")
    data = np.frombuffer(message.data, dtype=np.uint8)
    row = width * channels * dtype.itemsize
    if message.step < row or data.size != message.step * height:
        raise TaktError(
            f"image of {width}x{height} {encoding} with step {message.step} has {data.size} bytes; "
            f"allowed are {message.step * height} with a step of at least {row}"
        )
    pixels = data.reshape(height, message.step)[:, :row].reshape(-1).view(dtype)
    pixels = pixels.reshape((height, width, channels) if channels > 1 else (height, width))
    if encoding == "bgr8":
        return np.ascontiguousarray(pixels[:, :, ::-1])
    if encoding == "16UC1":
        return pixels.astype(np.float32) * np.float32(0.001)
    return pixels


def image_to_ros(pixels: npt.NDArray[Any], stamp_ns: int, frame_id: str) -> Image:
    """From (H, W, 3) uint8 RGB, (H, W) uint8, or (H, W) float32 depth [m]."""
    encodings = {(3, "uint8"): "rgb8", (2, "uint8"): "mono8", (2, "float32"): "32FC1"}
    encoding = encodings.get((pixels.ndim, pixels.dtype.name))
    if encoding is None:
        raise TaktError(f"an image of shape {pixels.shape}, {pixels.dtype} has no encoding")
    pixels = np.ascontiguousarray(pixels)
    # array.array is the one type whose bytes rclpy takes over without looking at each.
    data = array.array("B")
    data.frombytes(pixels.view(np.uint8).reshape(-1).data)
    return Image(
        header=header_to_ros(stamp_ns, frame_id),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=data,
    )


def sample_from_ros(stream: str, message: Any) -> Sample:
    """The features of one message; the stream is its topic's relative name.

    Raises:
        TaktError: the message is of a type that no policy input can read, or its arrays are not
            as long as it says.
    """
    kind = type(message).__name__.rpartition("__")[2]
    read = _READERS.get(kind)
    if read is None:
        raise TaktError(
            f"stream {stream!r} carries {kind}; allowed are {', '.join(_READERS)}. "
            "Change the input's stream in policy.yaml"
        )
    return Sample(stream, stamp_from_ros(message.header.stamp), read(message))


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


def chunk_from_ros(message: Any) -> ActionChunk:
    """The chunk, with every number that a robot would be moved by checked.

    Raises:
        TaktError: a pose, stiffness or gripper width that is none, times that do not ascend or
            that no message can carry, or arrays whose lengths disagree.
    """
    widths = np.array(message.gripper_width, dtype=np.float64)
    raw = np.array(message.raw_actions, dtype=np.float32)
    times_ns = stamp_from_ros(message.start), stamp_from_ros(message.step)
    checks.chunk_times(*times_ns, len(message.poses))
    checks.chunk_widths(widths, len(message.poses))
    joints = np.array(message.joint_position, dtype=np.float64)
    checks.chunk_joints(joints, len(message.poses))
    residual = np.array([twist_from_ros(one) for one in message.residual], dtype=np.float64)
    checks.chunk_residual(residual, len(message.poses))
    checks.count("raw_actions", raw, int(message.raw_horizon), int(message.raw_dimension))
    return ActionChunk(
        id=int(message.id),
        epoch=int(message.epoch),
        policy=str(message.policy),
        policy_hash=str(message.policy_hash),
        goal=str(message.goal),
        start_ns=times_ns[0],
        step_ns=times_ns[1],
        poses=tuple(pose_from_ros(p) for p in message.poses),
        gripper_width_m=widths if widths.size else None,
        stiffness=checks.stiffness(message.stiffness) if message.has_stiffness else None,
        first_index=int(message.first_index),
        observed_newest_ns=stamp_from_ros(message.observed_newest),
        observed_oldest_ns=stamp_from_ros(message.observed_oldest),
        reference_ns=stamp_from_ros(message.reference),
        reference_pose=pose_from_ros(message.reference_pose),
        inference_start_ns=stamp_from_ros(message.inference_start),
        inference_end_ns=stamp_from_ros(message.inference_end),
        inference_wall_ns=int(message.inference_wall_ns),
        published_ns=stamp_from_ros(message.header.stamp),
        network_calls=int(message.network_calls),
        raw=raw.reshape(int(message.raw_horizon), int(message.raw_dimension)),
        scores=np.array(message.scores, dtype=np.float32),
        uncertainty=float(message.uncertainty),
        revision=int(message.revision),
        joint_position=joints.reshape(len(message.poses), -1) if joints.size else None,
        residual=residual if residual.size else None,
        rounds=int(message.rounds),
        previous_id=int(message.previous_id),
        takeover_ns=stamp_from_ros(message.takeover),
        reflex_ns=stamp_from_ros(message.reflex),
    )


def chunk_to_ros(chunk: ActionChunk, frame_id: str) -> ActionChunkMsg:
    widths = [] if chunk.gripper_width_m is None else chunk.gripper_width_m.tolist()
    stiffness = np.zeros(6) if chunk.stiffness is None else chunk.stiffness
    joints, residual = chunk.joint_position, chunk.residual
    return ActionChunkMsg(
        header=header_to_ros(chunk.published_ns, frame_id),
        id=chunk.id,
        epoch=chunk.epoch,
        policy=chunk.policy,
        policy_hash=chunk.policy_hash,
        goal=chunk.goal,
        start=stamp_to_ros(chunk.start_ns),
        step=duration_to_ros(chunk.step_ns),
        poses=[pose_to_ros(p) for p in chunk.poses],
        gripper_width=widths,
        stiffness=stiffness.tolist(),
        has_stiffness=chunk.stiffness is not None,
        first_index=chunk.first_index,
        observed_newest=stamp_to_ros(chunk.observed_newest_ns),
        observed_oldest=stamp_to_ros(chunk.observed_oldest_ns),
        reference=stamp_to_ros(chunk.reference_ns),
        reference_pose=pose_to_ros(chunk.reference_pose),
        inference_start=stamp_to_ros(chunk.inference_start_ns),
        inference_end=stamp_to_ros(chunk.inference_end_ns),
        inference_wall_ns=chunk.inference_wall_ns,
        network_calls=chunk.network_calls,
        raw_horizon=chunk.raw.shape[0],
        raw_dimension=chunk.raw.shape[1],
        raw_actions=array.array("f", chunk.raw.astype(np.float32).reshape(-1).tolist()),
        scores=array.array("f", chunk.scores.astype(np.float32).tolist()),
        uncertainty=float(chunk.uncertainty),
        revision=chunk.revision,
        joint_position=[] if joints is None else joints.reshape(-1).tolist(),
        residual=[] if residual is None else [twist_to_ros(one) for one in residual],
        rounds=chunk.rounds,
        previous_id=chunk.previous_id,
        takeover=stamp_to_ros(chunk.takeover_ns),
        reflex=stamp_to_ros(chunk.reflex_ns),
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


def _pose7(pose: Any) -> Array:
    p, q = pose.position, pose.orientation
    return np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w], dtype=np.float64)


def _two_vectors(first: Any, second: Any) -> Array:
    return np.array([first.x, first.y, first.z, second.x, second.y, second.z], dtype=np.float64)


def _vectors_to_ros(six: npt.ArrayLike) -> tuple[Vector3, Vector3]:
    a, b, c, d, e, f = np.asarray(six, dtype=np.float64).reshape(6).tolist()
    return Vector3(x=a, y=b, z=c), Vector3(x=d, y=e, z=f)


def _float_array(values: Any) -> Array:
    return np.array(values, dtype=np.float64)


def _arm_features(message: Any) -> Mapping[str, Array]:
    return {
        "tcp_pose": _pose7(message.tcp_pose),
        "tcp_twist": twist_from_ros(message.tcp_twist),
        "target_pose": _pose7(message.target_pose),
        "wrench": wrench_from_ros(message.wrench),
        "joint_position": _float_array(message.joint_position),
        "joint_velocity": _float_array(message.joint_velocity),
        "joint_torque": _float_array(message.joint_torque),
        "joint_names": np.array(message.joint_names, dtype=np.str_),
        "gripper_width": np.array([message.gripper_width], dtype=np.float64),
    }


def _joint_features(message: Any) -> Mapping[str, Array]:
    return {
        "joint_position": _float_array(message.position),
        "joint_velocity": _float_array(message.velocity),
        "joint_torque": _float_array(message.effort),
        "joint_names": np.array(message.name, dtype=np.str_),
    }


def _image_features(message: Any) -> Mapping[str, npt.NDArray[Any]]:
    name = "depth" if message.encoding in ("16UC1", "32FC1") else "image"
    return {name: image_from_ros(message)}


def _tactile_features(message: Any) -> Mapping[str, npt.NDArray[Any]]:
    shape = (int(message.rows), int(message.columns), 3)
    displacement = np.array(message.displacement, dtype=np.float32)
    checks.count("displacement", displacement, *shape)
    return {"displacement": displacement.reshape(shape)}


def _goal_features(message: Any) -> Mapping[str, npt.NDArray[Any]]:
    """The one field that the kind names, under its name."""
    if message.kind == Goal.TEXT:
        return {"text": np.frombuffer(message.text.encode(), dtype=np.uint8)}
    if message.kind == Goal.POSE:
        return {"pose": _pose7(message.pose)}
    if message.kind == Goal.POINT:
        p = message.point
        return {"point": np.array([p.x, p.y, p.z], dtype=np.float64)}
    if message.kind == Goal.IMAGE:
        return {"image": image_from_ros(message.image)}
    if message.kind == Goal.NONE:
        return {}
    raise TaktError(f"a goal of kind {message.kind}; allowed are the constants of takt_msgs/Goal")


_READERS: dict[str, Callable[[Any], Mapping[str, npt.NDArray[Any]]]] = {
    "ArmState": _arm_features,
    "Goal": _goal_features,
    "Image": _image_features,
    "JointState": _joint_features,
    "PoseStamped": lambda message: {"pose": _pose7(message.pose)},
    "TactileField": _tactile_features,
    "WrenchStamped": lambda message: {"wrench": wrench_from_ros(message.wrench)},
}
