"""The real arms that takt has configurations for: our own URDFs, under the makers' names.

On the robot the description comes from its maker. These serve runs without hardware and the
checks of `config/robots/`; `docs/robots/` says where their numbers come from.
"""

from __future__ import annotations

from functools import lru_cache
from xml.etree import ElementTree

import xacro

from takt_description.model import urdf_directory

REAL_ARMS = ("fr3", "gen3", "iiwa14", "ur5e")


@lru_cache(maxsize=8)
def real_arm_description(arm: str) -> str:
    """URDF of a real arm, with a `ros2_control` system of mock components.

    Args:
        arm: one of `REAL_ARMS`.

    Raises:
        ValueError: there is no such arm.
    """
    if arm not in REAL_ARMS:
        raise ValueError(f"there is no arm {arm!r}; there are {', '.join(REAL_ARMS)}")
    file = urdf_directory() / "robots" / f"{arm}.urdf.xacro"
    return str(xacro.process_file(str(file)).toxml())


def home_posture(urdf_xml: str) -> dict[str, float]:
    """Where the mock components of a description begin: joint name to angle [rad]."""
    joints = ElementTree.fromstring(urdf_xml).findall("ros2_control/joint")
    return {str(joint.get("name")): _initial_position(joint) for joint in joints}


def _initial_position(joint: ElementTree.Element) -> float:
    for state in joint.findall("state_interface"):
        if state.get("name") == "position":
            return float(state.findtext("param") or 0.0)
    return 0.0
