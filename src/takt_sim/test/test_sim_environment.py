"""The Gymnasium environment passes Gymnasium's own checker, and the expert solves it."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from sim_worlds import SMALL_CAMERAS

from takt_core.geometry import Pose
from takt_sim.environment import TaskEnvironment, action_from_pose
from takt_sim.experts.peg_insertion import PegInsertionExpert
from takt_sim.experts.pick_place import PickPlaceExpert
from takt_sim.simulation import SimulationParameters
from takt_sim.tasks import TASK_NAMES
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.peg_insertion import PegInsertion, PegInsertionParameters
from takt_sim.tasks.pick_place import PickPlace


def test_gymnasium_checker_passes() -> None:
    environment = TaskEnvironment(parameters=SimulationParameters(cameras=SMALL_CAMERAS))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*Box (low|high|observation space).*")
        warnings.filterwarnings("ignore", message=".*spec.*")
        warnings.filterwarnings("ignore", message=".*symmetric and normalized.*")
        check_env(environment, skip_render_check=True)
    environment.close()


def test_expert_solves_it_with_single_actions() -> None:
    environment = TaskEnvironment(parameters=SimulationParameters(cameras=()))
    task = environment.simulation.task
    assert isinstance(task, PegInsertion)
    expert = PegInsertionExpert(task)
    observation, info = environment.reset(seed=21)
    assert info["state"] == "RUNNING"
    assert {sample.stream for sample in environment.samples} >= {"arm/state", "fingertip/field"}
    for _ in range(150):
        action = action_from_pose(expert.poses(environment.simulation, 1)[0])
        observation, reward, terminated, truncated, info = environment.step(action)
        assert environment.observation_space.contains(observation)
        assert info["rejected"] == ""
        if terminated or truncated:
            break
    assert reward == 1.0
    assert terminated
    assert info["is_success"]
    environment.close()


def test_timeout_truncates() -> None:
    task = PegInsertion(PegInsertionParameters(time_limit_s=0.35))
    environment = TaskEnvironment(task, SimulationParameters(cameras=()))
    environment.reset(seed=0)
    stay = action_from_pose(Pose.from_array7(environment.simulation.robot.target_pose))
    ends = [environment.step(stay)[2:4] for _ in range(4)]
    assert ends[-1] == (False, True)
    assert (True, False) not in ends
    assert environment.simulation.task_status.state is TaskState.FAILED
    environment.close()


def test_impossible_action_is_refused_and_the_arm_stays() -> None:
    environment = TaskEnvironment(parameters=SimulationParameters(cameras=()))
    first, _ = environment.reset(seed=0)
    far = first["tcp"].copy()
    far[1] += 0.3
    second, _, _, _, info = environment.step(far)
    assert "jump" in info["rejected"] or "far" in info["rejected"]
    np.testing.assert_allclose(second["tcp"][:3], first["tcp"][:3], atol=1e-3)
    environment.close()


def test_gripper_action_opens_the_fingers() -> None:
    environment = TaskEnvironment(parameters=SimulationParameters(cameras=()), gripper=True)
    assert environment.action_space.shape == (10,)
    first, _ = environment.reset(seed=0)
    for _ in range(6):
        observation, *_ = environment.step(np.append(first["tcp"], np.float32(0.07)))
    assert observation["gripper_width"][0] == pytest.approx(0.07, abs=0.003)
    environment.close()


def test_render_gives_a_picture_for_people() -> None:
    environment = TaskEnvironment(
        parameters=SimulationParameters(cameras=()), render_mode="rgb_array"
    )
    environment.reset(seed=0)
    picture = environment.render()
    assert picture is not None
    assert picture.shape == (480, 640, 3)
    assert picture.std() > 20.0
    environment.close()


@pytest.mark.parametrize("name", TASK_NAMES)
def test_gymnasium_makes_every_task_by_name(name: str) -> None:
    environment = gymnasium.make(
        f"takt/{name}-v0", parameters=SimulationParameters(cameras=SMALL_CAMERAS)
    )
    observation, info = environment.reset(seed=1)
    assert environment.observation_space.contains(observation)
    assert info["state"] == "RUNNING"
    task = environment.unwrapped.simulation.task
    assert task.name == name
    assert environment.action_space.shape == (9 + task.uses_gripper + 16 * task.uses_hand,)
    environment.close()


def test_pick_place_is_solved_by_single_actions_with_the_gripper() -> None:
    environment = TaskEnvironment("pick_place", SimulationParameters(cameras=()))
    task = environment.simulation.task
    assert isinstance(task, PickPlace)
    expert = PickPlaceExpert(task)
    environment.reset(seed=21)
    for _ in range(80):
        waypoint = expert.trajectory(environment.simulation, 1).waypoints[0]
        action = np.append(action_from_pose(waypoint.base_from_tcp), waypoint.gripper_width_m)
        _, reward, terminated, truncated, info = environment.step(action.astype(np.float32))
        assert info["rejected"] == ""
        if terminated or truncated:
            break
    assert reward == 1.0
    assert info["reason"] == "placed"
    environment.close()
