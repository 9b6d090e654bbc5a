"""Parameters of the simulator node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import yaml

from takt_core.errors import TaktError
from takt_core.parameters import parameter
from takt_sim.arm_controller import INFINITY, ControllerOptions
from takt_sim.cameras import CameraParameters
from takt_sim.keep_outs import keep_outs_from_yaml
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import TASK_NAMES, make_task
from takt_sim.world import FRONT_CAMERA, OVERVIEW_CAMERA, WRIST_CAMERA, PhysicalErrors

CONTROLLER = ControllerOptions()


@dataclass(frozen=True)
class SimulatorParameters:
    """Of `simulator_node`."""

    task: str = parameter("peg_insertion", choices=TASK_NAMES, description="task in the world")
    task_options: str = parameter(
        "", description="of the task, as YAML: `{shift_m: 0.003}`; its parameters say which"
    )
    seed: int = parameter(0, minimum=0, description="of the world before the first task/reset")
    rate_factor: float = parameter(
        1.0,
        minimum=0.0,
        maximum=100.0,
        description="simulated per wall-clock time; 0 is as fast as it goes",
    )
    time_limit_s: float = parameter(
        0.0, unit="s", minimum=0.0, maximum=1e6,
        description="an episode fails after this long; 0 is the task's own limit",
    )  # fmt: skip
    base_frame: str = parameter("base", description="frame_id of everything Cartesian")
    image_size: int = parameter(
        96, minimum=16, maximum=1024, unit="pixel", description="width and height of both cameras"
    )
    camera_rate_hz: float = parameter(
        30.0, unit="Hz", minimum=1.0, maximum=120.0, description="of both cameras"
    )
    camera_latency_s: float = parameter(
        0.020, unit="s", minimum=0.0, maximum=1.0, description="from exposure to delivery"
    )
    camera_noise: float = parameter(
        1.5, minimum=0.0, maximum=50.0, description="standard deviation of each value [of 255]"
    )
    overview: bool = parameter(False, description="whether overview_camera is rendered for people")
    overview_width: int = parameter(
        320, unit="pixel", minimum=64, maximum=1280, description="its height is 3/4 of that"
    )
    overview_rate_hz: float = parameter(
        10.0, unit="Hz", minimum=0.5, maximum=60.0, description="of the overview camera"
    )
    stiffness: tuple[float, ...] = parameter(
        CONTROLLER.stiffness, length=6, unit="N/m, N m/rad", minimum=0.0, maximum=3000.0,
        description="of the arm at the start, along the axes of stiffness_frame",
    )  # fmt: skip
    stiffness_frame: str = parameter(
        "base", choices=("base", "tool"), description="axes of the stiffness at the start"
    )
    damping_ratio: tuple[float, ...] = parameter(
        CONTROLLER.damping_ratio, length=6, minimum=0.0, maximum=5.0,
        description="of critical damping, at the start",
    )  # fmt: skip
    nullspace_stiffness: float = parameter(
        CONTROLLER.nullspace_stiffness, unit="N m/rad", minimum=0.0, maximum=200.0,
        description="of each joint towards the posture at the start of the episode",
    )  # fmt: skip
    joint_stiffness: tuple[float, ...] = parameter(
        CONTROLLER.joint_stiffness, length=7, unit="N m/rad", minimum=0.0, maximum=2000.0,
        description="of the joint impedance",
    )  # fmt: skip
    joint_damping_ratio: float = parameter(
        CONTROLLER.joint_damping_ratio, minimum=0.0, maximum=5.0,
        description="of the joint impedance, of critical damping",
    )  # fmt: skip
    operational_space: bool = parameter(
        CONTROLLER.operational_space,
        description="forces scale with the task inertia; the stiffness is per unit of it [1/s^2]",
    )
    max_force_n: float = parameter(
        CONTROLLER.max_force_n, unit="N", minimum=0.0, maximum=500.0,
        description="norm of the force that the law asks for",
    )  # fmt: skip
    max_moment_nm: float = parameter(
        CONTROLLER.max_moment_nm, unit="N m", minimum=0.0, maximum=100.0,
        description="norm of the moment that the law asks for",
    )  # fmt: skip
    max_contact_force_n: float = parameter(
        0.0, unit="N", minimum=0.0, maximum=500.0,
        description="external force beyond which the target retreats; 0 is no limit",
    )  # fmt: skip
    max_feed_forward_n: float = parameter(
        CONTROLLER.max_feed_forward_n, unit="N", minimum=0.0, maximum=200.0,
        description="norm of the force of arm/target_wrench",
    )  # fmt: skip
    max_feed_forward_nm: float = parameter(
        CONTROLLER.max_feed_forward_nm, unit="N m", minimum=0.0, maximum=50.0,
        description="norm of the moment of arm/target_wrench",
    )  # fmt: skip
    tank: bool = parameter(
        CONTROLLER.tank, description="an energy tank pays for what could make contact active"
    )
    observer_cutoff_hz: float = parameter(
        CONTROLLER.observer_cutoff_hz, unit="Hz", minimum=0.5, maximum=200.0,
        description="of the estimate of the external wrench",
    )  # fmt: skip
    wrench_sensor: bool = parameter(
        CONTROLLER.wrench_sensor,
        description="the tool has a force-torque sensor; without, arm/wrench is the estimate",
    )
    keep_outs: str = parameter(
        "",
        description="where the tool point must not be, as YAML: [{sphere: [x, y, z, radius]}, "
        "{box: [x, y, z, half x, half y, half z]}, {half_space: [x, y, z, nx, ny, nz]}] [m]",
    )
    friction_compensation_nm: tuple[float, ...] = parameter(
        CONTROLLER.friction_nm, length=7, unit="N m", minimum=0.0, maximum=20.0,
        description="dry friction that the controller compensates",
    )  # fmt: skip
    joint_friction_nm: tuple[float, ...] = parameter(
        PhysicalErrors().joint_friction_nm, length=7, unit="N m", minimum=0.0, maximum=20.0,
        description="dry friction that the joints have",
    )  # fmt: skip
    payload_kg: float = parameter(
        0.0, unit="kg", minimum=0.0, maximum=5.0,
        description="at the tool point, which the controller does not know",
    )  # fmt: skip


def camera_parameters(parameters: SimulatorParameters) -> tuple[CameraParameters, ...]:
    """The cameras that the node renders."""
    p = parameters
    wrist = CameraParameters(
        WRIST_CAMERA,
        p.image_size,
        p.image_size,
        p.camera_rate_hz,
        p.camera_latency_s,
        noise=p.camera_noise,
    )
    cameras = [wrist, replace(wrist, name=FRONT_CAMERA, phase_s=0.005)]
    if p.overview:
        cameras.append(
            CameraParameters(
                OVERVIEW_CAMERA,
                p.overview_width,
                p.overview_width * 3 // 4,
                p.overview_rate_hz,
                p.camera_latency_s,
                phase_s=0.010,
                noise=0.0,
                samples=4,
            )
        )
    return tuple(cameras)


def task_options(parameters: SimulatorParameters) -> dict[str, Any]:
    """The options of the task, from the parameters `task_options` and `time_limit_s`.

    Raises:
        TaktError: `task_options` is no YAML mapping.
    """
    text = parameters.task_options
    try:
        options = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError:
        options = None
    if not isinstance(options, dict):
        raise TaktError(
            f"parameter task_options is {text!r}; allowed is a YAML mapping of names to values, "
            "such as {shift_m: 0.003}"
        )
    if parameters.time_limit_s > 0.0:
        options["time_limit_s"] = parameters.time_limit_s
    return options


def controller_options(parameters: SimulatorParameters) -> ControllerOptions:
    """Of the arm's controller.

    Raises:
        TaktError: keep_outs that are none.
    """
    p = parameters
    return ControllerOptions(
        stiffness=p.stiffness,
        stiffness_in_tool=p.stiffness_frame == "tool",
        damping_ratio=p.damping_ratio,
        nullspace_stiffness=p.nullspace_stiffness,
        joint_stiffness=p.joint_stiffness,
        joint_damping_ratio=p.joint_damping_ratio,
        operational_space=p.operational_space,
        max_force_n=p.max_force_n,
        max_moment_nm=p.max_moment_nm,
        max_contact_force_n=p.max_contact_force_n or INFINITY,
        max_feed_forward_n=p.max_feed_forward_n,
        max_feed_forward_nm=p.max_feed_forward_nm,
        tank=p.tank,
        friction_nm=p.friction_compensation_nm,
        observer_cutoff_hz=p.observer_cutoff_hz,
        wrench_sensor=p.wrench_sensor,
        keep_outs=keep_outs_from_yaml(p.keep_outs),
    )


def make_simulation(parameters: SimulatorParameters) -> Simulation:
    """The world that the parameters describe, in its first episode."""
    simulation = Simulation(
        make_task(parameters.task, **task_options(parameters)),
        SimulationParameters(
            cameras=camera_parameters(parameters),
            controller=controller_options(parameters),
            physics=PhysicalErrors(parameters.payload_kg, parameters.joint_friction_nm),
        ),
    )
    simulation.reset(parameters.seed)
    return simulation
