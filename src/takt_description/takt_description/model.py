"""Names of the reference robot's frames and joints, and its URDF as a string."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import xacro

BASE_FRAME = "base"
TOOL_FRAME = "tcp"
WRIST_CAMERA_FRAME = "wrist_camera_optical_frame"
FINGERTIP_FRAMES = ("left_fingertip", "right_fingertip")
ARM_JOINTS = tuple(f"joint{index}" for index in range(1, 8))
FINGER_JOINTS = ("finger_joint1", "finger_joint2")
# The hand's, in the order of its motors; zero is a straight finger, positive is towards the palm.
HAND_FINGERS = ("index", "middle", "ring", "thumb")
HAND_JOINTS = tuple(
    f"{finger}_{joint}" for finger in HAND_FINGERS for joint in ("side", "knuckle", "bend", "tip")
)
HAND_FINGERTIP_FRAMES = tuple(f"{finger}_fingertip" for finger in HAND_FINGERS)

MODEL_FILE = "takt_arm.urdf.xacro"
HAND_MODEL_FILE = "takt_arm_hand.urdf.xacro"


def urdf_directory() -> Path:
    """Folder that holds the xacro files.

    Next to the sources this is the top-level `urdf/`; in an installed workspace it
    is `share/takt_description/urdf` of the prefix that this module lies in.

    Raises:
        FileNotFoundError: neither exists; names the folders that were tried.
    """
    here = Path(__file__).resolve()
    candidates = [
        parent / relative
        for parent in here.parents
        for relative in ("share/takt_description/urdf", "urdf")
    ]
    for candidate in candidates:
        if (candidate / MODEL_FILE).is_file():
            return candidate
    tried = "\n  ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(
        f"{MODEL_FILE} was found in none of these folders; build takt_description again "
        f"(colcon build --packages-select takt_description):\n  {tried}"
    )


@lru_cache(maxsize=8)
def robot_description(prefix: str = "", hand: bool = False) -> str:
    """URDF of the arm with gripper and wrist camera.

    Args:
        prefix: put before every link and joint name, for a second arm.
        hand: with the hand of sixteen joints instead of the gripper.
    """
    file = urdf_directory() / (HAND_MODEL_FILE if hand else MODEL_FILE)
    return str(xacro.process_file(str(file), mappings={"prefix": prefix}).toxml())
