"""Enabling without a jump, following within limits, currents, and the ways to end."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hand_rig import Rig, description
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.errors import TaktError
from takt_hands.dynamixel import control_table as ct
from takt_hands.emulator import packets
from takt_hands.emulator.bus import Reply
from takt_hands.emulator.packets import Packet
from takt_hands.state import Control

POSE = [0.5, 1.2, -0.3, 0.8]


def test_opening_reads_and_writes_nothing() -> None:
    rig = Rig()
    rig.joints = np.array(POSE)
    before = {motor_id: bytes(motor.table) for motor_id, motor in rig.bus.motors.items()}
    rig.opened()
    state = rig.run(0.3)[-1]
    np.testing.assert_allclose(state.position, POSE, atol=2e-3)
    np.testing.assert_array_equal(state.target, state.position)
    assert state.control is Control.IDLE
    for motor_id, motor in rig.bus.motors.items():
        changed = [i for i in range(148) if motor.table[i] != before[motor_id][i]]
        assert set(changed) <= set(range(126, 148))


@settings(max_examples=8)
@given(st.lists(st.floats(-0.3, 1.0), min_size=4, max_size=4))
def test_torque_comes_on_where_the_joints_are(position: list[float]) -> None:
    rig = Rig()
    rig.joints = np.array(position)
    # Goals of long ago, which must never become those of a motor with torque.
    for motor in rig.bus.motors.values():
        motor.put(ct.OPERATING_MODE, 5)
        motor.put(ct.GOAL_POSITION, 3000)
    rig.enabled()
    assert rig.torque() == [1] * 4
    path = np.array([rig.joints for _ in range(30) if rig.run(0.0)])
    assert np.abs(path - position).max() < 2 * ct.RAD_PER_TICK


@pytest.mark.parametrize("seed", range(5))
def test_on_a_noisy_line_torque_never_comes_on_with_an_old_goal(seed: int) -> None:
    rig = Rig()
    rig.joints = np.array(POSE)
    for motor in rig.bus.motors.values():
        motor.put(ct.GOAL_POSITION, 3000)
    rig.opened()
    rig.bus.faults.random.seed(seed)
    rig.bus.faults.drop_rate = rig.bus.faults.deaf_rate = 0.1
    with contextlib.suppress(TaktError):
        rig.driver.enable()
    rig.bus.faults.drop_rate = rig.bus.faults.deaf_rate = 0.0
    rig.port.wait_until(rig.port.time_s + 0.3)
    np.testing.assert_allclose(rig.joints, POSE, atol=2 * ct.RAD_PER_TICK)


@pytest.mark.parametrize("address", [ct.GOAL_POSITION.address, ct.GOAL_CURRENT.address, 64])
def test_what_is_written_before_torque_is_read_back_and_repeated(address: int) -> None:
    """The first sync write of each kind is lost; nobody answers such a packet."""
    rig = Rig()
    rig.joints = np.array(POSE)
    rig.opened()
    write, lost = rig.bus._handlers[packets.SYNC_WRITE], []

    def lossy(packet: Packet) -> list[Reply]:
        if not lost and packet.parameters[0] == address:
            lost.append(packet)
            return []
        return write(packet)

    rig.bus._handlers[packets.SYNC_WRITE] = lossy
    rig.driver.enable()
    assert lost
    assert rig.torque() == [1] * 4
    assert rig.bus.motors[4].get(ct.GOAL_CURRENT) == 300
    rig.port.wait_until(rig.port.time_s + 0.3)
    np.testing.assert_allclose(rig.joints, POSE, atol=2 * ct.RAD_PER_TICK)


def test_settings_that_last_are_changed_once_and_said() -> None:
    rig = Rig().enabled()
    assert "side: operating mode 3 -> 5" in rig.log[0]
    assert "return delay time 250 -> 0" in rig.log[0]
    rig.driver.disable()
    rig.log.clear()
    rig.driver.enable()
    assert rig.log == []


def test_gains_and_currents_are_those_of_the_description() -> None:
    rig = Rig(hand=description(defaults={"p_gain": 321, "d_gain": 123, "current_a": 0.25}))
    rig.enabled()
    motor = rig.bus.motors[4]
    assert motor.get(ct.POSITION_P_GAIN) == 321
    assert motor.get(ct.POSITION_D_GAIN) == 123
    assert motor.get(ct.GOAL_CURRENT) == 250


@pytest.mark.parametrize("register", [ct.HOMING_OFFSET, ct.DRIVE_MODE])
def test_settings_that_change_what_a_position_means_are_refused(register) -> None:
    rig = Rig().opened()
    rig.bus.motors[7].put(register, 1)
    with pytest.raises(TaktError, match=f"bend \\(motor 7\\): {register.name} is 1; allowed is 0"):
        rig.driver.enable()
    assert rig.torque() == [0] * 4


def test_a_joint_out_of_its_range_is_not_switched_on() -> None:
    rig = Rig()
    rig.joints = np.array([0.0, 0.0, 0.0, 2.5])
    rig.opened()
    with pytest.raises(TaktError, match=r"tip is at 2\.500 rad, 0\.500 out of its range"):
        rig.driver.enable()
    assert rig.torque() == [0] * 4
    rig.joints = np.array([0.0, 0.0, 0.0, 2.1])
    rig.driver.enable()
    rig.run(0.3)
    # A little outside is all right, and stays so until it is moved.
    np.testing.assert_allclose(rig.joints[3], 2.1, atol=2e-3)


def test_missing_and_foreign_motors_are_all_named() -> None:
    rig = Rig()
    rig.bus.faults.silent = {7, 2}
    with pytest.raises(TaktError, match=r"no answer from bend \(motor 7\), tip \(motor 2\)"):
        rig.driver.open()
    rig.bus.faults.silent = set()
    rig.bus.motors[1].put(ct.MODEL_NUMBER, 1020)
    with pytest.raises(TaktError, match=r"knuckle \(motor 1\): not of the models XC330.*XM430"):
        rig.driver.open()
    assert not rig.port.is_open


def test_a_trajectory_is_followed_in_all_directions() -> None:
    rig = Rig().enabled()
    state = rig.go(POSE)
    np.testing.assert_allclose(rig.joints, POSE, atol=5e-3)
    np.testing.assert_allclose(state.position, POSE, atol=5e-3)
    np.testing.assert_allclose(state.target, POSE, atol=1e-4)
    assert state.control is Control.HOLD
    assert not state.starved


def test_states_while_it_moves() -> None:
    rig = Rig().enabled()
    now_ns = rig.port.now_ns()
    rig.driver.follow(("tip", "side"), [now_ns + 10**9], [[1.0, -0.5]])
    states = rig.run(2.0)
    assert states[20].control is Control.FOLLOW
    assert states[50].velocity[3] > 0.5
    # There was nothing after the last waypoint, and it did not say that this is the end.
    assert states[-1].control is Control.HOLD
    assert states[-1].starved
    assert states[-1].starvations == 1
    np.testing.assert_allclose(states[-1].target, [-0.5, 0.0, 0.0, 1.0], atol=1e-3)


def test_goals_move_no_faster_than_the_limits() -> None:
    rig = Rig().enabled()
    now_ns = rig.port.now_ns()
    rig.driver.follow(("side",), [now_ns + 150_000_000], [[0.9]], [[0.0]])
    goals = []
    for _ in range(100):
        rig.run(0.0)
        goals.append(rig.bus.motors[4].get(ct.GOAL_POSITION) * ct.RAD_PER_TICK)
    speed = np.diff(goals) / 0.01
    assert np.abs(speed).max() <= 5.0 + 0.7  # a tick, and a step of the follower more or less
    assert goals[-1] - goals[0] == pytest.approx(0.9, abs=2e-3)


@pytest.mark.parametrize(
    ("names", "message"),
    [(("side", "toe"), "allowed is each of side"), (("side", "side"), "allowed is each of side")],
)
def test_trajectories_of_unknown_joints_are_refused(names, message: str) -> None:
    rig = Rig().enabled()
    result = rig.driver.follow(names, [rig.port.now_ns() + 10**8], [[0.1, 0.1]])
    assert message in result.reason
    assert rig.run(0.0)[-1].rejected == 1


def test_without_torque_nothing_is_followed() -> None:
    rig = Rig().opened()
    result = rig.driver.follow(("side",), [rig.port.now_ns() + 10**8], [[0.1]])
    assert result.reason == "the hand does not follow: torque is off: hand/enable"
    assert rig.driver.follow((), [], []).accepted


def test_an_empty_trajectory_stops() -> None:
    rig = Rig().enabled()
    rig.driver.follow(("side",), [rig.port.now_ns() + 10**9], [[0.9]], [[0.0]])
    rig.run(0.4)
    assert rig.driver.follow((), [], []).accepted
    rig.run(0.4)
    resting = rig.joints[0]
    rig.run(0.3)
    assert 0.2 < resting < 0.8
    assert rig.joints[0] == pytest.approx(resting, abs=2e-3)


def test_current_limits_fall_at_once_and_rise_slowly() -> None:
    rig = Rig(current_rate_a_s=0.5).enabled()
    motor = rig.bus.motors[2]
    assert rig.driver.set_current_limit(("tip",), [0.1]) == ()
    rig.run(0.02)
    assert motor.get(ct.GOAL_CURRENT) == 100
    assert rig.driver.set_current_limit(("tip", "side"), [0.9, 0.9]) == ("side", "tip")
    state = rig.run(0.1)[-1]
    assert 100 < motor.get(ct.GOAL_CURRENT) <= 156
    assert state.current_limit[3] == pytest.approx(motor.get(ct.GOAL_CURRENT) * 1e-3, abs=1e-3)
    rig.run(1.0)
    # max_current_a of the description.
    assert motor.get(ct.GOAL_CURRENT) == 500


@pytest.mark.parametrize(
    ("names", "limits"), [(("tip",), [-0.1]), (("tip",), [np.nan]), (("tip",), []), (("x",), [0.1])]
)
def test_current_limits_that_are_none_are_refused(names, limits) -> None:
    rig = Rig().enabled()
    with pytest.raises(TaktError, match="allowed"):
        rig.driver.set_current_limit(names, limits)


def test_the_limit_of_the_motor_itself_is_respected() -> None:
    rig = Rig().opened()
    rig.bus.motors[2].put(ct.CURRENT_LIMIT, 120)
    rig.driver.enable()
    assert rig.bus.motors[2].get(ct.GOAL_CURRENT) == 120


def test_a_joint_pushes_as_hard_as_its_current_allows() -> None:
    rig = Rig().enabled()
    wall = -200.0
    # Something stands in the way of the side joint (the motor at pi + 0.3).
    rig.bus.dynamics.load = lambda position, velocity: np.where(
        np.arange(4) == 0, wall * np.maximum(position - np.pi - 0.3, 0.0), 0.0
    )
    state = rig.go([0.6, 0.0, 0.0, 0.0])
    assert state.current[0] == pytest.approx(0.3, abs=0.01)
    assert state.torque[0] == pytest.approx(0.3 * 0.517, abs=0.01)
    assert state.position[0] == pytest.approx(0.3, abs=0.01)
    rig.driver.set_current_limit(("side",), [0.1])
    assert rig.run(0.3)[-1].current[0] == pytest.approx(0.1, abs=0.01)


def test_ending_limp_or_holding() -> None:
    rig = Rig(on_exit="limp").enabled()
    rig.driver.close()
    assert rig.torque() == [0] * 4
    assert not rig.port.is_open
    rig = Rig(on_exit="hold").enabled()
    rig.driver.follow(("side",), [rig.port.now_ns() + 10**9], [[0.9]], [[0.0]])
    rig.run(0.4)
    rig.driver.close()
    assert rig.torque() == [1] * 4
    goal = rig.bus.motors[4].get(ct.GOAL_POSITION)
    rig.port.wait_until(rig.port.time_s + 0.5)
    # It came to rest first, and the motor holds that.
    assert rig.joints[0] == pytest.approx(goal * ct.RAD_PER_TICK - np.pi, abs=3e-3)
    assert 0.2 < rig.joints[0] < 0.8


def test_a_grip_outlives_the_driver() -> None:
    """Ended with hold and begun again: the goal beyond the object stays, and so does the force."""
    rig = Rig(on_exit="hold").enabled()
    rig.bus.dynamics.load = lambda position, velocity: np.where(
        np.arange(4) == 0, -200.0 * np.maximum(position - np.pi - 0.3, 0.0), 0.0
    )
    rig.go([0.6, 0.0, 0.0, 0.0])
    rig.driver.close()
    again = rig.driver = rig.new_driver()
    again.open()
    assert rig.run(0.1)[-1].control is Control.HOLD
    again.enable()
    currents = [state.current[0] for state in rig.run(0.5)]
    assert min(currents) == pytest.approx(0.3, abs=0.01)
    assert rig.bus.motors[4].get(ct.GOAL_POSITION) * ct.RAD_PER_TICK == pytest.approx(
        np.pi + 0.6, abs=2e-3
    )


def test_a_weak_grip_is_not_strengthened_at_a_blow() -> None:
    rig = Rig(on_exit="hold", current_rate_a_s=0.5).enabled()
    rig.driver.set_current_limit(("side",), [0.05])
    rig.run(0.05)
    rig.driver.close()
    rig.driver = rig.new_driver()
    rig.driver.open()
    rig.driver.enable()
    assert rig.bus.motors[4].get(ct.GOAL_CURRENT) == 50
    rig.run(0.1)
    assert 60 <= rig.bus.motors[4].get(ct.GOAL_CURRENT) <= 106
    rig.run(1.0)
    assert rig.bus.motors[4].get(ct.GOAL_CURRENT) == 300


def test_torque_that_cannot_be_switched_off_is_an_error() -> None:
    rig = Rig().enabled()
    rig.bus.faults.silent = {7}
    rig.bus.faults.chained = False
    with pytest.raises(TaktError, match="bend: torque may still be on"):
        rig.driver.disable()
    assert rig.torque() == [0, 0, 1, 0]


def test_the_stamp_is_when_it_was_measured() -> None:
    rig = Rig(baud=1_000_000).enabled()
    before_ns = rig.port.now_ns()
    state = rig.driver.cycle()
    # The reading comes first in a cycle; the writing that follows is no part of it.
    assert before_ns < state.stamp_ns < before_ns + 2_000_000
