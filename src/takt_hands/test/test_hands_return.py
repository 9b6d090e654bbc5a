"""What must not happen by itself: motion after silence, torque that stays, eyes that close."""

from __future__ import annotations

import numpy as np
import pytest
from hand_rig import Rig

from takt_core.errors import TaktError
from takt_hands.dynamixel import control_table as ct
from takt_hands.emulator import packets
from takt_hands.emulator.bus import Reply
from takt_hands.emulator.packets import Packet
from takt_hands.state import Control

HOUR_NS = 3_600_000_000_000


def moving() -> Rig:
    """The side joint on its way to 0.9 rad, all of it sent."""
    rig = Rig().enabled()
    rig.driver.follow(("side",), [rig.port.now_ns() + 400_000_000], [[0.9]], [[0.0]])
    rig.run(0.15)
    return rig


def set_back(rig: Rig, by_ns: int) -> None:
    """As when a machine hears the time of the network for the first time."""
    now_ns = rig.port.now_ns
    rig.driver._clock_ns = lambda: now_ns() - by_ns


def test_a_joint_that_answers_again_does_not_move_before_the_reset() -> None:
    rig = moving()
    rig.bus.faults.silent = {4}
    state = rig.run(0.6)[-1]
    where = rig.joints[0]
    # The target has gone on, as the fault was not known yet.
    assert state.target[0] - where > 0.3
    rig.bus.faults.silent = set()
    state = rig.run(0.5)[-1]
    assert state.warnings == ()
    assert state.fault == "side does not answer"
    assert rig.joints[0] == pytest.approx(where, abs=2e-3)
    rig.driver.reset_fault()
    rig.run(0.5)
    assert rig.joints[0] == pytest.approx(where, abs=2e-3)
    assert rig.go([0.9, 0.0, 0.0, 0.0]).position[0] == pytest.approx(0.9, abs=5e-3)


def test_its_current_limit_still_falls_with_heat() -> None:
    rig = moving()
    rig.bus.faults.silent = {4}
    rig.run(0.6)
    rig.bus.faults.silent = set()
    rig.bus.dynamics.temperature[0] = 60.4
    rig.run(0.5)
    assert rig.bus.motors[4].get(ct.GOAL_CURRENT) == 195


@pytest.mark.parametrize("motor", [4, 2])
def test_torque_that_comes_on_in_some_only_is_switched_off_again(motor: int) -> None:
    """One falls silent while torque is switched on; what is sent to undo it is lost at first."""
    rig = Rig().opened()
    write, lost = rig.bus._handlers[packets.SYNC_WRITE], []

    def lossy(packet: Packet) -> list[Reply]:
        if packet.parameters[0] == ct.TORQUE_ENABLE.address:
            rig.bus.faults.silent = {motor}
            if not packet.parameters[5] and not lost:
                lost.append(packet)
                return []
        return write(packet)

    rig.bus._handlers[packets.SYNC_WRITE] = lossy
    with pytest.raises(TaktError, match="torque"):
        rig.driver.enable()
    assert lost
    assert rig.torque() == [0] * 4


def test_a_reset_does_not_do_what_enabling_refused() -> None:
    rig = Rig()
    rig.joints = np.array([0.0, 0.0, 0.0, 2.5])
    rig.opened()
    with pytest.raises(TaktError, match="out of its range"):
        rig.driver.enable()
    rig.joints = np.zeros(4)
    rig.run(0.1)
    rig.driver.reset_fault()
    assert rig.torque() == [0] * 4
    assert rig.run(0.1)[-1].control is Control.IDLE


def test_a_reset_that_is_refused_leaves_the_hand_as_it_was() -> None:
    rig = Rig().enabled()
    rig.bus.faults.silent = {4}
    rig.run(0.5)
    with pytest.raises(TaktError, match="side still silent"):
        rig.driver.reset_fault()
    rig.bus.dynamics.temperature[3] = 60.4
    rig.run(0.5)
    assert rig.bus.motors[2].get(ct.GOAL_CURRENT) == 195


def test_it_lets_go_even_if_it_cannot_come_to_rest() -> None:
    rig = moving()

    def broken() -> None:
        raise ValueError("nobody foresaw this")

    rig.driver.cycle = broken
    with pytest.raises(ValueError, match="nobody foresaw this"):
        rig.driver.close()
    assert rig.torque() == [0] * 4
    assert not rig.port.is_open


def test_it_ends_though_the_time_stands_still() -> None:
    rig = moving()
    now_ns = rig.port.now_ns()
    rig.driver._clock_ns = lambda: now_ns
    rig.driver.close()
    assert rig.torque() == [0] * 4


def test_heat_is_watched_after_the_clock_was_set_back() -> None:
    rig = Rig().enabled()
    rig.run(0.3)
    set_back(rig, HOUR_NS)
    rig.bus.dynamics.temperature[0] = 66.0
    assert rig.run(0.5)[-1].fault.startswith("side is too hot")
    assert rig.torque() == [0, 1, 1, 1]


def test_silence_is_noticed_across_a_clock_that_is_set_back() -> None:
    rig = Rig().enabled()
    rig.run(0.1)
    rig.bus.faults.silent = {4}
    rig.run(0.05)
    set_back(rig, HOUR_NS)
    assert rig.run(0.5)[-1].fault == "side does not answer"


def test_a_port_is_looked_for_after_the_clock_was_set_back() -> None:
    rig = Rig().enabled()
    rig.port.unplugged = True
    rig.run(0.3)
    set_back(rig, HOUR_NS)
    rig.port.unplugged = False
    state = rig.run(2.5)[-1]
    assert state.control is Control.HOLD
    assert "was lost for" in state.fault


def test_a_process_that_is_killed_leaves_the_hand_at_rest() -> None:
    """Nothing is sent any more; each motor goes to its last goal and stays, and keeps its limit."""
    rig = moving()
    goal = rig.bus.motors[4].get(ct.GOAL_POSITION) * ct.RAD_PER_TICK - np.pi
    rig.port.wait_until(rig.port.time_s + 5.0)
    assert rig.joints[0] == pytest.approx(goal, abs=3e-3)
    assert rig.torque() == [1] * 4
    assert rig.bus.motors[4].get(ct.GOAL_CURRENT) == 300
