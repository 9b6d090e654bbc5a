"""The robot model of takt: finds the installed xacro files and expands them to URDF."""

from takt_description.model import (
    ARM_JOINTS,
    BASE_FRAME,
    FINGER_JOINTS,
    FINGERTIP_FRAMES,
    HAND_FINGERS,
    HAND_FINGERTIP_FRAMES,
    HAND_JOINTS,
    TOOL_FRAME,
    WRIST_CAMERA_FRAME,
    robot_description,
    urdf_directory,
)
from takt_description.real_arms import REAL_ARMS, home_posture, real_arm_description

__all__ = [
    "ARM_JOINTS",
    "BASE_FRAME",
    "FINGERTIP_FRAMES",
    "FINGER_JOINTS",
    "HAND_FINGERS",
    "HAND_FINGERTIP_FRAMES",
    "HAND_JOINTS",
    "REAL_ARMS",
    "TOOL_FRAME",
    "WRIST_CAMERA_FRAME",
    "home_posture",
    "real_arm_description",
    "robot_description",
    "urdf_directory",
]
