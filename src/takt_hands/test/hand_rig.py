"""A driver on an emulated bus, in a time that only the test moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from takt_hands.description import HandDescription, from_mapping
from takt_hands.driver import HandDriver
from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.bus import Bus
from takt_hands.emulator.bus import EmulatedBus
from takt_hands.emulator.hand import make_bus
from takt_hands.emulator.port import EmulatedPort
from takt_hands.parameters import HandParameters
from takt_hands.state import HandSnapshot

PERIOD_S = 0.01


def description(**changes: Any) -> HandDescription:
    """Four joints; the second turns the other way, the third has another middle."""
    joints = [
        {"name": "side", "id": 4, "lower_rad": -1.0, "upper_rad": 1.0},
        {"name": "knuckle", "id": 1, "lower_rad": -0.3, "upper_rad": 2.2, "sign": -1},
        {"name": "bend", "id": 7, "lower_rad": -0.5, "upper_rad": 1.9, "zero_rad": 2.0},
        {"name": "tip", "id": 2, "lower_rad": -0.4, "upper_rad": 2.0},
    ]
    content = {
        "name": "small",
        "models": ["XC330-M288-T"],
        "volt_range": [4.5, 6.0],
        "defaults": {"velocity_rad_s": 5.0, "acceleration_rad_s2": 50.0},
        "joints": joints,
    }
    return from_mapping({**content, **changes}, "small.yaml")


class Rig:
    """
    Attributes:
        joints: what the emulated horns are at, as joint angles (n,) [rad].
    """

    def __init__(self, baud: int = 4_000_000, hand: HandDescription | None = None, **values: Any):
        self.hand = hand or description()
        self.bus: EmulatedBus = make_bus(self.hand)
        self.port = EmulatedPort(self.bus, baud)
        self.parameters = HandParameters(**{"slow_period_s": 0.1, **values})
        self.log: list[str] = []
        self.driver = self.new_driver()
        self._due_s = 0.0

    def new_driver(self) -> HandDriver:
        """Another process, so to speak, at the same port."""
        return HandDriver(
            Bus(self.port),
            self.hand,
            self.parameters,
            self.port.now_ns,
            lambda duration_s: self.port.wait_until(self.port.time_s + duration_s),
            self.log.append,
        )

    def opened(self) -> Rig:
        self.driver.open()
        return self

    def enabled(self) -> Rig:
        self.opened().driver.enable()
        return self

    def run(self, duration_s: float) -> list[HandSnapshot]:
        """Cycles at 100 Hz, at least one."""
        self._due_s = max(self._due_s, self.port.time_s)
        end_s = self._due_s + duration_s
        states = []
        while self._due_s < end_s or not states:
            self.port.wait_until(self._due_s)
            states.append(self.driver.cycle())
            self._due_s = max(self._due_s + PERIOD_S, self.port.time_s)
        return states

    def go(self, position: list[float], duration_s: float = 0.5) -> HandSnapshot:
        """Sends all joints somewhere and waits until they are there."""
        end_ns = self.port.now_ns() + round(duration_s * 1e9)
        still = np.zeros((1, len(position)))
        result = self.driver.follow(self.hand.joint_names, [end_ns], [position], still)
        assert result.accepted, result.reason
        return self.run(duration_s + 0.3)[-1]

    @property
    def joints(self) -> np.ndarray:
        sign, zero = self.hand.array("sign"), self.hand.array("zero_rad")
        return sign * (self.bus.dynamics.position - zero)

    @joints.setter
    def joints(self, position: np.ndarray) -> None:
        sign, zero = self.hand.array("sign"), self.hand.array("zero_rad")
        self.bus.dynamics.position = sign * np.asarray(position) + zero
        self.bus.advance(self.bus.time_s)

    def torque(self) -> list[int]:
        return [self.bus.motors[i].get(ct.TORQUE_ENABLE) for i in self.hand.ids]
