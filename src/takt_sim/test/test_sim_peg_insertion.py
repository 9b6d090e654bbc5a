"""The task knows success and each failure when it sees one."""

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim_worlds import (
    SECOND_NS,
    blind_simulation,
    impatient_simulation,
    insert,
    shifting_simulation,
)

from takt_core.geometry import Pose, matrix_from_rotation_vector, quaternion_from_matrix
from takt_sim.placing import set_free_body, yaw_pose
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.peg_insertion import PegInsertion, PegInsertionParameters

NO_WRENCH = np.zeros(6)
FLIP = Pose(np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))


def task_of(simulation: Simulation) -> PegInsertion:
    assert isinstance(simulation.task, PegInsertion)
    return simulation.task


def put_tip(
    simulation: Simulation, depth_m: float, lateral_m: float = 0.0, yaw: float = 0.0
) -> None:
    """Put the peg into the hole, the arm aside: judging looks at the peg."""
    task = task_of(simulation)
    tip = yaw_pose(np.array([lateral_m, 0.0, -depth_m]), yaw)
    centre = Pose(np.array([0.0, 0.0, -0.030]), np.array([0.0, 0.0, 0.0, 1.0]))
    peg = task.base_from_hole @ tip @ FLIP @ centre
    set_free_body(simulation.model, simulation.data, "peg", peg)
    # Where the tool would be, so that the peg does not count as dropped.
    mujoco.mj_kinematics(simulation.model, simulation.data)
    simulation.data.body("tcp").xpos[:] = (peg @ task.tcp_from_peg.inverse()).position_m
    simulation.data.body("tcp").xmat[:] = (peg @ task.tcp_from_peg.inverse()).rotation().flatten()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_draws_stay_within_their_ranges(seed: int) -> None:
    task = PegInsertion()
    start = task.draw(np.random.default_rng(seed))
    p = PegInsertionParameters()
    offset = task.base_from_hole.position_m[:2] - p.hole_centre_m
    assert np.abs(offset).max() <= p.hole_range_m
    yaw = 2.0 * np.arctan2(*task.base_from_hole.quaternion_xyzw[2:])
    assert abs(yaw) <= p.hole_yaw_range_rad + 1e-12
    assert np.abs(start.base_from_tcp.position_m - [0.45, 0.0, 0.25]).max() <= 0.03
    assert np.linalg.norm(task.tcp_from_peg.position_m - [0.0, 0.0, 0.015]) <= 0.001


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.05, 0.03), st.floats(-0.02, 0.02), st.floats(-0.7, 0.7))
def test_insertion_measures_tip_against_hole(depth: float, lateral: float, yaw: float) -> None:
    simulation = blind_simulation()
    simulation.reset(5)
    put_tip(simulation, depth, lateral, yaw)
    found = task_of(simulation).insertion(simulation.data)
    assert found.depth_m == pytest.approx(depth, abs=1e-9)
    assert found.lateral_m == pytest.approx(abs(lateral), abs=1e-9)
    assert found.yaw_error_rad == pytest.approx(yaw, abs=1e-9)


def test_success_needs_depth_for_two_tenths_of_a_second() -> None:
    simulation = blind_simulation()
    simulation.reset(5)
    task = task_of(simulation)
    put_tip(simulation, 0.0255)
    states = [task.judge(simulation.data, NO_WRENCH, t / 100).state for t in range(25)]
    assert states[:20] == [TaskState.RUNNING] * 20
    assert states[21] is TaskState.SUCCEEDED
    put_tip(simulation, 0.0245)
    assert task.judge(simulation.data, NO_WRENCH, 0.3).state is TaskState.RUNNING
    put_tip(simulation, 0.0255)
    assert task.judge(simulation.data, NO_WRENCH, 0.31).state is TaskState.RUNNING


def test_depth_beside_the_hole_is_not_success() -> None:
    simulation = blind_simulation()
    simulation.reset(5)
    task = task_of(simulation)
    put_tip(simulation, 0.030, lateral_m=0.05)
    states = {task.judge(simulation.data, NO_WRENCH, t / 100).state for t in range(50)}
    assert TaskState.SUCCEEDED not in states


@pytest.mark.parametrize(
    ("wrench_n", "elapsed_s", "reason"),
    [(81.0, 1.0, "force 81 N is above 80 N"), (0.0, 15.1, "timeout after 15 s")],
)
def test_force_and_time_fail(wrench_n: float, elapsed_s: float, reason: str) -> None:
    simulation = blind_simulation()
    simulation.reset(5)
    wrench = np.array([0.0, 0.0, wrench_n, 0.0, 0.0, 0.0])
    verdict = task_of(simulation).judge(simulation.data, wrench, elapsed_s)
    assert verdict.state is TaskState.FAILED
    assert verdict.reason == reason


def test_lost_peg_and_lost_tool_fail() -> None:
    simulation = blind_simulation()
    simulation.reset(5)
    task = task_of(simulation)
    set_free_body(simulation.model, simulation.data, "peg", yaw_pose(np.array([0.5, 0.2, 0.1]), 0))
    mujoco.mj_kinematics(simulation.model, simulation.data)
    assert "peg dropped" in task.judge(simulation.data, NO_WRENCH, 1.0).reason
    simulation.reset(5)
    for name in ("tcp", "peg"):
        simulation.data.body(name).xpos[1] += 1.0
    assert "left the workspace" in task.judge(simulation.data, NO_WRENCH, 1.0).reason


