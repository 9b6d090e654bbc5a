"""The expert picks and places from any state, without a memory of how it came about."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim_worlds import picking_simulation

from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_sim.experts.pick_place import (
    STEP_NS,
    Moment,
    PickPlaceExpert,
    PickPlacePlanner,
    moment,
)
from takt_sim.placing import set_free_body, yaw_pose
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.pick_objects import CUBE, CUBE_SIDE_M
from takt_sim.tasks.pick_place import OPEN_WIDTH_M, PickPlace

DOWN = np.array([1.0, 0.0, 0.0, 0.0])
LIFTED = 0.02


def expert_of(simulation: Simulation) -> PickPlaceExpert:
    assert isinstance(simulation.task, PickPlace)
    return PickPlaceExpert(simulation.task)


def step(simulation: Simulation, expert: PickPlaceExpert) -> float:
    """One step of 0.1 s; returns the force on the tool [N]."""
    assert simulation.commit(expert.trajectory(simulation)).accepted
    simulation.advance(STEP_NS)
    return float(np.linalg.norm(simulation.wrench[:3]))


@pytest.mark.parametrize("seed", [0, 1, 2, 17, 100_001])
def test_expert_places_gently(seed: int) -> None:
    simulation = picking_simulation()
    simulation.reset(seed)
    expert, force_n = expert_of(simulation), 0.0
    while simulation.task_status.state is TaskState.RUNNING:
        force_n = max(force_n, step(simulation, expert))
    status = simulation.task_status
    assert status.state is TaskState.SUCCEEDED, status.reason
    assert status.elapsed_s < 5.0
    assert status.measures["target_distance_m"] < 0.010
    assert force_n < 30.0
    assert simulation.robot.torque_violations == 0


def test_expert_grips_again_what_was_taken_from_the_fingers() -> None:
    simulation = picking_simulation()
    simulation.reset(6)
    expert = expert_of(simulation)
    while simulation.task_status.measures["cube_height_m"] < LIFTED:
        step(simulation, expert)
    assert moment(simulation).held
    taken = yaw_pose(np.array([0.47, 0.02, CUBE_SIDE_M / 2]), 0.5)
    set_free_body(simulation.model, simulation.data, CUBE, taken)
    step(simulation, expert)
    assert not moment(simulation).held
    while simulation.task_status.state is TaskState.RUNNING:
        step(simulation, expert)
    assert simulation.task_status.state is TaskState.SUCCEEDED


def test_cube_is_held_by_friction_alone_and_falls_when_the_gripper_opens() -> None:
    simulation = picking_simulation()
    simulation.reset(6)
    expert = expert_of(simulation)
    while simulation.task_status.measures["cube_height_m"] < LIFTED:
        step(simulation, expert)
    assert simulation.model.neq == 1  # the two fingers mirror each other; nothing else is tied
    here = Pose.from_array7(simulation.robot.target_pose)
    simulation.commit(Trajectory((_waypoint(simulation, here, 0.0),), "test"))
    simulation.advance(10 * STEP_NS)
    assert simulation.task_status.measures["cube_height_m"] > 0.5 * LIFTED
    simulation.commit(Trajectory((_waypoint(simulation, here, OPEN_WIDTH_M),), "test"))
    simulation.advance(5 * STEP_NS)
    assert abs(simulation.task_status.measures["cube_height_m"]) < 0.003


def _waypoint(simulation: Simulation, pose: Pose, width_m: float) -> Waypoint:
    return Waypoint(simulation.now_ns + STEP_NS, pose, None, None, width_m)


@settings(max_examples=12, deadline=None)
@given(
    st.floats(-0.12, 0.12),
    st.floats(-0.12, 0.12),
    st.floats(0.03, 0.3),
    st.floats(-0.6, 0.6),
    st.floats(0.0, OPEN_WIDTH_M),
)
def test_plan_reaches_its_end_from_anywhere_and_never_faster_than_allowed(
    x: float, y: float, height: float, yaw: float, width: float
) -> None:
    """In the planner's own picture of the world, where everything goes well."""
    cube = yaw_pose(np.array([0.5, 0.05, CUBE_SIDE_M / 2]), yaw)
    pad = np.array([0.5, -0.08, 0.0])
    now = Moment(Pose(np.array([0.5 + x, y, height]), DOWN), cube, width)
    plan = PickPlacePlanner(pad).plan(now, 80, 0.1)
    places = np.array([now.base_from_tcp.position_m, *(pose.position_m for pose, _ in plan)])
    steps = np.abs(np.diff(places, axis=0))
    assert np.hypot(steps[:, 0], steps[:, 1]).max() <= 0.02 + 1e-9
    assert steps[:, 2].max() <= 0.02 + 1e-9
    assert np.linalg.norm(places[-1, :2] - pad[:2]) < 0.012
    assert places[-1, 2] > 0.1
    assert plan[-1][1] == OPEN_WIDTH_M
    assert 0.0 in [asked for _, asked in plan]


def test_plan_has_no_memory() -> None:
    """Planning on from the middle of a plan gives the rest of it, but for the gripper's delay."""
    cube = yaw_pose(np.array([0.5, 0.05, CUBE_SIDE_M / 2]), 0.2)
    planner = PickPlacePlanner(np.array([0.5, -0.08, 0.0]))
    now = Moment(Pose(np.array([0.45, 0.0, 0.25]), DOWN), cube, OPEN_WIDTH_M)
    whole = planner.plan(now, 10, 0.1)
    middle = Moment(whole[4][0], cube, OPEN_WIDTH_M)
    rest = planner.plan(middle, 5, 0.1)
    for (one, one_m), (other, other_m) in zip(whole[5:], rest, strict=True):
        np.testing.assert_allclose(one.array7(), other.array7(), atol=1e-9)
        assert one_m == other_m
