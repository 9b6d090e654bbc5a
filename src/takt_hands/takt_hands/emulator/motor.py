"""One servo: its control table and what it lets others do with it."""

from __future__ import annotations

from dataclasses import dataclass

from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.control_table import Register
from takt_hands.emulator import packets

_SIZE = 256


@dataclass(frozen=True)
class _Field:
    register: Register
    default: int
    low: int
    high: int


def _writable(firmware_current_limit: int) -> tuple[_Field, ...]:
    limit = firmware_current_limit
    return (
        _Field(ct.ID, 1, 0, 252),
        _Field(ct.BAUD_RATE, 1, 0, 6),
        _Field(ct.RETURN_DELAY, 250, 0, 254),
        _Field(ct.DRIVE_MODE, 0, 0, 13),
        _Field(ct.OPERATING_MODE, 3, 0, 16),
        _Field(ct.HOMING_OFFSET, 0, -1_044_479, 1_044_479),
        _Field(ct.TEMPERATURE_LIMIT, 70, 0, 100),
        _Field(ct.CURRENT_LIMIT, limit, 0, limit),
        _Field(ct.SHUTDOWN, 52, 0, 63),
        _Field(ct.TORQUE_ENABLE, 0, 0, 1),
        _Field(ct.STATUS_RETURN_LEVEL, 2, 0, 2),
        _Field(ct.POSITION_D_GAIN, 500, 0, 16383),
        _Field(ct.POSITION_I_GAIN, 0, 0, 16383),
        _Field(ct.POSITION_P_GAIN, 1100, 0, 16383),
        _Field(ct.BUS_WATCHDOG, 0, 0, 127),
        _Field(ct.GOAL_CURRENT, limit, -limit, limit),
        _Field(ct.PROFILE_ACCELERATION, 0, 0, 32767),
        _Field(ct.PROFILE_VELOCITY, 0, 0, 32767),
        _Field(ct.GOAL_POSITION, 0, -1_048_575, 1_048_575),
    )


class Motor:
    """The table of one servo; the mechanics are in ``Dynamics``.

    Attributes:
        boots_until_s: it does not answer before.
        registered: a write that waits for an action instruction, if any.
    """

    def __init__(self, motor_id: int, model_number: int, firmware: int = 52) -> None:
        self._fields = _writable(2352)
        self.table = bytearray(_SIZE)
        self.boots_until_s = 0.0
        self.registered: tuple[int, bytes] | None = None
        for field in self._fields:
            self.put(field.register, field.default)
        self.put(ct.ID, motor_id)
        self.put(ct.MODEL_NUMBER, model_number)
        self.put(ct.FIRMWARE_VERSION, firmware)

    def get(self, register: Register) -> int:
        data = bytes(self.table[register.address : register.address + register.length])
        return register.decode(data)

    def put(self, register: Register, value: int) -> None:
        """Past all checks, as the firmware itself does."""
        begin = register.address
        self.table[begin : begin + register.length] = register.encode(value)

    @property
    def motor_id(self) -> int:
        return self.get(ct.ID)

    @property
    def alert(self) -> int:
        """The bit that goes with every status packet."""
        return packets.ALERT if self.get(ct.HARDWARE_ERROR) else 0

    def read(self, address: int, length: int) -> tuple[int, bytes]:
        """Error number and data."""
        if not length or address + length > _SIZE:
            return packets.ACCESS, b""
        return 0, bytes(self.table[address : address + length])

    def write(self, address: int, data: bytes) -> int:
        """Writes all or, with an error number, nothing."""
        touched = self._touched(address, len(data))
        if touched is None:
            return packets.ACCESS
        if address < ct.RAM_START and self.get(ct.TORQUE_ENABLE):
            return packets.ACCESS
        for field in touched:
            register = field.register
            begin = register.address - address
            value = register.decode(data[begin : begin + register.length])
            if not field.low <= value <= field.high:
                return packets.DATA_RANGE
            if register is ct.GOAL_CURRENT and abs(value) > self.get(ct.CURRENT_LIMIT):
                return packets.DATA_LIMIT
            if register is ct.TORQUE_ENABLE and value and self.get(ct.HARDWARE_ERROR):
                return packets.RESULT_FAIL
        self.table[address : address + len(data)] = data
        return 0

    def _touched(self, address: int, length: int) -> list[_Field] | None:
        """The registers of a range; None if others are in it, or one is cut in two."""
        inside = [
            field
            for field in self._fields
            if address <= field.register.address
            and field.register.address + field.register.length <= address + length
        ]
        covered = sum(field.register.length for field in inside)
        return inside if length and covered == length else None

    def fail(self, bits: int) -> None:
        """Hardware errors; those that the shutdown register names switch the torque off."""
        self.put(ct.HARDWARE_ERROR, self.get(ct.HARDWARE_ERROR) | bits)
        if bits & self.get(ct.SHUTDOWN):
            self.put(ct.TORQUE_ENABLE, 0)

    def reboot(self, now_s: float, boot_s: float = 0.3) -> None:
        """RAM as delivered, errors gone, deaf for a while."""
        for field in self._fields:
            if field.register.address >= ct.RAM_START:
                self.put(field.register, field.default)
        self.put(ct.GOAL_CURRENT, self.get(ct.CURRENT_LIMIT))
        self.put(ct.HARDWARE_ERROR, 0)
        self.registered = None
        self.boots_until_s = now_s + boot_s
