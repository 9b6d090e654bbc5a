"""Stand-ins for packages that takt's launch files name but does not have: drivers of real arms.

Their executables sleep, their descriptions are empty robots.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

EXECUTABLES = {
    "controller_manager": ["ros2_control_node", "spawner"],
    "franka_bringup": [],
    "franka_gripper": ["franka_gripper_node"],
    "kortex_description": [],
    "lbr_description": [],
    "robot_state_publisher": ["robot_state_publisher"],
    "ur_client_library": [],
    "ur_description": [],
    "ur_robot_driver": ["controller_stopper_node", "dashboard_client", "robot_state_helper"],
}
_ROBOT = (
    '<robot name="empty" xmlns:xacro="http://www.ros.org/wiki/xacro"><link name="a"/></robot>\n'
)
_PARAMETERS = "/**: {ros__parameters: {state_publish_rate: 50}}\n"
FILES = {
    "franka_bringup/urdf/franka_arm.urdf.xacro": _ROBOT,
    "franka_gripper/config/franka_gripper_node.yaml": _PARAMETERS,
    "kortex_description/robots/gen3.xacro": _ROBOT,
    "lbr_description/urdf/iiwa14/iiwa14.xacro": _ROBOT,
    "ur_robot_driver/urdf/ur.urdf.xacro": _ROBOT,
}

# What a launch file cannot be started without.
REQUIRED_ARGUMENTS = {"arm.launch.yaml": {"robot": "fr3", "description": "echo '<robot/>'"}}


def install(prefix: Path, executables: Mapping[str, list[str]] = EXECUTABLES) -> Path:
    """Write the stand-ins below a prefix of the ament index, and return it."""
    index = prefix / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True, exist_ok=True)
    for package, names in executables.items():
        (index / package).touch()
        (prefix / "share" / package).mkdir()
        (prefix / "lib" / package).mkdir(parents=True)
        for name in names:
            program = prefix / "lib" / package / name
            program.write_text("#!/bin/sh\nexec sleep 1\n", encoding="utf-8")
            program.chmod(0o755)
    for name, text in FILES.items():
        if name.split("/")[0] in executables:
            path = prefix / "share" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return prefix


def with_prefix(environment: Mapping[str, str], prefix: Path) -> dict[str, str]:
    """Return an environment in which the prefix comes first."""
    before = environment.get("AMENT_PREFIX_PATH", "")
    return {**environment, "AMENT_PREFIX_PATH": f"{prefix}{os.pathsep}{before}"}
