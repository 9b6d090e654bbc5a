"""The gains and limits of the simulated arm's controller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takt_impedance import Parameters
from takt_impedance.kinematics import ArmModel
from takt_sim.tasks.base import Task


@dataclass(frozen=True)
class ImpedanceParameters:
    """Gains and limits of the simulated arm's controller.

    Attributes:
        stiffness: (6,) diagonal, base axes [N/m, N m/rad].
        max_force_n: norm of the force that the law may ask for.
        torque_rate_limit_nm_s: published limit of the arm's torque interface.
    """

    stiffness: tuple[float, ...] = (900.0, 900.0, 900.0, 45.0, 45.0, 45.0)
    max_force_n: float = 60.0
    max_moment_nm: float = 15.0
    torque_rate_limit_nm_s: float = 1000.0


def controller_parameters(arm: ArmModel, impedance: ImpedanceParameters, task: Task) -> Parameters:
    """Of the controller, from what the arm is, what is wanted of it, and where it works."""
    n = arm.n_joints
    parameters = Parameters(n)
    parameters.joint_lower_rad = arm.lower_rad
    parameters.joint_upper_rad = arm.upper_rad
    parameters.joint_velocity_limit_rad_s = arm.velocity_limit_rad_s
    parameters.torque_limit_nm = arm.torque_limit_nm
    parameters.torque_rate_limit_nm_s = np.full(n, impedance.torque_rate_limit_nm_s)
    parameters.stiffness = np.diag(impedance.stiffness)
    parameters.max_force_n = impedance.max_force_n
    parameters.max_moment_nm = impedance.max_moment_nm
    parameters.workspace_lower_m = np.array(task.tool_lower_m)
    parameters.workspace_upper_m = np.array(task.tool_upper_m)
    return parameters
