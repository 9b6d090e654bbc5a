"""The line that the servos hang on: instructions in, status packets out, and what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from takt_core.geometry import Array
from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.models import MODELS
from takt_hands.emulator import packets
from takt_hands.emulator.dynamics import Dynamics
from takt_hands.emulator.motor import Motor
from takt_hands.emulator.packets import Packet, Parser


@dataclass
class Faults:
    """What goes wrong on purpose.

    Attributes:
        silent: motors that neither hear nor say anything.
        chained: a silent motor in a sync read keeps those after it from answering, as they wait
            for its packet; else they answer all the same.
        drop_rate, corrupt_rate: of status packets.
        drop_next: motor to how many of its next status packets are lost.
        corrupt_next: motor to how many of its next status packets arrive broken.
        deaf_rate: of instructions that reach nobody.
        random: where the rates get their chance from.
    """

    silent: set[int] = field(default_factory=set)
    chained: bool = True
    drop_rate: float = 0.0
    corrupt_rate: float = 0.0
    deaf_rate: float = 0.0
    drop_next: dict[int, int] = field(default_factory=dict)
    corrupt_next: dict[int, int] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(0))

    def spoil(self, motor: int, packet: bytes) -> bytes:
        """What arrives of a status packet; nothing if it is lost."""
        if _take(self.drop_next, motor) or self.random.random() < self.drop_rate:
            return b""
        if _take(self.corrupt_next, motor) or self.random.random() < self.corrupt_rate:
            hit = self.random.randrange(len(packet))
            return packet[:hit] + bytes([packet[hit] ^ 0x20]) + packet[hit + 1 :]
        return packet


@dataclass(frozen=True)
class Reply:
    """A status packet and how long after the instruction, or the packet before, it is sent."""

    data: bytes
    delay_s: float


@dataclass
class Counters:
    """What went over the line."""

    instructions: dict[int, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0


class EmulatedBus:
    """Servos on one line, told the time by whoever carries the bytes.

    Attributes:
        faults, dynamics, motors: to be changed by tests while it runs.
    """

    def __init__(self, ids: list[int], models: list[int], position: Array) -> None:
        """
        Args:
            position: (n,) of the horns at the beginning [rad].
        """
        self.motors = {
            motor_id: Motor(motor_id, model) for motor_id, model in zip(ids, models, strict=True)
        }
        constants = np.array([MODELS[model].torque_constant_nm_a for model in models])
        self.dynamics = Dynamics(np.asarray(position, np.float64), constants)
        self.faults = Faults()
        self.counters = Counters()
        self.time_s = 0.0
        self._parser = Parser()
        self._handlers: dict[int, Callable[[Packet], list[Reply]]] = {
            packets.SYNC_READ: self._sync_read,
            packets.SYNC_WRITE: self._sync_write,
            packets.BULK_READ: self._bulk_read,
            packets.BULK_WRITE: self._bulk_write,
        }
        self._gather()

    def advance(self, time_s: float) -> None:
        """Moves the mechanics to a time [s]."""
        self._apply()
        self.dynamics.advance(max(0.0, time_s - self.time_s))
        self.time_s = max(self.time_s, time_s)
        self._watch_heat()

    def feed(self, data: bytes) -> list[Reply]:
        """Takes bytes from the host; returns what the servos answer, in order."""
        self.counters.bytes_in += len(data)
        replies: list[Reply] = []
        for packet in self._parser.feed(data):
            self._gather()
            replies += self._handle(packet)
        self.counters.bytes_out += sum(len(reply.data) for reply in replies)
        return replies

    def reset_line(self) -> None:
        """Forgets a packet that was cut off."""
        self._parser = Parser()

    def power_cycle(self) -> None:
        """All servos start anew; the horns stay where they are."""
        for motor in self.motors.values():
            motor.reboot(self.time_s)
        self._apply()

    # Instructions

    def _handle(self, packet: Packet) -> list[Reply]:
        known = self.counters.instructions
        known[packet.instruction] = known.get(packet.instruction, 0) + 1
        if self.faults.random.random() < self.faults.deaf_rate:
            return []
        if packet.broken:
            return [] if packet.motor == packets.BROADCAST else self._refuse(packet)
        handler = self._handlers.get(packet.instruction)
        if handler is not None:
            return handler(packet)
        targets = self._awake([packet.motor])
        if packet.motor == packets.BROADCAST:
            targets = self._awake(sorted(self.motors))
        answers = packet.motor != packets.BROADCAST or packet.instruction == packets.PING
        replies = []
        for motor in targets:
            error, data = self._single(motor, packet)
            if answers and self._may_answer(motor, packet.instruction):
                replies.append(self._reply(motor, error, data))
        return replies

    def _refuse(self, packet: Packet) -> list[Reply]:
        return [self._reply(m, packets.BAD_CRC, b"") for m in self._awake([packet.motor])]

    def _single(self, motor: Motor, packet: Packet) -> tuple[int, bytes]:
        parameters, instruction = packet.parameters, packet.instruction
        if instruction == packets.PING:
            model = motor.get(ct.MODEL_NUMBER).to_bytes(2, "little")
            return 0, model + bytes([motor.get(ct.FIRMWARE_VERSION)])
        if instruction == packets.REBOOT:
            motor.reboot(self.time_s)
            return 0, b""
        if instruction == packets.ACTION:
            registered, motor.registered = motor.registered, None
            return (packets.RESULT_FAIL if registered is None else motor.write(*registered)), b""
        if instruction == packets.READ and len(parameters) == 4:
            return motor.read(_word(parameters, 0), _word(parameters, 2))
        if instruction == packets.WRITE and len(parameters) > 2:
            return motor.write(_word(parameters, 0), parameters[2:]), b""
        if instruction == packets.REG_WRITE and len(parameters) > 2:
            motor.registered = (_word(parameters, 0), parameters[2:])
            return 0, b""
        short = instruction in (packets.READ, packets.WRITE, packets.REG_WRITE)
        return (packets.DATA_LENGTH if short else packets.BAD_INSTRUCTION), b""

    def _sync_read(self, packet: Packet) -> list[Reply]:
        address, length = _word(packet.parameters, 0), _word(packet.parameters, 2)
        return self._chain([(motor, address, length) for motor in packet.parameters[4:]])

    def _bulk_read(self, packet: Packet) -> list[Reply]:
        p = packet.parameters
        wanted = [(p[i], _word(p, i + 1), _word(p, i + 3)) for i in range(0, len(p) - 4, 5)]
        return self._chain(wanted)

    def _chain(self, wanted: list[tuple[int, int, int]]) -> list[Reply]:
        replies = []
        for motor_id, address, length in wanted:
            awake = self._awake([motor_id])
            if not awake and self.faults.chained:
                break
            replies += [self._reply(motor, *motor.read(address, length)) for motor in awake]
        return replies

    def _sync_write(self, packet: Packet) -> list[Reply]:
        p = packet.parameters
        address, length = _word(p, 0), _word(p, 2)
        for begin in range(4, len(p) - length, 1 + length):
            for motor in self._awake([p[begin]]):
                motor.write(address, p[begin + 1 : begin + 1 + length])
        return []

    def _bulk_write(self, packet: Packet) -> list[Reply]:
        p, begin = packet.parameters, 0
        while begin + 5 < len(p):
            address, length = _word(p, begin + 1), _word(p, begin + 3)
            for motor in self._awake([p[begin]]):
                motor.write(address, p[begin + 5 : begin + 5 + length])
            begin += 5 + length
        return []

    # Between the tables, the mechanics and the line

    def _awake(self, ids: list[int]) -> list[Motor]:
        present = (self.motors[i] for i in ids if i in self.motors and i not in self.faults.silent)
        return [motor for motor in present if self.time_s >= motor.boots_until_s]

    @staticmethod
    def _may_answer(motor: Motor, instruction: int) -> bool:
        level = motor.get(ct.STATUS_RETURN_LEVEL)
        return instruction == packets.PING or level == 2 or (level == 1 and instruction == 2)

    def _reply(self, motor: Motor, error: int, data: bytes) -> Reply:
        packet = packets.encode_status(motor.motor_id, error | motor.alert, data)
        delay_s = motor.get(ct.RETURN_DELAY) * 2e-6
        return Reply(self.faults.spoil(motor.motor_id, packet), delay_s)

    def _apply(self) -> None:
        """What the tables ask of the mechanics."""
        for i, motor in enumerate(self.motors.values()):
            mechanics = self.dynamics
            mechanics.torque[i] = bool(motor.get(ct.TORQUE_ENABLE))
            mechanics.goal[i] = motor.get(ct.GOAL_POSITION) * ct.RAD_PER_TICK
            unit = MODELS[motor.get(ct.MODEL_NUMBER)].current_unit_a
            mechanics.current_limit[i] = abs(motor.get(ct.GOAL_CURRENT)) * unit
            mechanics.p_gain[i] = motor.get(ct.POSITION_P_GAIN)
            mechanics.d_gain[i] = motor.get(ct.POSITION_D_GAIN)

    def _gather(self) -> None:
        """What the mechanics show in the tables."""
        volts = round(self.dynamics.voltage() / ct.VOLT_PER_UNIT)
        for i, motor in enumerate(self.motors.values()):
            mechanics = self.dynamics
            unit = MODELS[motor.get(ct.MODEL_NUMBER)].current_unit_a
            motor.put(ct.PRESENT_POSITION, round(mechanics.position[i] / ct.RAD_PER_TICK))
            motor.put(ct.PRESENT_VELOCITY, round(mechanics.velocity[i] / ct.RAD_S_PER_UNIT))
            motor.put(ct.PRESENT_CURRENT, round(mechanics.current[i] / unit))
            motor.put(ct.PRESENT_VOLTAGE, max(0, volts))
            motor.put(ct.PRESENT_TEMPERATURE, round(min(255.0, mechanics.temperature[i])))

    def _watch_heat(self) -> None:
        """The motors switch themselves off."""
        for i in np.flatnonzero(self.dynamics.torque & (self.dynamics.temperature > 60.0)):
            motor = list(self.motors.values())[i]
            if round(self.dynamics.temperature[i]) >= motor.get(ct.TEMPERATURE_LIMIT):
                motor.fail(0x04)


def _word(data: bytes, begin: int) -> int:
    return int.from_bytes(data[begin : begin + 2], "little")


def _take(counts: dict[int, int], motor: int) -> bool:
    left = counts.get(motor, 0)
    counts[motor] = max(0, left - 1)
    return left > 0
