"""From any message that a policy can read to arrays.

``sample_from_ros`` is the only way from a message to arrays. Live nodes and bag readers both
use it, so that a policy sees the same numbers in both; it needs only the attributes of a
message, not its class, so that it also takes what a bag reader decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core import checks
from takt_core.conversions.basic import (
    array7_from_ros,
    stamp_from_ros,
    twist_from_ros,
    wrench_from_ros,
)
from takt_core.conversions.images import image_from_ros
from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_core.streams import Sample
from takt_msgs.msg import Goal


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


def _float_array(values: Any) -> Array:
    return np.array(values, dtype=np.float64)


def _arm_features(message: Any) -> Mapping[str, Array]:
    return {
        "tcp_pose": array7_from_ros(message.tcp_pose),
        "tcp_twist": twist_from_ros(message.tcp_twist),
        "target_pose": array7_from_ros(message.target_pose),
        "wrench": wrench_from_ros(message.wrench),
        "wrench_estimate": wrench_from_ros(message.wrench_estimate),
        "target_wrench": wrench_from_ros(message.target_wrench),
        "stiffness": _float_array(message.stiffness),
        "joint_position": _float_array(message.joint_position),
        "joint_velocity": _float_array(message.joint_velocity),
        "joint_torque": _float_array(message.joint_torque),
        "target_joint_position": _float_array(message.target_joint_position),
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


def _hand_features(message: Any) -> Mapping[str, Array]:
    return {
        "joint_position": _float_array(message.joint_position),
        "joint_velocity": _float_array(message.joint_velocity),
        "current": _float_array(message.current),
        "target_joint_position": _float_array(message.target_position),
        "joint_names": np.array(message.joint_names, dtype=np.str_),
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
        return {"pose": array7_from_ros(message.pose)}
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
    "HandState": _hand_features,
    "Image": _image_features,
    "JointState": _joint_features,
    "PoseStamped": lambda message: {"pose": array7_from_ros(message.pose)},
    "TactileField": _tactile_features,
    "WrenchStamped": lambda message: {"wrench": wrench_from_ros(message.wrench)},
}
