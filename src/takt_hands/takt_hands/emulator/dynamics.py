"""The mechanics of servos: enough of it that a driver cannot tell the difference too easily."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from takt_core.geometry import Array

_STEP_S = 2e-3
# Reflected inertia of a finger link and of the gears, and what the back-EMF and the gears brake.
_INERTIA = 2e-3
_VISCOUS = 0.05
_AMBIENT_C = 25.0
_HEATING_C_PER_J = 0.12
_COOLING_S = 120.0
_RESISTANCE_OHM = 2.5
_SUPPLY_OHM = 0.02
# P gain 1 as a current [A/rad] and D gain 1 [A s/rad]; of the order of an XC330 at 5 V.
_P_UNIT = 0.0104
_D_UNIT = 0.0015


class Dynamics:
    """n servos in current-based position control.

    Attributes:
        position, velocity: (n,) of the horn [rad, rad/s].
        current: (n,) [A].
        temperature: (n,) [degrees Celsius].
        goal: (n,) [rad].
        torque: (n,) whether the motor is switched on.
        current_limit: (n,) goal current [A].
        p_gain, d_gain: (n,) in the units of the control table.
        load: external torque on the horns [N m] for positions and velocities (n,).
        supply_v: the voltage without any load [V].
    """

    def __init__(self, position: Array, torque_constant_nm_a: Array) -> None:
        count = len(position)
        self.position = position.copy()
        self.velocity = np.zeros(count)
        self.current = np.zeros(count)
        self.temperature = np.full(count, _AMBIENT_C)
        self.goal = position.copy()
        self.torque = np.zeros(count, dtype=bool)
        self.current_limit = np.zeros(count)
        self.p_gain = np.full(count, 600.0)
        self.d_gain = np.full(count, 200.0)
        self.load: Callable[[Array, Array], Array] = lambda position, velocity: np.zeros(count)
        self.supply_v = 5.0
        self._constant = torque_constant_nm_a
        self._left_s = 0.0

    def advance(self, duration_s: float) -> None:
        """Whole steps of two milliseconds; the rest is kept for the next call."""
        self._left_s += duration_s
        while self._left_s >= _STEP_S:
            self._left_s -= _STEP_S
            self._step()

    def voltage(self) -> float:
        """What the supply has left under this load [V]."""
        return float(self.supply_v - _SUPPLY_OHM * np.abs(self.current).sum())

    def _step(self) -> None:
        wanted = _P_UNIT * self.p_gain * (self.goal - self.position)
        wanted -= _D_UNIT * self.d_gain * self.velocity
        limited = np.clip(wanted, -self.current_limit, self.current_limit)
        self.current = np.where(self.torque, limited, 0.0)
        torque = self._constant * self.current + self.load(self.position, self.velocity)
        # Implicit in the friction, so that it can only brake.
        self.velocity = (self.velocity + _STEP_S / _INERTIA * torque) / (
            1.0 + _STEP_S / _INERTIA * _VISCOUS
        )
        self.position = self.position + _STEP_S * self.velocity
        heating = _HEATING_C_PER_J * _RESISTANCE_OHM * self.current**2
        cooling = (self.temperature - _AMBIENT_C) / _COOLING_S
        self.temperature = self.temperature + _STEP_S * (heating - cooling)
