"""Instructions by name: who answers, who does not, and what a lost port raises."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.bus import Bus, Found, MotorError, write_all
from takt_hands.dynamixel.port import PortLostError
from takt_hands.emulator.bus import EmulatedBus
from takt_hands.emulator.port import EmulatedPort

IDS = [0, 1, 2, 3, 4]


def make(baud: int = 4_000_000) -> tuple[Bus, EmulatedBus, EmulatedPort]:
    line = EmulatedBus(IDS, [1240] * len(IDS), np.full(len(IDS), 3.0))
    port = EmulatedPort(line, baud)
    bus = Bus(port)
    bus.open()
    return bus, line, port


def test_ping_read_and_write() -> None:
    bus, line, _ = make()
    assert bus.ping(3) == Found(3, 1240, 52, False)
    assert bus.ping(9) is None
    bus.write(3, ct.GOAL_CURRENT, -250)
    assert bus.read(3, ct.GOAL_CURRENT) == -250
    line.motors[3].fail(0x04)
    found = bus.ping(3)
    assert found is not None
    assert found.alert
    assert bus.read(3, ct.HARDWARE_ERROR) == 0x04


def test_refusals_and_silence_say_which_motor_and_what() -> None:
    bus, line, _ = make()
    with pytest.raises(MotorError, match="motor 3: write 99 to operating mode: it says that the"):
        bus.write(3, ct.OPERATING_MODE, 99)
    line.faults.silent = {3}
    with pytest.raises(MotorError, match="motor 3: read present position: There is no status"):
        bus.read(3, ct.PRESENT_POSITION)


def test_a_packet_that_is_lost_once_is_asked_for_again() -> None:
    bus, line, _ = make()
    line.faults.drop_next = {2: 2}
    assert bus.read(2, ct.OPERATING_MODE) == 3
    line.faults.corrupt_next = {2: 2}
    bus.write(2, ct.POSITION_P_GAIN, 77)
    assert line.motors[2].get(ct.POSITION_P_GAIN) == 77


values = st.integers(-32768, 32767)
# Values in which headers and their parts appear.
wide = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([-3, -1, 0xFDFFFF, -769]))


@settings(max_examples=40)
@given(st.lists(st.tuples(values, wide, wide), min_size=len(IDS), max_size=len(IDS)))
def test_a_sync_read_returns_what_is_there_byte_stuffing_or_not(rows) -> None:
    bus, line, _ = make()
    registers = (ct.PRESENT_CURRENT, ct.PRESENT_VELOCITY, ct.PRESENT_POSITION)
    line._gather = lambda: None  # the mechanics would overwrite the values
    for motor, row in zip(line.motors.values(), rows, strict=True):
        for register, value in zip(registers, row, strict=True):
            motor.put(register, value)
    found = bus.read_block(IDS, ct.MOTION)
    assert found.broken == 0
    for motor_id, row in zip(IDS, rows, strict=True):
        read = tuple(ct.MOTION.value(register, found.data[motor_id]) for register in registers)
        assert read == row


@pytest.mark.parametrize(("chained", "answering"), [(True, [0, 1]), (False, [0, 1, 3, 4])])
def test_who_answers_a_sync_read_is_not_lost_with_who_does_not(chained, answering) -> None:
    bus, line, port = make()
    line.faults.silent, line.faults.chained = {2}, chained
    begin_s = port.time_s
    assert sorted(bus.read_block(IDS, ct.MOTION).data) == answering
    # One time-out for all, not one for each.
    assert port.time_s - begin_s < 0.01


def test_errors_of_a_sync_read_are_told() -> None:
    bus, line, _ = make()
    line.faults.corrupt_next = {1: 1}
    line.motors[3].fail(0x20)
    found = bus.read_block(IDS, ct.MOTION)
    assert set(IDS) - set(found.data) in ({1}, {1, 2})
    assert found.broken >= 1
    assert found.alerts == {3}
    assert sorted(bus.read_block(IDS, ct.MOTION).data) == IDS


def test_on_a_noisy_line_every_value_that_arrives_is_right() -> None:
    bus, line, _ = make()
    line.faults.drop_rate = line.faults.corrupt_rate = 0.1
    line.faults.random = random.Random(3)
    for motor in line.motors.values():
        motor.put(ct.GOAL_POSITION, -3 - motor.motor_id)
    block = ct.Block(ct.GOAL_POSITION.address, 4)
    answers = broken = 0
    for _ in range(200):
        found = bus.read_block(IDS, block)
        answers, broken = answers + len(found.data), broken + found.broken
        for motor_id, data in found.data.items():
            assert block.value(ct.GOAL_POSITION, data) == -3 - motor_id
    assert broken > 20
    assert answers > 500


def test_a_sync_write_reaches_all() -> None:
    bus, line, _ = make()
    write_all(bus, ct.GOAL_POSITION, {0: -3, 4: 2048})
    assert [m.get(ct.GOAL_POSITION) for m in line.motors.values()] == [-3, 0, 0, 0, 2048]
    before = line.counters.bytes_in
    write_all(bus, ct.GOAL_POSITION, {})
    assert line.counters.bytes_in == before


def test_a_port_that_is_gone_raises_whatever_is_asked() -> None:
    bus, _, port = make()
    port.unplugged = True
    for action in (
        lambda: bus.ping(1),
        lambda: bus.read(1, ct.ID),
        lambda: bus.write(1, ct.GOAL_POSITION, 1),
        lambda: bus.read_block(IDS, ct.MOTION),
        lambda: write_all(bus, ct.GOAL_POSITION, {1: 2}),
        bus.open,
    ):
        with pytest.raises(PortLostError, match="unplugged"):
            action()
    port.unplugged = False
    bus.open()
    assert bus.ping(1) is not None
