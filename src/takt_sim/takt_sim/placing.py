"""Reading and writing poses and colours in a MuJoCo world, in takt's conventions."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import Pose


def yaw_pose(position_m: NDArray[np.float64], yaw_rad: float) -> Pose:
    """A pose that is only turned about the vertical."""
    return Pose(position_m, np.array([0.0, 0.0, np.sin(yaw_rad / 2), np.cos(yaw_rad / 2)]))


def body_pose(data: mujoco.MjData, name: str) -> Pose:
    """base_from_body, as of the last kinematics."""
    body = data.body(name)
    w, x, y, z = body.xquat
    return Pose(np.array(body.xpos), np.array([x, y, z, w]))


def set_mocap_body(model: mujoco.MjModel, data: mujoco.MjData, name: str, pose: Pose) -> None:
    """Put a body that nothing moves (a mocap body) at base_from_body."""
    index = model.body(name).mocapid[0]
    x, y, z, w = pose.quaternion_xyzw
    data.mocap_pos[index] = pose.position_m
    data.mocap_quat[index] = (w, x, y, z)


def set_free_body(model: mujoco.MjModel, data: mujoco.MjData, name: str, pose: Pose) -> None:
    """Put a body with a free joint of the same name at base_from_body, at rest."""
    joint = data.joint(name)
    x, y, z, w = pose.quaternion_xyzw
    joint.qpos[:] = [*pose.position_m, w, x, y, z]
    joint.qvel[:] = 0.0


def scatter_colour(
    model: mujoco.MjModel,
    material: str,
    rgb: Sequence[float],
    amount: NDArray[np.float64],
) -> None:
    """Give a material the colour `rgb`, shifted by up to 0.05.

    Args:
        amount: (3,) per channel, or (1,) for the brightness, each in [-1, 1].
    """
    model.material(material).rgba[:3] = np.clip(np.asarray(rgb[:3]) + 0.05 * amount, 0.0, 1.0)
