"""Worlds for the tests of takt_sim; building one takes a moment, so they are shared."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_sim.cameras import CameraParameters
from takt_sim.experts.peg_insertion import STEP_NS, PegInsertionExpert
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import make_task
from takt_sim.tasks.base import TaskState, TaskStatus
from takt_sim.tasks.peg_insertion import PegInsertion, PegInsertionParameters

SECOND_NS = 1_000_000_000
SMALL_CAMERAS = (
    CameraParameters("wrist_camera", 32, 32),
    CameraParameters("front_camera", 48, 32, latency_s=0.050, phase_s=0.005),
)


@lru_cache(maxsize=1)
def blind_simulation() -> Simulation:
    """Without cameras: fast."""
    return Simulation(parameters=SimulationParameters(cameras=()))


@lru_cache(maxsize=1)
def seeing_simulation() -> Simulation:
    return Simulation(parameters=SimulationParameters(cameras=SMALL_CAMERAS))


@lru_cache(maxsize=1)
def shifting_simulation(shift_m: float) -> Simulation:
    """The hole jumps when the tip is about to enter."""
    return Simulation(make_task("peg_insertion", shift_m=shift_m), SimulationParameters(cameras=()))


@lru_cache(maxsize=1)
def picking_simulation() -> Simulation:
    """Pick and place, without cameras."""
    return Simulation(make_task("pick_place"), SimulationParameters(cameras=()))


@lru_cache(maxsize=1)
def grasping_simulation() -> Simulation:
    """The hand and the cylinder, without cameras."""
    return Simulation(make_task("grasp_cylinder"), SimulationParameters(cameras=()))


def impatient_simulation() -> Simulation:
    task = PegInsertion(PegInsertionParameters(time_limit_s=0.5))
    return Simulation(task, SimulationParameters(cameras=()))


def insert(simulation: Simulation, seed: int) -> tuple[TaskStatus, float]:
    """Let the expert do an episode; returns how it ended and the greatest force [N]."""
    assert isinstance(simulation.task, PegInsertion)
    expert = PegInsertionExpert(simulation.task)
    simulation.reset(seed)
    expert.reset()
    force_n = 0.0
    while simulation.task_status.state is TaskState.RUNNING:
        assert simulation.commit(expert.trajectory(simulation)).accepted
        for sample in simulation.advance(STEP_NS):
            if sample.stream == "arm/wrench":
                force_n = max(force_n, float(np.linalg.norm(sample.features["wrench"][:3])))
    return simulation.task_status, force_n


def press_on_table(simulation: Simulation) -> None:
    """Move aside, then down until the tip of the peg presses on the table."""
    simulation.reset(3)
    assert simulation.commit(line(simulation, (0.0, 0.15, 0.0), 1.5)).accepted
    simulation.advance(16 * STEP_NS)
    # The tip is 45 mm below the tool point.
    down = 0.040 - float(simulation.robot.target_pose[2])
    assert simulation.commit(line(simulation, (0.0, 0.0, down), 2.0)).accepted
    simulation.advance(30 * STEP_NS)


def line(
    simulation: Simulation, offset_m: tuple[float, float, float], seconds: float
) -> Trajectory:
    """From the present target straight by an offset, at constant speed, with resting ends."""
    start = Pose.from_array7(simulation.robot.target_pose)
    steps = round(seconds * 10)
    waypoints = []
    for i in range(1, steps + 1):
        smooth = 0.5 - 0.5 * np.cos(np.pi * i / steps)
        position = start.position_m + smooth * np.asarray(offset_m)
        pose = Pose(position, start.quaternion_xyzw)
        twist = np.zeros(6) if i == steps else None
        waypoints.append(Waypoint(simulation.now_ns + i * STEP_NS, pose, twist))
    return Trajectory(tuple(waypoints), "test")
