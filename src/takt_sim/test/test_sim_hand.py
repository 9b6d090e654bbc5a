"""The simulated hand: follows within its range, presses with a limited current, stops, refuses."""

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim_worlds import SECOND_NS, blind_simulation, grasping_simulation

from takt_core.errors import TaktError
from takt_core.trajectory import HandTrajectory
from takt_description import ARM_JOINTS, HAND_JOINTS, robot_description
from takt_impedance.kinematics import ArmModel
from takt_sim.hand import Hand
from takt_sim.simulation import Simulation

MS = 1_000_000
INDEX_KNUCKLE = HAND_JOINTS.index("index_knuckle")
FOUR = ("index_knuckle", "middle_knuckle", "ring_knuckle", "thumb_tip")


def open_hand() -> tuple[Simulation, Hand]:
    simulation = grasping_simulation()
    simulation.reset(1)
    assert simulation.robot.hand is not None
    return simulation, simulation.robot.hand


def move(simulation: Simulation, names: tuple[str, ...], goal: list[float], seconds: float) -> None:
    times = (simulation.now_ns + round(seconds * SECOND_NS),)
    moved = HandTrajectory(names, times, np.array([goal]))
    assert simulation.commit_hand(moved).accepted
    simulation.advance(round(seconds * SECOND_NS))


def test_named_joints_move_and_the_others_stay() -> None:
    simulation, hand = open_hand()
    before = hand.reading.position_rad
    goal = [0.3, 0.2, 0.1, 0.4]
    move(simulation, FOUR, goal, 0.5)
    simulation.advance(300 * MS)
    named = [HAND_JOINTS.index(name) for name in FOUR]
    moved = hand.reading.position_rad - before
    # The servos have no integral part: a tenth of a degree of sag stays.
    np.testing.assert_allclose(hand.reading.position_rad[named], goal, atol=0.01)
    assert np.abs(np.delete(moved, named)).max() < 0.01


@settings(max_examples=4, deadline=None)
@given(st.lists(st.floats(-4.0, 4.0), min_size=16, max_size=16))
def test_targets_and_joints_stay_in_range_whatever_is_asked(goal: list[float]) -> None:
    simulation, hand = open_hand()
    times = (simulation.now_ns + SECOND_NS,)
    if simulation.commit_hand(HandTrajectory(HAND_JOINTS, times, np.array([goal]))).accepted:
        simulation.advance(1_200 * MS)
    assert (hand.follower.target >= hand.lower_rad - 1e-9).all()
    assert (hand.follower.target <= hand.upper_rad + 1e-9).all()
    assert np.abs(hand.reading.current_a).max() <= hand.parameters.current_limit_a + 1e-9


def test_a_blocked_joint_draws_its_limit_of_current_and_no_more() -> None:
    simulation, hand = open_hand()
    q = int(simulation.model.joint("index_knuckle").dofadr[0])
    try:
        simulation.data.qfrc_applied[q] = -2.0 * hand.parameters.torque_limit_nm
        move(simulation, ("index_knuckle",), [0.6], 0.5)
        simulation.advance(SECOND_NS // 5)
    finally:
        simulation.data.qfrc_applied[q] = 0.0
    current = hand.reading.current_a
    assert current[INDEX_KNUCKLE] == pytest.approx(hand.parameters.current_limit_a)
    assert hand.reading.position_rad[INDEX_KNUCKLE] < 0.0


def test_stops_when_the_waypoints_run_out_and_when_asked() -> None:
    simulation, hand = open_hand()
    start = hand.reading.position_rad
    way = np.tile(start, (6, 1))
    way[:, INDEX_KNUCKLE] += 0.15 * np.arange(1, 7)
    times = tuple(simulation.now_ns + i * 100 * MS for i in range(1, 7))
    simulation.commit_hand(HandTrajectory(HAND_JOINTS, times[:3], way[:3]))
    simulation.advance(600 * MS)
    assert hand.follower.starved
    assert hand.follower.starvations == 1
    assert np.abs(hand.follower.velocity).max() == 0.0
    simulation.reset(1)
    simulation.commit_hand(HandTrajectory(HAND_JOINTS, times, way))
    simulation.advance(200 * MS)
    assert simulation.commit_hand(HandTrajectory()).accepted
    simulation.advance(300 * MS)
    assert np.abs(hand.follower.velocity).max() == 0.0
    assert not hand.follower.starved


def test_refuses_unknown_joints_and_trajectories_while_it_holds() -> None:
    simulation, hand = open_hand()
    later = (simulation.now_ns + 100 * MS,)
    unknown = simulation.commit_hand(HandTrajectory(("toe",), later, np.zeros((1, 1))))
    assert not unknown.accepted
    assert "toe" in unknown.reason
    hand.hold(True, simulation.now_ns)
    one = HandTrajectory(("index_tip",), later, np.zeros((1, 1)))
    assert simulation.commit_hand(one).reason == "the hand holds"
    hand.hold(False, simulation.now_ns)
    assert simulation.commit_hand(one).accepted
    assert hand.follower.rejected == 2


def test_a_gripper_is_no_hand() -> None:
    with pytest.raises(TaktError, match="peg_insertion has no hand"):
        blind_simulation().commit_hand(HandTrajectory())


def test_a_reading_is_a_cycle_old_and_comes_a_hundred_times_a_second() -> None:
    simulation, hand = open_hand()
    simulation.advance(5 * MS)
    reads = hand.reads
    samples = simulation.advance(SECOND_NS)
    assert hand.reads == reads + 100
    mine = [sample for sample in samples if sample.stream == "hand/state"]
    assert len(mine) == 100
    assert all(sample.features["joint_position"].shape == (16,) for sample in mine)


def test_arm_under_the_hand_is_the_urdf_and_holds_still() -> None:
    simulation, hand = open_hand()
    urdf = robot_description(hand=True)
    posture = dict(zip(HAND_JOINTS, simulation.data.qpos[hand.q_addresses], strict=True))
    arm = ArmModel(urdf, "tcp", ARM_JOINTS, posture)
    q = simulation.data.qpos[:7]
    np.testing.assert_allclose(simulation.robot.base_from_tcp.matrix(), arm.forward(q), atol=1e-9)
    mujoco.mj_forward(simulation.model, simulation.data)
    np.testing.assert_allclose(simulation.data.qfrc_bias[:7], arm.gravity(q), atol=0.02)
    before = simulation.robot.base_from_tcp.position_m
    simulation.advance(300 * MS)
    assert np.linalg.norm(simulation.robot.base_from_tcp.position_m - before) < 1e-3
