"""The bounded correction that an operator adds to a policy's actions in SHARED."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.transform import Rotation

from takt_core.geometry import Array, Pose
from takt_teleop.human import in_base, limit
from takt_teleop.inputs import DeviceCommand
from takt_teleop.settings import ArbiterParameters


class SharedCorrection:
    """A displacement (6,) [m, rad] in the axes of the base frame.

    The device's velocity moves it, at most as fast as an operator may move the arm; a limit
    bounds it; without the device it fades, so that the policy is on its own again.
    """

    def __init__(self, parameters: ArbiterParameters) -> None:
        self._parameters = parameters
        self._value: Array = np.zeros(6)
        self._zero: Pose | None = None
        self._time_ns: int | None = None

    @property
    def value(self) -> Array:
        return np.array(self._value)

    def clear(self) -> None:
        self._value = np.zeros(6)
        self._zero = None
        self._time_ns = None

    def advance(self, now_ns: int, command: DeviceCommand | None, target: Pose) -> Array:
        """The correction now; ``command`` is None while the device is silent."""
        p = self._parameters
        dt = 0.0 if self._time_ns is None else max(now_ns - self._time_ns, 0) / 1e9
        self._time_ns = now_ns
        if command is not None and command.displacement is not None:
            step = limit(
                self._wanted(command.displacement, command.in_tool_frame, target) - self._value,
                p.human_speed_m_s * dt,
                p.human_speed_rad_s * dt,
            )
            value = self._value + step
        else:
            twist = np.zeros(6)
            if command is not None:
                twist = in_base(command.twist, command.in_tool_frame, target)
            twist = limit(twist, p.human_speed_m_s, p.human_speed_rad_s)
            value = self._value * math.exp(-dt / p.shared_fade_s) + twist * dt
        self._value = limit(value, p.shared_limit_m, p.shared_limit_rad)
        return self.value

    def _wanted(self, displacement: Pose, in_tool_frame: bool, target: Pose) -> Array:
        self._zero = displacement if self._zero is None else self._zero
        turn = Rotation.from_quat(displacement.quaternion_xyzw) * (
            Rotation.from_quat(self._zero.quaternion_xyzw).inv()
        )
        moved = np.concatenate([displacement.position_m - self._zero.position_m, turn.as_rotvec()])
        return in_base(moved, in_tool_frame, target)
