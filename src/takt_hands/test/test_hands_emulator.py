"""The emulated motors do what ROBOTIS' documentation says, seen through dynamixel_sdk."""

from __future__ import annotations

import numpy as np
import pytest
from dynamixel_sdk import (
    COMM_RX_CORRUPT,
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    GroupBulkRead,
    GroupBulkWrite,
    GroupSyncRead,
    GroupSyncWrite,
    PacketHandler,
)

from takt_hands.dynamixel import control_table as ct
from takt_hands.emulator import packets
from takt_hands.emulator.bus import EmulatedBus
from takt_hands.emulator.port import EmulatedPort

IDS = [1, 2, 3]
HANDLER = PacketHandler(2.0)


@pytest.fixture
def bus() -> EmulatedBus:
    return EmulatedBus(IDS, [1240] * 3, np.full(3, 3.0))


@pytest.fixture
def port(bus: EmulatedBus) -> EmulatedPort:
    port = EmulatedPort(bus)
    port.open()
    return port


def test_ping_tells_model_and_firmware(port: EmulatedPort) -> None:
    assert HANDLER.ping(port, 2) == (1240, COMM_SUCCESS, 0)
    assert HANDLER.ping(port, 9)[1] == COMM_RX_TIMEOUT


def test_a_broadcast_ping_is_answered_by_all(port: EmulatedPort) -> None:
    found, result = HANDLER.broadcastPing(port)
    assert result == COMM_SUCCESS
    assert found == {motor: [1240, 52] for motor in IDS}


def test_what_is_written_is_read(port: EmulatedPort) -> None:
    assert HANDLER.write4ByteTxRx(port, 2, 116, 2100) == (COMM_SUCCESS, 0)
    assert HANDLER.read4ByteTxRx(port, 2, 116) == (2100, COMM_SUCCESS, 0)
    assert HANDLER.read4ByteTxRx(port, 1, 116)[0] != 2100


@pytest.mark.parametrize(
    ("register", "value", "error"),
    [
        (ct.PRESENT_POSITION, 1, packets.ACCESS),
        (ct.TORQUE_ENABLE, 2, packets.DATA_RANGE),
        (ct.GOAL_CURRENT, 1500, packets.DATA_LIMIT),
        (ct.GOAL_CURRENT, 900, 0),
        (ct.RETURN_DELAY, 0, packets.ACCESS),
    ],
)
def test_writes_are_refused_with_their_error(port, bus, register, value, error) -> None:
    bus.motors[1].put(ct.CURRENT_LIMIT, 1000)
    bus.motors[1].put(ct.TORQUE_ENABLE, 1)
    before = bus.motors[1].get(register)
    data = list(register.encode(value))
    answer = HANDLER.writeTxRx(port, 1, register.address, register.length, data)
    assert answer == (COMM_SUCCESS, error)
    assert bus.motors[1].get(register) == (before if error else value)


def test_half_of_a_register_cannot_be_written(port: EmulatedPort) -> None:
    assert HANDLER.write1ByteTxRx(port, 1, 117, 3) == (COMM_SUCCESS, packets.ACCESS)


def test_unknown_instructions_and_broken_packets_get_an_error(port, bus) -> None:
    packet = bytearray(packets.encode(1, 0x44))
    assert bus.feed(bytes(packet))[0].data == packets.encode_status(1, packets.BAD_INSTRUCTION)
    packet[-1] ^= 1
    assert bus.feed(bytes(packet))[0].data == packets.encode_status(1, packets.BAD_CRC)
    short = packets.encode(1, packets.READ, b"\x00")
    assert bus.feed(short)[0].data == packets.encode_status(1, packets.DATA_LENGTH)


def test_a_registered_write_waits_for_its_action(port: EmulatedPort) -> None:
    data = list(ct.GOAL_POSITION.encode(1234))
    assert HANDLER.regWriteTxRx(port, 1, 116, 4, data) == (COMM_SUCCESS, 0)
    assert HANDLER.read4ByteTxRx(port, 1, 116)[0] == 0
    HANDLER.action(port, packets.BROADCAST)
    assert HANDLER.read4ByteTxRx(port, 1, 116)[0] == 1234


def test_sync_write_and_sync_read(port: EmulatedPort) -> None:
    write, read = GroupSyncWrite(port, HANDLER, 116, 4), GroupSyncRead(port, HANDLER, 116, 4)
    for motor in IDS:
        write.addParam(motor, list(ct.GOAL_POSITION.encode(1000 + motor)))
        read.addParam(motor)
    assert write.txPacket() == COMM_SUCCESS
    assert read.txRxPacket() == COMM_SUCCESS
    assert [read.getData(motor, 116, 4) for motor in IDS] == [1001, 1002, 1003]


