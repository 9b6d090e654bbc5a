"""A peg goes into its hole blindly, beside the axis: what is missing, compliance has to find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takt_core.geometry import Pose, quaternion_from_matrix
from takt_core.trajectory import Trajectory, Waypoint
from takt_sim.arm_controller import ControllerOptions
from takt_sim.experts.peg_insertion import DOWN
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.peg_insertion import TIP_FROM_PEG, PegInsertion, PegInsertionParameters

STEP_NS = 100_000_000
ABOVE_M, BELOW_M = 0.010, 0.028
APPROACH, DESCENT, REST = 15, 25, 5  # steps


@dataclass(frozen=True)
class Insertion:
    """How it ended.

    Attributes:
        depth_m: of the tip below the rim at the end.
        force_n: greatest on the tool.
    """

    inserted: bool
    reason: str
    depth_m: float
    force_n: float


def insert_beside(
    lateral_m: float, towards_rad: float = 0.0, stiffness_n_m: float = 900.0, seed: int = 3
) -> Insertion:
    """Go straight down, `lateral_m` beside the hole's axis, without looking or searching."""
    task = PegInsertion(PegInsertionParameters(grasp_range_m=0.0, grasp_range_rad=0.0))
    stiffness = (*[stiffness_n_m] * 3, *[stiffness_n_m / 20.0] * 3)
    controller = ControllerOptions(stiffness=stiffness)
    simulation = Simulation(task, SimulationParameters(cameras=(), controller=controller))
    simulation.reset(seed)
    beside = lateral_m * np.array([np.cos(towards_rad), np.sin(towards_rad), 0.0])
    simulation.commit(_way(simulation, task, beside))
    force_n = depth_m = 0.0
    for _ in range((APPROACH + DESCENT + REST) * 10):
        simulation.advance(STEP_NS // 10)
        force_n = max(force_n, float(np.linalg.norm(simulation.wrench[:3])))
        depth_m = task.insertion(simulation.data).depth_m
        if simulation.task_status.state is not TaskState.RUNNING:
            break
    status = simulation.task_status
    return Insertion(status.state is TaskState.SUCCEEDED, status.reason, depth_m, force_n)


def _way(simulation: Simulation, task: PegInsertion, beside: np.ndarray) -> Trajectory:
    """To a place above the hole, then straight down, each with soft ends."""
    start = Pose.from_array7(simulation.robot.target_pose)
    above = _base_from_tcp(task, beside + [0.0, 0.0, ABOVE_M])
    below = _base_from_tcp(task, beside - [0.0, 0.0, BELOW_M])
    poses = [_between(start, above, i / APPROACH) for i in range(1, APPROACH + 1)]
    poses += [_between(above, below, i / DESCENT) for i in range(1, DESCENT + 1)]
    twists = [None] * (len(poses) - 1) + [np.zeros(6)]
    waypoints = tuple(
        Waypoint(simulation.now_ns + (i + 1) * STEP_NS, pose, twist)
        for i, (pose, twist) in enumerate(zip(poses, twists, strict=True))
    )
    return Trajectory(waypoints, "experiment")


def _base_from_tcp(task: PegInsertion, hole_from_tip_m: np.ndarray) -> Pose:
    centre = hole_from_tip_m - DOWN @ TIP_FROM_PEG
    hole_from_peg = Pose(centre, quaternion_from_matrix(DOWN))
    return task.base_from_hole @ hole_from_peg @ task.tcp_from_peg.inverse()


def _between(a: Pose, b: Pose, share: float) -> Pose:
    """Part of the way, slow at both ends; the ends differ by little in rotation."""
    smooth = 0.5 - 0.5 * np.cos(np.pi * share)
    quaternion = np.asarray(b.quaternion_xyzw)
    if np.dot(a.quaternion_xyzw, quaternion) < 0.0:
        quaternion = -quaternion
    mixed = (1.0 - smooth) * np.asarray(a.quaternion_xyzw) + smooth * quaternion
    position = a.position_m + smooth * (b.position_m - a.position_m)
    return Pose(position, mixed / np.linalg.norm(mixed))
