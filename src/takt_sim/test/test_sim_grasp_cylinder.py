"""Grasping: the expert lifts gently from anywhere, and every failure has its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sim_worlds import SECOND_NS, SMALL_CAMERAS, grasping_simulation

from takt_core.geometry import Pose
from takt_sim.experts.grasp_cylinder import STEP_NS, GraspCylinderExpert
from takt_sim.placing import set_free_body, yaw_pose
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import make_task
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.cylinder_objects import CYLINDER, CYLINDER_HEIGHT_M, CYLINDER_RADIUS_M
from takt_sim.tasks.grasp_cylinder import GraspCylinder


def step(simulation: Simulation, expert: GraspCylinderExpert) -> float:
    """One step of 0.1 s; returns the force on the hand [N]."""
    arm, hand = expert.trajectory(simulation), expert.hand_trajectory(simulation)
    assert simulation.commit(arm).accepted
    assert simulation.commit_hand(hand).accepted
    simulation.advance(STEP_NS)
    return float(np.linalg.norm(simulation.wrench[:3]))


def do_episode(simulation: Simulation, seed: int) -> float:
    simulation.reset(seed)
    expert, force_n = GraspCylinderExpert(), 0.0
    while simulation.task_status.state is TaskState.RUNNING:
        force_n = max(force_n, step(simulation, expert))
    return force_n


@pytest.mark.parametrize("seed", [0, 100_001])
def test_expert_lifts_gently(seed: int) -> None:
    simulation = grasping_simulation()
    force_n = do_episode(simulation, seed)
    status = simulation.task_status
    assert status.state is TaskState.SUCCEEDED, status.reason
    assert status.elapsed_s < 6.0
    assert status.measures["lift_m"] >= 0.10
    assert status.measures["slip_m"] < 0.002
    assert force_n < 10.0
    assert simulation.robot.torque_violations == 0


def test_expert_grasps_again_what_slipped_out() -> None:
    simulation = grasping_simulation()
    simulation.reset(5)
    expert = GraspCylinderExpert()
    while simulation.task_status.measures.get("lift_m", 0.0) < 0.03:
        step(simulation, expert)
    stands = yaw_pose(np.array([0.46, 0.05, CYLINDER_HEIGHT_M / 2]), 0.0)
    set_free_body(simulation.model, simulation.data, CYLINDER, stands)
    while simulation.task_status.state is TaskState.RUNNING:
        step(simulation, expert)
    assert simulation.task_status.state is TaskState.SUCCEEDED, simulation.task_status.reason


def lift(simulation: Simulation, lift_m: float, tilt_rad: float = 0.0, x: float = 0.5) -> None:
    """Put the cylinder somewhere in the air, at rest, and have it judged once."""
    turn = np.array([np.sin(tilt_rad / 2), 0.0, 0.0, np.cos(tilt_rad / 2)])
    pose = Pose(np.array([x, 0.1, CYLINDER_HEIGHT_M / 2 + lift_m]), turn)
    set_free_body(simulation.model, simulation.data, CYLINDER, pose)
    simulation.advance(11_000_000)


def test_each_failure_is_named() -> None:
    simulation = grasping_simulation()
    simulation.reset(3)
    lift(simulation, 0.15)
    assert simulation.task_status.state is TaskState.RUNNING
    lift(simulation, 0.01)
    assert "cylinder dropped: it was up" in simulation.task_status.reason
    simulation.reset(3)
    lift(simulation, 0.02, tilt_rad=1.2)
    assert "tipped over: 69 degrees" in simulation.task_status.reason
    simulation.reset(3)
    lift(simulation, 0.0, x=0.85)
    assert "left the workspace" in simulation.task_status.reason
    task = simulation.task
    assert isinstance(task, GraspCylinder)
    hard = task.judge(simulation.data, np.array([0.0, 61.0, 0.0, 0.0, 0.0, 0.0]), 0.1)
    assert hard.reason == "force 61 N is above 60 N"


def test_time_runs_out() -> None:
    task = make_task("grasp_cylinder", time_limit_s=0.3)
    simulation = Simulation(task, SimulationParameters(cameras=()))
    simulation.reset(0)
    simulation.advance(SECOND_NS // 2)
    assert simulation.task_status.reason == "timeout after 0.3 s"


def test_a_cylinder_that_slides_through_the_hand_is_not_held() -> None:
    simulation = grasping_simulation()
    simulation.reset(3)
    for sunk_mm in range(0, 140, 10):
        # Held up, but 10 mm lower in the hand at each look: never 1 s without slipping.
        for _ in range(12):
            lift(simulation, 0.25 - sunk_mm * 1e-3)
    assert simulation.task_status.state is TaskState.RUNNING
    assert simulation.task_status.measures["slip_m"] > 0.0


def test_same_seed_same_episode_and_other_seeds_differ() -> None:
    simulation = grasping_simulation()
    starts = []
    for seed in (11, 12, 11):
        simulation.reset(seed)
        starts.append(np.array(simulation.data.qpos))
    np.testing.assert_array_equal(starts[0], starts[2])
    assert np.abs(starts[0] - starts[1]).max() > 1e-3


def test_starts_reach_over_the_ranges_and_nothing_touches() -> None:
    simulation = grasping_simulation()
    task = simulation.task
    assert isinstance(task, GraspCylinder)
    places = []
    for seed in range(30):
        simulation.reset(seed)
        places.append(task.base_from_cylinder_at_start.position_m[:2])
        assert np.linalg.norm(simulation.wrench[:3]) == 0.0
        simulation.advance(20_000_000)
        assert np.linalg.norm(simulation.wrench[:3]) == 0.0, seed
    spread = np.ptp(places, axis=0)
    assert (spread > [0.08, 0.11]).all()
    assert (np.abs(np.array(places) - [0.50, 0.0]) <= [0.06, 0.08]).all()


def test_cameras_see_hand_and_cylinder() -> None:
    cameras = tuple(replace(camera, noise=0.0) for camera in SMALL_CAMERAS)
    simulation = Simulation(make_task("grasp_cylinder"), SimulationParameters(cameras=cameras))
    pictures = {}
    for place_m in ((0.50, 0.0), (0.46, -0.06)):
        simulation.reset(4)
        stands = yaw_pose(np.array([*place_m, CYLINDER_HEIGHT_M / 2]), 0.0)
        set_free_body(simulation.model, simulation.data, CYLINDER, stands)
        for sample in simulation.advance(100_000_000):
            if "image" in sample.features:
                pictures[sample.stream, place_m] = sample.features["image"].astype(int)
    for camera in ("wrist_camera/image_raw", "front_camera/image_raw"):
        first, second = (pictures[camera, place] for place in ((0.50, 0.0), (0.46, -0.06)))
        assert np.abs(first - second).max() > 40
    simulation.close()


def test_the_mantle_that_fingers_meet_has_the_size_of_the_cylinder() -> None:
    model = grasping_simulation().model
    mantle, solid = model.geom("cylinder_mantle"), model.geom(CYLINDER)
    assert mantle.size[0] == solid.size[0] == CYLINDER_RADIUS_M
    assert mantle.size[1] + mantle.size[0] == pytest.approx(solid.size[1])
