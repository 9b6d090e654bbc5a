"""The recipe of pick and place: labels of any state, and a demonstrator that recovers."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from takt_core.geometry import Pose, matrix_from_rotation_vector
from takt_sim.experts.pick_place import moment
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.pick_objects import CUBE_SIDE_M
from takt_training.recipes.pick_place import (
    STEP_NS,
    Belief,
    Demonstrator,
    PickPlaceRecipe,
    PickPlaceTeacher,
    face_yaw,
    task_of,
)

RECIPE = PickPlaceRecipe()


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    made = Simulation(RECIPE.make_task(), SimulationParameters(cameras=()))
    yield made
    made.close()


def run(simulation: Simulation, seed: int, belief: Belief) -> list[tuple[Pose, np.ndarray]]:
    """An episode with a demonstrator; the tool's poses and landmarks on the way."""
    simulation.reset(seed)
    teacher = RECIPE.teacher(simulation)
    demonstrator, left, seen = Demonstrator(belief, np.random.default_rng([seed, 2])), 0, []
    for _ in range(150):
        if left == 0:
            trajectory, left = demonstrator.act(simulation, None)
            assert simulation.commit(trajectory).accepted
        left -= 1
        simulation.advance(STEP_NS)
        pose = simulation.robot.base_from_tcp
        seen.append((pose, teacher.landmark(pose)))
        if simulation.task_status.state is not TaskState.RUNNING:
            break
    return seen


def test_demonstrator_succeeds_in_spite_of_its_mistakes(simulation: Simulation) -> None:
    run(simulation, 100_001, Belief())
    assert simulation.task_status.state is TaskState.SUCCEEDED
    run(simulation, 100_001, Belief(kicked=0.0, fumbled=0.0, wrong=0.0))
    assert simulation.task_status.elapsed_s < 5.0


def test_landmark_is_where_cube_and_pad_are_seen_from_the_tool(simulation: Simulation) -> None:
    seen = run(simulation, 7, Belief(kicked=0.0, fumbled=0.0, wrong=0.0))
    task = task_of(simulation)
    pose, landmark = seen[0]
    cube = task.base_from_cube_at_start
    np.testing.assert_allclose(_in_base(pose, landmark[:3]), cube.position_m, atol=1e-4)
    np.testing.assert_allclose(
        _in_base(pose, landmark[5:]), task.base_from_pad.position_m, atol=1e-9
    )
    assert np.hypot(*landmark[3:5]) == pytest.approx(0.02)
    # In the end the cube lies on the pad.
    pose, landmark = seen[-1]
    above = _in_base(pose, landmark[:3]) - _in_base(pose, landmark[5:])
    assert np.hypot(*above[:2]) < 0.01
    assert above[2] == pytest.approx(CUBE_SIDE_M / 2, abs=1e-3)


def test_held_cube_was_where_the_tool_was(simulation: Simulation) -> None:
    simulation.reset(7)
    demonstrator = Demonstrator(
        Belief(kicked=0.0, fumbled=0.0, wrong=0.0), np.random.default_rng(0)
    )
    while not (moment(simulation).held and simulation.task_status.measures["cube_height_m"] > 0.02):
        trajectory, _ = demonstrator.act(simulation, None)
        simulation.commit(trajectory)
        simulation.advance(STEP_NS)
    teacher, here = PickPlaceTeacher(simulation), simulation.robot.base_from_tcp
    there = Pose(here.position_m - [0.0, 0.004, 0.003], here.quaternion_xyzw)
    np.testing.assert_allclose(teacher.landmark(there)[:5], teacher.landmark(here)[:5], atol=1e-9)
    moved = teacher.points_m(there)[:5] - teacher.points_m(here)[:5]
    np.testing.assert_allclose(moved, np.tile([0.0, -0.004, -0.003], (5, 1)), atol=1e-9)
    np.testing.assert_array_equal(teacher.points_m(there)[5], teacher.points_m(here)[5])
    assert teacher.plan(here, 5, 0.1).widths_m is not None


def test_plan_opens_and_closes_the_gripper_once_each(simulation: Simulation) -> None:
    simulation.reset(3)
    plan = RECIPE.teacher(simulation).plan(simulation.robot.base_from_tcp, 60, 0.1)
    assert plan.widths_m is not None
    assert len(plan.poses) == len(plan.widths_m) == 60
    assert set(plan.widths_m) == {0.0, 0.07}
    assert np.count_nonzero(np.diff(plan.widths_m)) == 2
    assert plan.widths_m[0] == plan.widths_m[-1] == 0.07


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.floats(-3.0, 3.0), st.integers(0, 3), st.sampled_from([0, 1, 2]))
def test_face_yaw_does_not_tell_the_faces_of_a_cube_apart(
    yaw: float, quarters: int, axis: int
) -> None:
    upright = matrix_from_rotation_vector(np.array([0.0, 0.0, yaw]))
    turn = np.zeros(3)
    turn[axis] = quarters * np.pi / 2
    one, other = face_yaw(upright), face_yaw(upright @ matrix_from_rotation_vector(turn))
    assert abs(one) <= np.pi / 4 + 1e-9
    assert np.sin(4.0 * one) == pytest.approx(np.sin(4.0 * other), abs=1e-6)
    assert np.cos(4.0 * one) == pytest.approx(np.cos(4.0 * other), abs=1e-6)


def test_policy_commands_the_gripper_and_sees_its_width() -> None:
    spec = RECIPE.specification()
    assert [group.kind for group in spec.actions] == ["pose", "open"]
    assert spec.action_size == 10
    assert {one.name for one in spec.inputs if one.dtype == "uint8"} == set(RECIPE.cameras)
    assert "gripper_width" in {one.feature for one in spec.inputs}


def _in_base(base_from_tcp: Pose, point_m: np.ndarray) -> np.ndarray:
    return base_from_tcp.rotation() @ point_m + base_from_tcp.position_m
