"""How long the line is busy: bytes of protocol 2.0 by the time of a byte."""

from __future__ import annotations

from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.control_table import Block, Register

BITS_PER_BYTE = 10
# Header, id, length, instruction, address, length of the data, checksum.
_GROUP_REQUEST = 14
# Header, id, length, instruction, error, checksum.
_STATUS = 11


def sync_read_bytes(motors: int, block: Block | Register) -> int:
    """Of the instruction and all answers, without byte stuffing.

    Stuffing adds a byte for every header that appears in the data.
    """
    return _GROUP_REQUEST + motors + motors * (_STATUS + block.length)


def sync_write_bytes(motors: int, register: Register) -> int:
    """Of the one packet that all motors listen to."""
    return _GROUP_REQUEST + motors * (1 + register.length)


def cycle_s(motors: int, baud: int) -> float:
    """The line's time for a cycle: position, velocity and current read, goals written [s].

    With a return delay of 0, as the driver sets it. Comes to it what the adapter and the operating
    system need: with a U2D2 whose latency timer is 1 ms, about one to two milliseconds.
    """
    count = sync_read_bytes(motors, ct.MOTION) + sync_write_bytes(motors, ct.GOAL_POSITION)
    return count * BITS_PER_BYTE / baud
