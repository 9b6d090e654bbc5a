"""Between takt_msgs and the types of planned motions: pure functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from takt_core import checks
from takt_core.conversions import header_to_ros, pose_from_ros, stamp_from_ros
from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_motion.chunks import NAME
from takt_motion.request import Request
from takt_motion.views import ArmView, ModeView
from takt_msgs.msg import ArmState, PolicyStatus


def arm_view_from_ros(message: Any, names: tuple[str, ...]) -> ArmView:
    """From takt_msgs/ArmState.

    Raises:
        TaktError: other joints than ``names``, or numbers that are none.
    """
    found = tuple(str(name) for name in message.joint_names)
    if found != names:
        raise TaktError(
            f"arm/state has the joints {list(found)}; the motion node plans for {list(names)}. "
            "Change joint_names"
        )
    joints = _joints("joint_position", message.joint_position, len(names))
    followed = message.control == ArmState.CONTROL_JOINT
    target = message.target_joint_position
    return ArmView(
        stamp_ns=stamp_from_ros(message.header.stamp),
        joints=joints,
        velocity=_joints("joint_velocity", message.joint_velocity, len(names)),
        from_joints=_joints("target_joint_position", target, len(names)) if followed else joints,
        target=pose_from_ros(message.target_pose),
        pose=pose_from_ros(message.tcp_pose),
        fault=str(message.fault),
    )


def mode_view_from_ros(message: Any) -> ModeView:
    """From takt_msgs/ControlMode."""
    return ModeView(int(message.mode), int(message.epoch), str(message.reason))


def request_from_ros(
    goal: Any, names: tuple[str, ...], base_frame: str, default_scale: float
) -> Request:
    """From the goal of takt_msgs/MoveTo.

    Args:
        default_scale: where the goal says 0.

    Raises:
        TaktError: a speed, joints or a frame that are none.
    """
    scale = float(goal.speed_scale) or default_scale
    if not 0.0 < scale <= 1.0:
        raise TaktError(
            f"speed_scale is {goal.speed_scale:g}; allowed is above 0 to 1, or 0 for the default"
        )
    if goal.place:
        return Request(place=str(goal.place), speed_scale=scale)
    if goal.use_joints:
        asked = tuple(str(name) for name in goal.joint_names) or names
        joints = _joints("joint_position of the goal", goal.joint_position, len(asked))
        return Request(joints=dict(zip(asked, joints.tolist(), strict=True)), speed_scale=scale)
    frame = goal.pose.header.frame_id
    if frame not in ("", base_frame):
        raise TaktError(f"the goal is in frame {frame!r}; allowed is {base_frame!r}, or none")
    return Request(pose=pose_from_ros(goal.pose.pose), speed_scale=scale)


def status_to_ros(
    running: bool, run: int, reason: str, stamp_ns: int, failed: bool = False
) -> PolicyStatus:
    """The heartbeat on motion/status.

    Args:
        failed: the last motion has not arrived.
    """
    ended = PolicyStatus.FAILED if failed else PolicyStatus.READY
    return PolicyStatus(
        header=header_to_ros(stamp_ns, ""),
        state=PolicyStatus.RUNNING if running else ended,
        policy=NAME,
        reason=reason,
        run=run,
    )


def _joints(what: str, values: Any, count: int) -> Array:
    numbers = checks.finite(what, np.array(values, dtype=np.float64))
    if numbers.size != count:
        raise TaktError(f"{what} has {numbers.size} numbers; allowed are {count}")
    return numbers
