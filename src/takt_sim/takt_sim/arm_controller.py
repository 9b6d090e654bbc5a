"""The gains and limits of the simulated arm's controller."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from takt_core.errors import TaktError
from takt_impedance import Frame, KeepOut, Parameters
from takt_impedance.kinematics import ArmModel
from takt_sim.tasks.base import Task

INFINITY = float("inf")


@dataclass(frozen=True)
class ControllerOptions:
    """Gains and limits of the simulated arm's controller; see takt_impedance.Parameters.

    Attributes:
        stiffness: (6,) diagonal [N/m, N m/rad]; with `operational_space` per inertia [1/s^2].
        stiffness_in_tool: along the axes of the target tool frame instead of the base's.
        damping_ratio: (6,) of critical damping.
        nullspace_stiffness: of every joint [N m/rad].
        joint_stiffness, joint_damping_ratio: of the joint impedance, of every joint.
        operational_space: forces scaled by the task inertia.
        max_force_n, max_moment_nm: norms that the law may ask for.
        max_contact_force_n: the target retreats where the external force exceeds it.
        max_feed_forward_n, max_feed_forward_nm: norms of the wrench that may be added.
        tank: an energy tank pays for what could make contact active.
        friction_nm: (7,) dry friction that the controller compensates.
        torque_rate_limit_nm_s: published limit of the arm's torque interface.
        observer_cutoff_hz: of the estimate of the external wrench.
        wrench_sensor: whether the arm has a sensor of force and torque at its tool; without one,
            `arm/wrench` is the estimate.
        keep_outs: where the target of the tool point must not be, besides outside of the workspace.
    """

    stiffness: tuple[float, ...] = (900.0, 900.0, 900.0, 45.0, 45.0, 45.0)
    stiffness_in_tool: bool = False
    damping_ratio: tuple[float, ...] = (1.0,) * 6
    nullspace_stiffness: float = 10.0
    joint_stiffness: tuple[float, ...] = (600.0, 600.0, 600.0, 600.0, 250.0, 150.0, 50.0)
    joint_damping_ratio: float = 1.0
    operational_space: bool = False
    max_force_n: float = 60.0
    max_moment_nm: float = 15.0
    max_contact_force_n: float = INFINITY
    max_feed_forward_n: float = 30.0
    max_feed_forward_nm: float = 5.0
    tank: bool = False
    friction_nm: tuple[float, ...] = (0.0,) * 7
    torque_rate_limit_nm_s: float = 1000.0
    observer_cutoff_hz: float = 20.0
    wrench_sensor: bool = True
    keep_outs: tuple[KeepOut, ...] = field(default=())


def controller_parameters(arm: ArmModel, options: ControllerOptions, task: Task) -> Parameters:
    """Of the controller, from what the arm is, what is wanted of it, and where it works.

    Raises:
        TaktError: options that the controller does not accept.
    """
    n = arm.n_joints
    parameters = Parameters(n)
    parameters.joint_lower_rad = arm.lower_rad
    parameters.joint_upper_rad = arm.upper_rad
    parameters.joint_velocity_limit_rad_s = arm.velocity_limit_rad_s
    parameters.torque_limit_nm = arm.torque_limit_nm
    parameters.workspace_lower_m = np.array(task.tool_lower_m)
    parameters.workspace_upper_m = np.array(task.tool_upper_m)
    try:
        _apply(options, parameters, n)
        parameters.validate()
    except ValueError as error:
        raise TaktError(
            f"the controller refuses its options: {error}. Change the parameters of the simulator"
        ) from None
    return parameters


def _apply(options: ControllerOptions, parameters: Parameters, n: int) -> None:
    parameters.torque_rate_limit_nm_s = np.full(n, options.torque_rate_limit_nm_s)
    parameters.stiffness = np.diag(options.stiffness)
    parameters.stiffness_frame = Frame.TOOL if options.stiffness_in_tool else Frame.BASE
    parameters.damping_ratio = np.array(options.damping_ratio)
    parameters.nullspace_stiffness = np.full(n, options.nullspace_stiffness)
    parameters.joint_stiffness = np.array(options.joint_stiffness)
    parameters.joint_damping_ratio = np.full(n, options.joint_damping_ratio)
    parameters.operational_space = options.operational_space
    parameters.max_force_n = options.max_force_n
    parameters.max_moment_nm = options.max_moment_nm
    parameters.max_contact_force_n = options.max_contact_force_n
    parameters.max_feed_forward_n = options.max_feed_forward_n
    parameters.max_feed_forward_nm = options.max_feed_forward_nm
    parameters.tank = options.tank
    parameters.friction_coulomb_nm = np.array(options.friction_nm)
    parameters.observer_cutoff_hz = options.observer_cutoff_hz
    parameters.keep_outs = list(options.keep_outs)
