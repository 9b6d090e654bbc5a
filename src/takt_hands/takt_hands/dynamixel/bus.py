"""Instructions to servos, by the protocol code of dynamixel_sdk, with errors that have names.

Where dynamixel_sdk's own groups would hide something, its lower functions are used: its sync read
gives up at the first motor that is silent and forgets the error bits of the others, and its fast
sync read does not undo byte stuffing, which a current of -1 beside a velocity of -3 suffices to
meet.
"""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dynamixel_sdk import COMM_NOT_AVAILABLE, COMM_RX_CORRUPT, COMM_SUCCESS
from serial import SerialException

from takt_core.errors import TaktError
from takt_hands.dynamixel.control_table import Block, Register
from takt_hands.dynamixel.handler import PacketHandler
from takt_hands.dynamixel.port import Port, PortLostError

ALERT = 0x80
_ID, _LENGTH, _ERROR, _DATA = 4, 5, 8, 9
# Instruction, error and checksum are part of a status packet's length.
_LENGTH_WITHOUT_DATA = 4
_PING = 1
_RECEIVED_BROKEN = 3
_ATTEMPTS = 3
_REFUSALS = {
    1: "could not do it",
    2: "does not know this instruction",
    3: "received it broken",
    4: "says that the value is out of range",
    5: "says that the data has the wrong length",
    6: "says that the value is beyond its limit register",
    7: "does not allow this access (is its torque on?)",
}


class MotorError(TaktError):
    """One motor did not do what it was asked to, or did not answer."""


@dataclass(frozen=True)
class Found:
    """A motor that answered a ping."""

    motor_id: int
    model_number: int
    firmware: int
    alert: bool


@dataclass
class BlockRead:
    """What came back from a sync read.

    Attributes:
        data: motor to its bytes; motors that are not in it did not answer, or not in one piece.
        alerts: motors with a hardware error.
        broken: packets whose checksum was wrong.
    """

    data: dict[int, bytes] = field(default_factory=dict)
    alerts: set[int] = field(default_factory=set)
    broken: int = 0


class Bus:
    """The servos at one port."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._handler = PacketHandler()

    def open(self) -> None:
        """
        Raises:
            PortLostError: the port is not there.
        """
        with self._guard():
            self._port.open()

    def close(self) -> None:
        self._port.close()

    def ping(self, motor_id: int) -> Found | None:
        """
        Raises:
            PortLostError: as every function here.
        """
        with self._guard():
            packet, result, error = self._handler.txRxPacket(
                self._port, [0, 0, 0, 0, motor_id, 3, 0, _PING, 0, 0]
            )
        if result != COMM_SUCCESS or len(packet) < _DATA + 3:
            return None
        number = packet[_DATA] | packet[_DATA + 1] << 8
        return Found(motor_id, number, packet[_DATA + 2], bool(error & ALERT))

    def read(self, motor_id: int, register: Register) -> int:
        """
        Raises:
            MotorError: no answer, or a refusal.
        """

        def once() -> tuple[list[int], int, int]:
            answer: tuple[list[int], int, int] = self._handler.readTxRx(
                self._port, motor_id, register.address, register.length
            )
            return answer

        return register.decode(bytes(self._ask(motor_id, f"read {register.name}", once)))

    def write(self, motor_id: int, register: Register, value: int) -> None:
        """
        Raises:
            MotorError: no answer, or a refusal.
        """
        data = list(register.encode(value))

        def once() -> tuple[list[int], int, int]:
            result, error = self._handler.writeTxRx(
                self._port, motor_id, register.address, register.length, data
            )
            return [], result, error

        self._ask(motor_id, f"write {value} to {register.name}", once)

    def reboot(self, motor_id: int) -> None:
        """It answers again after about half a second, without torque.

        Raises:
            MotorError: no answer, or a refusal.
        """

        def once() -> tuple[list[int], int, int]:
            result, error = self._handler.reboot(self._port, motor_id)
            return [], result, error

        self._ask(motor_id, "reboot", once)

    def read_block(self, motor_ids: Sequence[int], block: Block) -> BlockRead:
        """One sync read; whoever answers is in the result, however many others do not."""
        found = BlockRead()
        missing = set(motor_ids)
        with self._guard():
            result = self._handler.syncReadTx(
                self._port, block.address, block.length, list(motor_ids), len(motor_ids), False
            )
            if result != COMM_SUCCESS:
                self._port.is_using = False
                return found
            while missing:
                packet, result = self._handler.rxPacket(self._port, False)
                if result == COMM_SUCCESS:
                    self._sort_in(packet, block, missing, found)
                    continue
                found.broken += result == COMM_RX_CORRUPT
                if self._port.isPacketTimeout():
                    break
        return found

    @staticmethod
    def _sort_in(packet: list[int], block: Block, missing: set[int], found: BlockRead) -> None:
        motor_id, error = packet[_ID], packet[_ERROR]
        length = packet[_LENGTH] | packet[_LENGTH + 1] << 8
        if motor_id not in missing or length != _LENGTH_WITHOUT_DATA + block.length:
            found.broken += 1
            return
        missing.discard(motor_id)
        if error & ALERT:
            found.alerts.add(motor_id)
        if not error & ~ALERT:
            found.data[motor_id] = bytes(packet[_DATA : _DATA + block.length])

    def write_block(self, block: Block | Register, data: Mapping[int, bytes]) -> None:
        """One sync write; no motor answers it."""
        if not data:
            return
        flat = [byte for motor_id, part in data.items() for byte in (motor_id, *part)]
        with self._guard():
            self._handler.syncWriteTxOnly(self._port, block.address, block.length, flat, len(flat))

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Whatever a port that goes away raises becomes PortLostError."""
        try:
            yield
        except PortLostError:
            self._port.is_using = False
            raise
        except (SerialException, OSError, termios.error, TypeError) as error:
            # TypeError is what pyserial raises for a port that was closed under its feet.
            self._port.is_using = False
            raise PortLostError(f"the port is gone: {error}") from error

    def _ask(
        self, motor_id: int, action: str, once: Callable[[], tuple[list[int], int, int]]
    ) -> list[int]:
        """Data of an answer; what is lost on the way is asked again, what is refused is not."""
        data: list[int] = []
        result, error = COMM_NOT_AVAILABLE, 0
        for _ in range(_ATTEMPTS):
            with self._guard():
                data, result, error = once()
            if result == COMM_SUCCESS and error & ~ALERT != _RECEIVED_BROKEN:
                break
        if result != COMM_SUCCESS:
            said = self._handler.getTxRxResult(result).removeprefix("[TxRxResult] ")
            raise MotorError(f"motor {motor_id}: {action}: {said}")
        if error & ~ALERT:
            said = _REFUSALS.get(error & ~ALERT, f"answers error {error & ~ALERT}")
            raise MotorError(f"motor {motor_id}: {action}: it {said}")
        return data


def write_all(bus: Bus, register: Register, values: Mapping[int, int]) -> None:
    """One register of several motors in one packet."""
    bus.write_block(register, {motor: register.encode(value) for motor, value in values.items()})