def test_episode_ends_once_and_says_why() -> None:
    simulation = impatient_simulation()
    simulation.reset(9)
    simulation.advance(SECOND_NS)
    status = simulation.task_status
    assert status.state is TaskState.FAILED
    assert status.reason == "timeout after 0.5 s"
    assert status.elapsed_s == pytest.approx(0.51, abs=0.011)
    simulation.advance(SECOND_NS)
    assert simulation.task_status == status
    simulation.reset(9)
    assert simulation.task_status.state is TaskState.RUNNING
    assert simulation.task_status.episode == status.episode + 1


def test_grasp_is_firm_but_not_rigid() -> None:
    simulation = blind_simulation()
    simulation.reset(5)
    simulation.advance(SECOND_NS // 10)
    peg, tcp = simulation.data.body("peg"), simulation.data.body("tcp")
    before = tcp.xmat.reshape(3, 3).T @ (peg.xpos - tcp.xpos)
    simulation.data.xfrc_applied[simulation.model.body("peg").id, 0] = 10.0
    simulation.advance(SECOND_NS // 10)
    simulation.data.xfrc_applied[:] = 0.0
    slip = np.linalg.norm(tcp.xmat.reshape(3, 3).T @ (peg.xpos - tcp.xpos) - before)
    assert 1e-6 < slip < 5e-4


def test_turned_grasp_is_where_it_was_drawn() -> None:
    simulation = blind_simulation()
    simulation.reset(12)
    simulation.advance(SECOND_NS // 10)
    task = task_of(simulation)
    tool = simulation.robot.base_from_tcp
    expected = tool @ task.tcp_from_peg
    found = simulation.data.body("peg")
    np.testing.assert_allclose(found.xpos, expected.position_m, atol=2e-4)
    turn = matrix_from_rotation_vector(np.zeros(3)) @ expected.rotation()
    np.testing.assert_allclose(found.xmat.reshape(3, 3), turn, atol=4e-3)
    assert quaternion_from_matrix(turn).shape == (4,)


def test_hole_jumps_once_when_the_tip_is_about_to_enter() -> None:
    simulation = shifting_simulation(0.006)
    simulation.reset(5)
    task = task_of(simulation)
    before = task.base_from_hole.position_m
    for depth, lateral in ((-0.004, 0.0), (-0.002, 0.006), (0.001, 0.0)):
        put_tip(simulation, depth, lateral)
        task.update(simulation.model, simulation.data, 0.0)
        assert not task.shifted
    put_tip(simulation, -0.002)
    task.update(simulation.model, simulation.data, 0.0)
    after = task.base_from_hole.position_m
    assert task.shifted
    assert np.linalg.norm(after - before) == pytest.approx(0.006)
    assert after[2] == before[2]
    mujoco.mj_kinematics(simulation.model, simulation.data)
    np.testing.assert_allclose(simulation.data.body("fixture").xpos, after)
    assert task.insertion(simulation.data).lateral_m == pytest.approx(0.006)
    put_tip(simulation, -0.002)
    task.update(simulation.model, simulation.data, 0.0)
    np.testing.assert_array_equal(task.base_from_hole.position_m, after)


def test_jump_is_the_only_difference_of_a_seed_and_is_undone_by_a_reset() -> None:
    plain, shifting = blind_simulation(), shifting_simulation(0.006)
    directions = set()
    for seed in range(6):
        plain.reset(seed)
        shifting.reset(seed)
        np.testing.assert_array_equal(plain.data.qpos, shifting.data.qpos)
        before = task_of(shifting).base_from_hole.position_m
        np.testing.assert_array_equal(task_of(plain).base_from_hole.position_m, before)
        put_tip(shifting, -0.001)
        for simulation in (plain, shifting):
            simulation.task.update(simulation.model, simulation.data, 0.0)
        towards = task_of(shifting).base_from_hole.position_m - before
        directions.add(round(float(np.arctan2(towards[1], towards[0])), 3))
    assert len(directions) == 6
    assert not task_of(plain).shifted


def test_expert_follows_the_hole_and_the_status_says_how_far_it_jumped() -> None:
    simulation = shifting_simulation(0.006)
    status, _ = insert(simulation, 2)
    assert status.state is TaskState.SUCCEEDED
    assert status.measures["hole_shift_m"] == 0.006


def test_plate_is_not_seen_but_felt() -> None:
    """With little lead-in cameras see the same; a peg 3 mm beside the hole meets it."""
    blocked, images = [], []
    for task in (PegInsertion(), PegInsertion(PegInsertionParameters(lead_in_m=0.001))):
        simulation = Simulation(task)
        samples = simulation.reset(3) + simulation.advance(SECOND_NS // 10)
        images.append([s.features["image"] for s in samples if "image" in s.features])
        data = simulation.data
        peg, fixture = simulation.model.body("peg").id, simulation.model.body("fixture").id
        put_tip(simulation, 0.001, lateral_m=0.003)
        mujoco.mj_forward(simulation.model, data)
        bodies = simulation.model.geom_bodyid[data.contact.geom]
        touching = {frozenset(pair) for pair in bodies.tolist()}
        blocked.append(frozenset((peg, fixture)) in touching)
        simulation.close()
    assert blocked == [False, True]
    assert images[0]
    for plain, covered in zip(*images, strict=True):
        np.testing.assert_array_equal(plain, covered)


def test_press_is_what_lasts_of_the_force() -> None:
    task = PegInsertion()
    task.draw(np.random.default_rng(0))
    data = blind_simulation().data
    push = np.array([0.0, 0.0, 30.0, 0.0, 0.0, 0.0])
    times = np.arange(1, 101) * 0.01
    verdicts = [task.judge(data, push * (t > 0.5) * (t < 0.52), t) for t in times]
    assert 1.0 < verdicts[-1].measures["press_force_n"] < 5.0
    for t in times + 1.0:
        verdict = task.judge(data, push, float(t))
    assert 29.0 < verdict.measures["press_force_n"] <= 30.0
