"""Parameters of the simulator node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import yaml

from takt_core.errors import TaktError
from takt_core.parameters import parameter
from takt_sim.cameras import CameraParameters
from takt_sim.arm_controller import ImpedanceParameters
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import TASK_NAMES, make_task
from takt_sim.world import FRONT_CAMERA, OVERVIEW_CAMERA, WRIST_CAMERA


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
        ImpedanceParameters().stiffness,
        length=6,
        unit="N/m, N m/rad",
        minimum=0.0,
        maximum=3000.0,
        description="of the arm at the start, base axes",
    )


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


def make_simulation(parameters: SimulatorParameters) -> Simulation:
    """The world that the parameters describe, in its first episode."""
    simulation = Simulation(
        make_task(parameters.task, **task_options(parameters)),
        SimulationParameters(
            cameras=camera_parameters(parameters),
            impedance=ImpedanceParameters(stiffness=parameters.stiffness),
        ),
    )
    simulation.reset(parameters.seed)
    return simulation
