"""An emulated bus with the motors of a hand."""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Array
from takt_hands.description import HandDescription
from takt_hands.dynamixel.models import BY_NAME
from takt_hands.emulator.bus import EmulatedBus


def make_bus(description: HandDescription, position: Array | None = None) -> EmulatedBus:
    """The motors as they come out of the box, but for their ids.

    Args:
        position: (n,) of the joints [rad]; None: at 0, or as near to it as their range is.
    """
    lower, upper = description.array("lower_rad"), description.array("upper_rad")
    wanted = np.clip(np.zeros(len(lower)), lower, upper) if position is None else position
    angle = description.array("sign") * wanted + description.array("zero_rad")
    model = BY_NAME[description.models[0]]
    bus = EmulatedBus(list(description.ids), [model.number] * len(lower), angle)
    bus.dynamics.supply_v = 0.5 * sum(description.volt_range)
    return bus
