"""Where the X series of Dynamixel servos keeps what, and in which units.

Addresses and units are those of ROBOTIS' e-manual for XL330, XC330 and XM430 (protocol 2.0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

RAD_PER_TICK = 2.0 * math.pi / 4096.0
TICKS_PER_TURN = 4096
RAD_S_PER_UNIT = 0.229 * 2.0 * math.pi / 60.0
VOLT_PER_UNIT = 0.1

CURRENT_BASED_POSITION = 5
TORQUE_OFF, TORQUE_ON = 0, 1

# From here on the table is in RAM; what is before can be written only without torque.
RAM_START = 64


@dataclass(frozen=True)
class Register:
    """One value of the control table."""

    name: str
    address: int
    length: int
    signed: bool = False

    def encode(self, value: int) -> bytes:
        return int(value).to_bytes(self.length, "little", signed=self.signed)

    def decode(self, data: bytes) -> int:
        return int.from_bytes(data[: self.length], "little", signed=self.signed)


@dataclass(frozen=True)
class Block:
    """Neighbouring registers that are read or written at once."""

    address: int
    length: int

    def value(self, register: Register, data: bytes) -> int:
        """One register out of the bytes of the block."""
        return register.decode(data[register.address - self.address :])


MODEL_NUMBER = Register("model number", 0, 2)
FIRMWARE_VERSION = Register("firmware version", 6, 1)
ID = Register("id", 7, 1)
BAUD_RATE = Register("baud rate", 8, 1)
RETURN_DELAY = Register("return delay time", 9, 1)
DRIVE_MODE = Register("drive mode", 10, 1)
OPERATING_MODE = Register("operating mode", 11, 1)
HOMING_OFFSET = Register("homing offset", 20, 4, signed=True)
TEMPERATURE_LIMIT = Register("temperature limit", 31, 1)
CURRENT_LIMIT = Register("current limit", 38, 2)
SHUTDOWN = Register("shutdown", 63, 1)
TORQUE_ENABLE = Register("torque enable", 64, 1)
STATUS_RETURN_LEVEL = Register("status return level", 68, 1)
HARDWARE_ERROR = Register("hardware error status", 70, 1)
POSITION_D_GAIN = Register("position D gain", 80, 2)
POSITION_I_GAIN = Register("position I gain", 82, 2)
POSITION_P_GAIN = Register("position P gain", 84, 2)
BUS_WATCHDOG = Register("bus watchdog", 98, 1)
GOAL_CURRENT = Register("goal current", 102, 2, signed=True)
PROFILE_ACCELERATION = Register("profile acceleration", 108, 4)
PROFILE_VELOCITY = Register("profile velocity", 112, 4)
GOAL_POSITION = Register("goal position", 116, 4, signed=True)
PRESENT_CURRENT = Register("present current", 126, 2, signed=True)
PRESENT_VELOCITY = Register("present velocity", 128, 4, signed=True)
PRESENT_POSITION = Register("present position", 132, 4, signed=True)
PRESENT_VOLTAGE = Register("present input voltage", 144, 2)
PRESENT_TEMPERATURE = Register("present temperature", 146, 1)

MOTION = Block(PRESENT_CURRENT.address, 10)
HEALTH = Block(PRESENT_VOLTAGE.address, 3)
STATUS = Block(TORQUE_ENABLE.address, 7)
GAINS = Block(POSITION_D_GAIN.address, 6)
PROFILE = Block(PROFILE_ACCELERATION.address, 8)

# What the baud rate register means.
BAUD_RATES = (9600, 57600, 115200, 1_000_000, 2_000_000, 3_000_000, 4_000_000)

HARDWARE_ERRORS = {
    0x01: "input voltage",
    0x04: "overheating",
    0x08: "encoder",
    0x10: "electrical shock",
    0x20: "overload",
}


def hardware_error_names(bits: int) -> str:
    """In words, for messages."""
    known = [name for bit, name in HARDWARE_ERRORS.items() if bits & bit]
    if bits & ~sum(HARDWARE_ERRORS):
        known.append(f"unknown bits {bits & ~sum(HARDWARE_ERRORS):#04x}")
    return " and ".join(known)