def test_bulk_write_and_bulk_read(port: EmulatedPort) -> None:
    write, read = GroupBulkWrite(port, HANDLER), GroupBulkRead(port, HANDLER)
    write.addParam(1, 116, 4, list(ct.GOAL_POSITION.encode(1001)))
    write.addParam(3, 102, 2, list(ct.GOAL_CURRENT.encode(333)))
    assert write.txPacket() == COMM_SUCCESS
    read.addParam(1, 116, 4)
    read.addParam(3, 102, 2)
    assert read.txRxPacket() == COMM_SUCCESS
    assert (read.getData(1, 116, 4), read.getData(3, 102, 2)) == (1001, 333)


def test_a_reboot_takes_a_while_and_clears_ram_and_errors(port, bus) -> None:
    bus.motors[1].put(ct.OPERATING_MODE, 5)
    HANDLER.write2ByteTxRx(port, 1, 84, 700)
    bus.motors[1].fail(0x20)
    assert HANDLER.reboot(port, 1) == (COMM_SUCCESS, 0)
    assert HANDLER.ping(port, 1)[1] == COMM_RX_TIMEOUT
    port.wait_until(port.time_s + 0.5)
    assert HANDLER.ping(port, 1) == (1240, COMM_SUCCESS, 0)
    assert HANDLER.read2ByteTxRx(port, 1, 84)[0] == 1100
    assert HANDLER.read1ByteTxRx(port, 1, 11)[0] == 5


def test_a_hardware_error_alerts_and_takes_the_torque(port, bus) -> None:
    HANDLER.write1ByteTxRx(port, 1, 64, 1)
    bus.motors[1].fail(0x20)
    value, result, error = HANDLER.read1ByteTxRx(port, 1, 64)
    assert (value, result, error) == (0, COMM_SUCCESS, packets.ALERT)
    assert HANDLER.write1ByteTxRx(port, 1, 64, 1)[1] == packets.ALERT | packets.RESULT_FAIL
    bus.motors[2].put(ct.TORQUE_ENABLE, 1)
    bus.motors[2].fail(0x01)  # not in the shutdown register
    assert bus.motors[2].get(ct.TORQUE_ENABLE) == 1


def test_lost_and_broken_packets(port, bus) -> None:
    bus.faults.drop_next = {1: 1}
    assert HANDLER.ping(port, 1)[1] == COMM_RX_TIMEOUT
    bus.faults.corrupt_next = {1: 1}
    assert HANDLER.ping(port, 1)[1] in (COMM_RX_CORRUPT, COMM_RX_TIMEOUT)
    assert HANDLER.ping(port, 1)[1] == COMM_SUCCESS


def test_a_motor_goes_to_its_goal_as_its_current_allows(port, bus) -> None:
    bus.motors[1].put(ct.OPERATING_MODE, 5)
    HANDLER.write2ByteTxRx(port, 1, 102, 300)
    HANDLER.write4ByteTxRx(port, 1, 116, 2300)
    port.wait_until(port.time_s + 0.5)
    assert HANDLER.read4ByteTxRx(port, 1, 132)[0] == pytest.approx(1956, abs=2)
    HANDLER.write1ByteTxRx(port, 1, 64, 1)
    port.wait_until(port.time_s + 1.5)
    assert HANDLER.read4ByteTxRx(port, 1, 132)[0] == pytest.approx(2300, abs=3)
    # A spring pulls with more than the motor may: it yields, at its current limit.
    bus.dynamics.load = lambda position, velocity: np.array([-0.3, 0.0, 0.0])
    port.wait_until(port.time_s + 1.0)
    assert HANDLER.read2ByteTxRx(port, 1, 126)[0] == 300
    assert HANDLER.read4ByteTxRx(port, 1, 132)[0] < 2000


def test_a_motor_that_pushes_gets_warm_and_stops_itself(port, bus) -> None:
    bus.motors[1].put(ct.OPERATING_MODE, 5)
    bus.dynamics.load = lambda position, velocity: -200.0 * np.maximum(position - 3.05, 0.0)
    HANDLER.write2ByteTxRx(port, 1, 102, 1200)
    HANDLER.write4ByteTxRx(port, 1, 116, 2600)
    HANDLER.write1ByteTxRx(port, 1, 64, 1)
    port.wait_until(port.time_s + 5.0)
    warm = HANDLER.read1ByteTxRx(port, 1, 146)[0]
    assert 25 < warm < 70
    bus.dynamics.temperature[0] = 70.5
    port.wait_until(port.time_s + 0.01)
    assert HANDLER.read1ByteTxRx(port, 1, 70)[0] == 0x04
    assert HANDLER.read1ByteTxRx(port, 1, 64)[0] == 0
