"""How much current each joint may have, by how hot it is and for how long it has pushed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from takt_core.geometry import Array
from takt_hands.motors import Mask
from takt_hands.parameters import HandParameters

# A joint whose current is at this share of its limit is held back by it.
_AT_LIMIT = 0.9
# One that is below this share of its lowered limit is not overloaded any more.
_RELIEVED = 0.7


class Health:
    """Temperature, load and supply of n joints.

    Attributes:
        temperature: (n,) [degrees Celsius], NaN before the first reading.
        voltage: (n,) [V], NaN before the first reading.
        overheated: (n,) reached stop_c and were not reset since.
    """

    def __init__(self, count: int, parameters: HandParameters) -> None:
        self._p = parameters
        self.temperature = np.full(count, np.nan)
        self.voltage = np.full(count, np.nan)
        self.overheated = np.zeros(count, dtype=bool)
        self._overloaded = np.zeros(count, dtype=bool)
        self._pushing_s = np.zeros(count)

    def measured(self, voltage: Array, temperature: Array) -> None:
        """Readings (n,); where they are NaN, the last ones remain."""
        self.voltage = np.where(np.isfinite(voltage), voltage, self.voltage)
        self.temperature = np.where(np.isfinite(temperature), temperature, self.temperature)
        self.overheated |= self.temperature >= self._p.stop_c

    def pushed(self, current: Array, limit: Array, duration_s: float) -> None:
        """A cycle in which the joints had a current (n,) under a limit (n,) [A]."""
        share = np.abs(current) / np.maximum(limit, 1e-6)
        longer = np.minimum(self._pushing_s + duration_s, self._p.overload_s)
        self._pushing_s = np.where(
            share >= _AT_LIMIT, longer, np.maximum(0.0, self._pushing_s - duration_s)
        )
        self._overloaded |= self._pushing_s >= self._p.overload_s - 1e-9
        self._overloaded &= ~((share < _RELIEVED) & (self._pushing_s <= 0.0))

    def scale(self) -> Array:
        """(n,) share of its current limit that each joint may use."""
        p = self._p
        over = (self.temperature - p.derate_c) / (p.stop_c - p.derate_c)
        heat = 1.0 - (1.0 - p.derate_to) * np.clip(np.nan_to_num(over), 0.0, 1.0)
        load = np.where(self._overloaded, p.overload_to, 1.0)
        scale: Array = np.minimum(heat, load)
        return scale

    def cool_enough(self) -> Mask:
        """(n,) whether each joint may be switched on again."""
        return ~(self.temperature >= self._p.resume_c)

    def reset(self) -> None:
        """Forgets that joints were too hot; those that are still too hot will be found again."""
        self.overheated[:] = False
        self._overloaded[:] = False
        self._pushing_s[:] = 0.0

    def warnings(self, names: Sequence[str], volt_range: tuple[float, float]) -> tuple[str, ...]:
        """In words."""
        said = []
        scale = self.scale()
        for i, name in enumerate(names):
            if self.temperature[i] >= self._p.derate_c:
                said.append(f"{name} is hot: {self.temperature[i]:.0f} C, current x {scale[i]:.2f}")
            elif self.temperature[i] >= self._p.warn_c:
                said.append(f"{name} gets hot: {self.temperature[i]:.0f} C")
            if self._overloaded[i]:
                said.append(f"{name} is overloaded: current x {scale[i]:.2f}")
        volts = self.voltage[np.isfinite(self.voltage)]
        if volts.size and not volt_range[0] <= volts.min() <= volts.max() <= volt_range[1]:
            said.append(
                f"supply is {volts.min():.1f} to {volts.max():.1f} V; allowed is "
                f"{volt_range[0]:g} to {volt_range[1]:g}"
            )
        return tuple(said)
