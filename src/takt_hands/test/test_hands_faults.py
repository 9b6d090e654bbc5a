"""What happens when joints fall silent, get hot, lose their torque, or the port goes."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hand_rig import Rig

from takt_core.errors import TaktError
from takt_hands.dynamixel import control_table as ct
from takt_hands.emulator import packets
from takt_hands.state import Control

POSE = [0.5, 1.2, -0.3, 0.8]


def moving() -> Rig:
    """A rig whose side joint is on its way."""
    rig = Rig().enabled()
    rig.driver.follow(("side",), [rig.port.now_ns() + 10**9], [[0.9]], [[0.0]])
    rig.run(0.3)
    return rig


@pytest.mark.parametrize("chained", [True, False])
def test_a_joint_that_falls_silent_is_named_and_the_others_hold(chained: bool) -> None:
    rig = moving()
    rig.bus.faults.chained = chained
    rig.bus.faults.silent = {4}
    states = rig.run(0.6)
    assert states[3].fault == ""
    assert states[-1].fault == "side does not answer"
    assert states[-1].control is Control.HOLD
    assert "side does not answer" in states[-1].warnings
    # The others were read all the time, but for the first cycle with the silent one before them.
    tips = [state for state in states if not state.measured]
    assert len(tips) <= 1
    resting = rig.joints
    rig.run(0.3)
    np.testing.assert_allclose(rig.joints[1:], resting[1:], atol=2e-3)
    refused = rig.driver.follow(("tip",), [rig.port.now_ns() + 10**9], [[0.9]])
    assert refused.reason == "the hand does not follow: side does not answer"


def test_a_silent_joint_costs_no_rate() -> None:
    rig = moving()
    rig.bus.faults.silent = {4}
    rig.run(0.5)
    reads = rig.bus.counters.instructions[packets.SYNC_READ]
    assert rig.run(1.5)[-1].rate_hz == pytest.approx(100.0, abs=2.0)
    assert rig.bus.counters.instructions[packets.SYNC_READ] - reads <= 150 * 1.25


def test_a_joint_that_answers_again_still_needs_a_reset() -> None:
    rig = moving()
    rig.bus.faults.silent = {4}
    rig.run(0.5)
    with pytest.raises(TaktError, match="side still silent: check power and cables"):
        rig.driver.reset_fault()
    rig.bus.faults.silent = set()
    state = rig.run(0.5)[-1]
    assert state.warnings == ()
    assert state.fault == "side does not answer"
    assert rig.driver.reset_fault() == "the fault is reset"
    np.testing.assert_allclose(rig.go(POSE).position, POSE, atol=5e-3)


def test_two_silent_joints_are_told_apart_from_those_behind_them() -> None:
    rig = Rig().enabled()
    rig.bus.faults.silent = {1, 4}
    state = rig.run(0.6)[-1]
    assert set(state.warnings) == {"side does not answer", "knuckle does not answer"}
    assert state.measured


def test_a_motor_that_lost_its_power_for_a_moment_is_not_jerked() -> None:
    rig = Rig().enabled()
    rig.go(POSE)
    rig.bus.motors[2].reboot(rig.bus.time_s, boot_s=0.05)
    rig.bus.motors[2].put(ct.GOAL_POSITION, 3000)
    state = rig.run(0.5)[-1]
    assert state.fault == "tip lost its torque: its power was cut"
    assert rig.torque() == [1, 1, 1, 0]
    where = rig.joints[3]
    rig.driver.reset_fault()
    path = [rig.joints[3] for _ in range(50) if rig.run(0.0)]
    assert np.abs(np.array(path) - where).max() < 3e-3
    # Its gains are RAM, too.
    assert rig.bus.motors[2].get(ct.POSITION_P_GAIN) == 600


def test_no_motor_at_all() -> None:
    rig = moving()
    rig.bus.faults.silent = set(rig.hand.ids)
    state = rig.run(0.6)[-1]
    assert state.fault == "no motor answers: is the hand's power on?"
    assert state.control is Control.FAULT
    rig.bus.faults.silent = set()
    rig.bus.power_cycle()
    rig.run(2.0)
    rig.driver.reset_fault()
    assert rig.run(0.1)[-1].control is Control.HOLD


def test_an_overload_error_is_named_and_rebooted_on_request() -> None:
    # The next slow reading would be seconds away: it is the alert that is heard.
    rig = Rig(slow_period_s=5.0).enabled()
    rig.run(0.1)
    rig.bus.motors[4].fail(0x20)
    states = rig.run(0.3)
    # The error bit comes with the next reading; what it is, is asked in the same cycle.
    assert states[0].fault == "side lost its torque: it reports overload"
    assert states[-1].warnings == ("side reports overload",)
    assert states[-1].control is Control.HOLD
    with pytest.raises(TaktError, match="hand/reset_fault first"):
        rig.driver.enable()
    where = rig.joints[0]
    assert rig.driver.reset_fault() == "rebooted side"
    assert rig.run(0.3)[-1].warnings == ()
    assert rig.torque() == [1] * 4
    assert rig.joints[0] == pytest.approx(where, abs=0.05)


def test_reboots_can_be_forbidden() -> None:
    rig = Rig(allow_reboot=False).enabled()
    rig.bus.motors[4].fail(0x20)
    rig.run(0.1)
    with pytest.raises(TaktError, match="allow_reboot is false"):
        rig.driver.reset_fault()


def test_an_error_that_stays_after_the_reboot_is_told() -> None:
    rig = Rig().enabled()
    rig.bus.motors[4].fail(0x20)
    rig.run(0.1)
    reboot = rig.bus.motors[4].reboot

    def reboot_and_fail(*arguments: float) -> None:
        reboot(*arguments)
        rig.bus.motors[4].fail(0x20)

    rig.bus.motors[4].reboot = reboot_and_fail
    with pytest.raises(TaktError, match="side reports overload"):
        rig.driver.reset_fault()
    assert rig.run(0.0)[-1].fault


def test_an_error_without_loss_of_torque_is_a_warning() -> None:
    rig = Rig().enabled()
    rig.bus.motors[4].fail(0x01)
    state = rig.run(0.3)[-1]
    assert state.warnings == ("side reports input voltage",)
    assert state.fault == ""


def test_enabling_with_a_hardware_error_is_refused() -> None:
    rig = Rig().opened()
    rig.bus.motors[7].fail(0x04)
    with pytest.raises(TaktError, match="bend reports overheating; `hand/reset_fault` reboots"):
        rig.driver.enable()


def test_a_hot_joint_is_weakened_then_stopped() -> None:
    rig = Rig().enabled()
    rig.bus.dynamics.temperature[0] = 60.4
    state = rig.run(0.3)[-1]
    assert state.temperature[0] == 60.0
    assert state.warnings == ("side is hot: 60 C, current x 0.65",)
    assert rig.bus.motors[4].get(ct.GOAL_CURRENT) == 195
    rig.bus.dynamics.temperature[0] = 66.0
    state = rig.run(0.3)[-1]
    assert state.fault == "side is too hot: 66 C, its torque is off (stop_c = 65)"
    assert rig.torque() == [0, 1, 1, 1]
    assert state.control is Control.HOLD
    with pytest.raises(TaktError, match="side is still at 66 C; allowed is less than resume_c"):
        rig.driver.reset_fault()
    rig.bus.dynamics.temperature[0] = 40.0
    rig.driver.reset_fault()
    assert rig.run(0.2)[-1].fault == ""
    assert rig.torque() == [1] * 4


def test_heat_is_watched_while_another_joint_is_silent() -> None:
    rig = Rig().enabled()
    rig.bus.faults.silent = {4}
    rig.run(0.5)
    rig.bus.dynamics.temperature[3] = 66.0
    state = rig.run(0.3)[-1]
    assert state.temperature[3] == 66.0
    assert rig.torque()[3] == 0


def test_a_grip_that_lasts_is_weakened() -> None:
    rig = Rig(overload_s=1.0).enabled()
    rig.bus.dynamics.load = lambda position, velocity: np.where(
        np.arange(4) == 0, -200.0 * np.maximum(position - np.pi - 0.3, 0.0), 0.0
    )
    rig.go([0.6, 0.0, 0.0, 0.0])
    state = rig.run(1.0)[-1]
    assert state.warnings == ("side is overloaded: current x 0.60",)
    assert state.current[0] == pytest.approx(0.18, abs=0.01)
    assert state.fault == ""


def test_a_low_supply_is_told() -> None:
    rig = Rig().enabled()
    rig.bus.dynamics.supply_v = 4.2
    state = rig.run(0.3)[-1]
    assert state.voltage == pytest.approx(4.2)
    assert state.warnings == ("supply is 4.2 to 4.2 V; allowed is 4.5 to 6",)


def test_a_noisy_line_is_counted_and_survived() -> None:
    rig = Rig().enabled()
    rig.bus.faults.random = random.Random(1)
    rig.bus.faults.drop_rate = rig.bus.faults.corrupt_rate = 0.02
    rig.bus.faults.deaf_rate = 0.02
    state = rig.go(POSE, 1.0)
    assert state.fault == ""
    assert 5 < state.failed_reads < state.reads
    np.testing.assert_allclose(state.position, POSE, atol=5e-3)


def test_the_port_goes_and_the_motors_hold_until_it_is_back() -> None:
    rig = moving()
    rig.port.unplugged = True
    states = rig.run(1.0)
    assert states[0].control is Control.OFFLINE
    assert states[-1].fault.startswith("lost the port: ")
    held = rig.joints
    for action in (rig.driver.enable, rig.driver.disable, rig.driver.reset_fault):
        with pytest.raises(TaktError, match="it is looked for"):
            action()
    rig.port.unplugged = False
    writes = rig.bus.counters.instructions[packets.SYNC_WRITE]
    states = rig.run(3.0)
    assert rig.bus.counters.instructions[packets.SYNC_WRITE] == writes
    assert states[-1].fault.endswith("4 of 4 motors still have torque")
    assert states[-1].control is Control.HOLD
    np.testing.assert_allclose(rig.joints, held, atol=2e-3)
    refused = rig.driver.follow(("side",), [rig.port.now_ns() + 10**9], [[0.0]])
    assert not refused.accepted
    rig.driver.reset_fault()
    rig.run(0.2)
    np.testing.assert_allclose(rig.joints, held, atol=2e-3)
    np.testing.assert_allclose(rig.go(POSE).position, POSE, atol=5e-3)


def test_port_and_power_go_together_and_nothing_moves_before_the_reset() -> None:
    rig = Rig().enabled()
    rig.go(POSE)
    rig.port.unplugged = True
    rig.run(0.5)
    rig.bus.power_cycle()
    rig.joints = np.array([0.1, 0.2, 0.3, 0.4])  # limp, and moved by somebody
    rig.port.wait_until(rig.port.time_s + 0.5)
    rig.port.unplugged = False
    states = rig.run(3.0)
    assert states[-1].fault.endswith("0 of 4 motors still have torque")
    assert states[-1].control is Control.FAULT
    assert rig.torque() == [0] * 4
    rig.driver.reset_fault()
    path = np.array([rig.joints for _ in range(30) if rig.run(0.0)])
    assert np.abs(path - [0.1, 0.2, 0.3, 0.4]).max() < 3e-3


def test_a_port_with_other_motors_behind_it_is_not_driven() -> None:
    rig = Rig().enabled()
    rig.port.unplugged = True
    rig.run(0.3)
    rig.bus.motors[7].put(ct.MODEL_NUMBER, 1200)
    rig.port.unplugged = False
    state = rig.run(2.0)[-1]
    assert state.control is Control.OFFLINE
    assert "bend (motor 7): not of the models" in state.fault


def test_a_lost_port_is_looked_for_less_and_less_often() -> None:
    rig = Rig(reconnect_min_s=0.2, reconnect_max_s=1.0).enabled()
    rig.port.unplugged = True
    attempts = []
    rig.port.open = lambda: attempts.append(rig.port.time_s) or rig.port._check()
    rig.run(6.0)
    gaps = np.diff(attempts)
    assert gaps[0] == pytest.approx(0.4, abs=0.02)
    assert gaps[-1] == pytest.approx(1.0, abs=0.02)
    assert len(attempts) < 10


def test_a_hand_that_was_limp_stays_limp_through_it_all() -> None:
    rig = Rig().opened()
    rig.run(0.1)
    rig.port.unplugged = True
    rig.run(0.3)
    rig.port.unplugged = False
    rig.run(2.0)
    rig.driver.reset_fault()
    assert rig.run(0.1)[-1].control is Control.IDLE
    assert rig.torque() == [0] * 4
