"""What is known of a hand after one cycle of its driver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from takt_core.geometry import Array


class Control(IntEnum):
    """Who moves the hand; the numbers are those of takt_msgs/HandState."""

    IDLE = 0
    FOLLOW = 1
    HOLD = 2
    FAULT = 3
    OFFLINE = 4


@dataclass(frozen=True, eq=False)
class HandSnapshot:
    """One cycle; arrays (n,) in the order of the description.

    Attributes:
        stamp_ns: when the joints were measured.
        position, velocity: [rad, rad/s].
        current, current_limit: measured, and in use [A].
        torque: current x torque constant, a rough estimate [N m].
        temperature: [degrees Celsius], NaN before the first reading.
        target: what the follower asks for [rad].
        voltage: lowest supply of any motor [V], NaN before the first reading.
        measured: this cycle brought new positions of at least one joint.
        rate_hz: of cycles with an answer, over about the last second.
    """

    stamp_ns: int
    position: Array
    velocity: Array
    current: Array
    current_limit: Array
    torque: Array
    temperature: Array
    target: Array
    voltage: float
    control: Control
    measured: bool
    starved: bool
    fault: str
    warnings: tuple[str, ...]
    reads: int
    failed_reads: int
    starvations: int
    rejected: int
    last_rejection: str
    rate_hz: float
