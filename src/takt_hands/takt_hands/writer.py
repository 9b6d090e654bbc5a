"""What is sent to the motors in each cycle."""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Array
from takt_hands.motors import Mask, Motors

# Sync writes are not answered: current limits are sent again every so many cycles.
_REPEAT_CYCLES = 32


class Writer:
    """Goals in every cycle, current limits when they change."""

    def __init__(self, motors: Motors) -> None:
        self._motors = motors
        self._written = np.full(len(motors.description.joints), -1.0)
        self._cycles = 0

    def write(self, goal: Array, limit_a: Array, pushing: Mask, following: Mask) -> None:
        """(n,) goals [rad] and current limits [A], each to the joints of a mask."""
        units = self._motors.current_units(limit_a)
        self._cycles = (self._cycles + 1) % _REPEAT_CYCLES
        if not self._cycles or (units != self._written).any():
            self._motors.write_currents(limit_a, pushing)
            self._written = units
        self._motors.write_goals(goal, following)
