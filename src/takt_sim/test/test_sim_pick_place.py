"""Pick and place: what is drawn, what counts as placed, and each failure."""

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim_worlds import SECOND_NS, picking_simulation

from takt_core.geometry import Pose
from takt_sim.placing import body_pose, set_free_body, yaw_pose
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.pick_objects import CUBE, CUBE_SIDE_M
from takt_sim.tasks.pick_place import OPEN_WIDTH_M, PickPlace, PickPlaceParameters

NO_WRENCH = np.zeros(6)


def task_of(simulation: Simulation) -> PickPlace:
    assert isinstance(simulation.task, PickPlace)
    return simulation.task


def put(
    simulation: Simulation,
    offset_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    width_m: float = OPEN_WIDTH_M,
    tool_height_m: float = 0.1,
) -> None:
    """The cube at an offset from where it should lie, the tool above, the fingers open so far."""
    data, task = simulation.data, task_of(simulation)
    place = task.base_from_pad.position_m + [0.0, 0.0, CUBE_SIDE_M / 2] + offset_m
    set_free_body(simulation.model, data, CUBE, yaw_pose(place, 0.3))
    for name in ("finger_joint1", "finger_joint2"):
        data.joint(name).qpos[:] = width_m / 2
    mujoco.mj_kinematics(simulation.model, data)
    data.body("tcp").xpos[:] = [*place[:2], tool_height_m]


def state_after(simulation: Simulation, seconds: float = 0.3) -> TaskState:
    task = task_of(simulation)
    moments = np.arange(0.0, seconds, 0.01)
    return [task.judge(simulation.data, NO_WRENCH, float(t)).state for t in moments][-1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_cube_and_pad_lie_apart_within_their_area(seed: int) -> None:
    task, p = PickPlace(), PickPlaceParameters()
    start = task.draw(np.random.default_rng(seed))
    cube, pad = task.base_from_cube_at_start.position_m, task.base_from_pad.position_m
    for place, centre in ((cube, p.cube_centre_m), (pad, p.pad_centre_m)):
        assert np.all(np.abs(place[:2] - centre) <= p.range_m)
    assert np.linalg.norm(cube[:2] - pad[:2]) >= p.apart_m
    assert cube[2] == CUBE_SIDE_M / 2
    assert start.gripper_width_m == start.gripper_target_m == OPEN_WIDTH_M


def test_cube_lies_still_and_the_gripper_stays_open_until_it_is_moved() -> None:
    simulation = picking_simulation()
    simulation.reset(4)
    simulation.advance(SECOND_NS // 2)
    cube = body_pose(simulation.data, CUBE)
    start = task_of(simulation).base_from_cube_at_start
    np.testing.assert_allclose(cube.array7(), start.array7(), atol=1e-4)
    assert simulation.robot.gripper_width_m == pytest.approx(OPEN_WIDTH_M, abs=1e-3)
    measures = simulation.task_status.measures
    offset = start.position_m - task_of(simulation).base_from_pad.position_m
    assert measures["target_distance_m"] == pytest.approx(np.hypot(*offset[:2]), abs=1e-4)


def test_success_needs_the_cube_on_the_pad_let_go_and_left_for_a_while() -> None:
    simulation = picking_simulation()
    simulation.reset(4)
    put(simulation, (0.010, 0.010, 0.0))
    assert state_after(simulation, 0.2) is TaskState.RUNNING
    assert state_after(simulation, 0.3) is TaskState.SUCCEEDED


@pytest.mark.parametrize(
    ("offset_m", "width_m", "tool_height_m"),
    [
        ((0.016, 0.0, 0.0), 0.07, 0.1),
        ((0.0, 0.0, 0.01), 0.07, 0.1),
        ((0.0, 0.0, 0.0), 0.045, 0.1),
        ((0.0, 0.0, 0.0), 0.07, 0.03),
    ],
)
def test_beside_the_pad_in_the_air_or_not_let_go_is_no_success(
    offset_m: tuple[float, float, float], width_m: float, tool_height_m: float
) -> None:
    simulation = picking_simulation()
    simulation.reset(4)
    put(simulation, offset_m, width_m, tool_height_m)
    assert state_after(simulation) is TaskState.RUNNING


def test_cube_that_still_moves_is_not_placed() -> None:
    simulation = picking_simulation()
    simulation.reset(4)
    put(simulation)
    simulation.data.joint(CUBE).qvel[0] = 0.02
    assert state_after(simulation) is TaskState.RUNNING


def test_force_time_and_a_lost_cube_fail() -> None:
    simulation = picking_simulation()
    simulation.reset(4)
    task = task_of(simulation)
    push = np.array([0.0, 0.0, 81.0, 0.0, 0.0, 0.0])
    assert task.judge(simulation.data, push, 1.0).reason == "force 81 N is above 80 N"
    assert task.judge(simulation.data, NO_WRENCH, 20.1).reason == "timeout after 20 s"
    for lost in ([0.5, 0.45, 0.02], [0.85, 0.0, 0.02], [0.5, 0.0, -0.1]):
        pose = Pose(np.array(lost), np.array([0.0, 0.0, 0.0, 1.0]))
        set_free_body(simulation.model, simulation.data, CUBE, pose)
        mujoco.mj_kinematics(simulation.model, simulation.data)
        verdict = task.judge(simulation.data, NO_WRENCH, 1.0)
        assert verdict.state is TaskState.FAILED
        assert "cube left the workspace" in verdict.reason
