"""Inverse kinematics on the MuJoCo model, for placing the robot at the start of an episode."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.errors import TaktError
from takt_core.geometry import Pose, pose_error
from takt_sim.placing import body_pose

TOLERANCE = 1e-9
DAMPING = 1e-6
ITERATIONS = 100


def place_arm(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    frame: str,
    base_from_frame: Pose,
    guess_rad: NDArray[np.float64],
) -> None:
    """Write joint positions into `data` that bring `frame` to a pose; other joints stay.

    Damped least squares from `guess_rad` (n,), whose posture the solution stays close to.

    Raises:
        TaktError: the pose is out of reach.
    """
    joints = guess_rad.size
    body = model.body(frame).id
    jacobian = np.zeros((6, model.nv))
    data.qpos[:joints] = guess_rad
    for _ in range(ITERATIONS):
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        error = pose_error(base_from_frame, body_pose(data, frame))
        if np.linalg.norm(error) < TOLERANCE:
            break
        mujoco.mj_jacBody(model, data, jacobian[:3], jacobian[3:], body)
        arm = jacobian[:, :joints]
        step = arm.T @ np.linalg.solve(arm @ arm.T + DAMPING * np.eye(6), error)
        data.qpos[:joints] += np.clip(step, -0.3, 0.3)
    low, high = model.jnt_range[:joints, 0], model.jnt_range[:joints, 1]
    position = data.qpos[:joints]
    if np.linalg.norm(error) > 1e-6 or np.any(position < low) or np.any(position > high):
        raise TaktError(
            f"no joint positions bring {frame!r} to {base_from_frame.array7().round(4).tolist()}; "
            "allowed are poses within the arm's reach. Change the start pose of the task"
        )
