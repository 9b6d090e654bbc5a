"""A velocity out of key presses.

A terminal reports presses and repeats, never releases. So a press gives its axis full speed
for a moment, then it decays; repeats keep it up, and a finger that leaves the key, a closed
lid or a dead terminal all end in zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from takt_core.geometry import Array
from takt_core.parameters import parameter
from takt_teleop.devices.keymap import Axis

_SPEED_STEP = 1.25
_NOTHING = 0.02


@dataclass(frozen=True)
class KeyboardParameters:
    """Parameters of ``keyboard_node``."""

    rate_hz: float = parameter(
        30.0, unit="Hz", minimum=10.0, maximum=200.0, description="of teleop/command"
    )
    speed_m_s: float = parameter(
        0.06, unit="m/s", minimum=0.001, maximum=0.5, description="of a key at start"
    )
    speed_rad_s: float = parameter(
        0.4, unit="rad/s", minimum=0.01, maximum=2.0, description="of a key at start"
    )
    hold_s: float = parameter(
        0.15, unit="s", minimum=0.02, maximum=1.0, description="full speed after a press"
    )
    decay_s: float = parameter(
        0.06, unit="s", minimum=0.01, maximum=1.0, description="time constant of what follows"
    )
    gripper_open_m: float = parameter(
        0.08, unit="m", minimum=0.0, maximum=0.2, description="width at the key for open"
    )
    gripper_closed_m: float = parameter(
        0.0, unit="m", minimum=0.0, maximum=0.2, description="width at the key for close"
    )
    operator_id: str = parameter("", description="recorded with every action")


class KeyMotion:
    """Six axes, each with the time and direction of its last press."""

    def __init__(self, parameters: KeyboardParameters) -> None:
        self._parameters = parameters
        self._pressed_ns: list[int | None] = [None] * 6
        self._sign = [0] * 6
        self.scale = 1.0

    def press(self, axis: Axis, now_ns: int) -> None:
        """A press or a repeat; the opposite key stops at once before it reverses."""
        is_reversal = self._sign[axis.index] == -axis.sign and self._size(axis.index, now_ns) > 0
        self._sign[axis.index] = 0 if is_reversal else axis.sign
        self._pressed_ns[axis.index] = None if is_reversal else now_ns

    def stop(self) -> None:
        self._pressed_ns = [None] * 6

    def faster(self) -> None:
        self.scale = min(self.scale * _SPEED_STEP, 8.0)

    def slower(self) -> None:
        self.scale = max(self.scale / _SPEED_STEP, 1 / 16)

    def twist(self, now_ns: int) -> Array:
        """(6,) velocity asked for now [m/s, rad/s]."""
        p = self._parameters
        speeds = np.repeat([p.speed_m_s, p.speed_rad_s], 3) * self.scale
        sizes = [self._sign[i] * self._size(i, now_ns) for i in range(6)]
        return np.asarray(speeds * np.array(sizes))

    def _size(self, index: int, now_ns: int) -> float:
        pressed_ns = self._pressed_ns[index]
        if pressed_ns is None:
            return 0.0
        over_s = (now_ns - pressed_ns) / 1e9 - self._parameters.hold_s
        size = math.exp(-max(over_s, 0.0) / self._parameters.decay_s)
        return size if size > _NOTHING else 0.0
