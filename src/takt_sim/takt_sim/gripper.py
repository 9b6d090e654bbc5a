"""The simulated parallel gripper: position servos that press with a limited force."""

from __future__ import annotations

import math

import mujoco
import numpy as np

from takt_core.trajectory import Waypoint
from takt_description import FINGER_JOINTS

# Fully closed: the servo presses with its force limit on what is in between.
CLOSED_M = 0.0


class Gripper:
    """Two fingers that open and close together."""

    joint_names = FINGER_JOINTS

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._data = data
        count = len(FINGER_JOINTS)
        first_q = int(model.joint(FINGER_JOINTS[0]).qposadr[0])
        first_v = int(model.joint(FINGER_JOINTS[0]).dofadr[0])
        first_u = int(model.actuator(FINGER_JOINTS[0]).id)
        self._actuators = slice(first_u, first_u + count)
        # Views of MuJoCo's memory: they always show the present state.
        self._position = data.qpos[first_q : first_q + count]
        self._velocity = data.qvel[first_v : first_v + count]
        self._widest_m = sum(float(model.joint(name).range[1]) for name in FINGER_JOINTS)
        self._widths: list[tuple[int, float]] = []
        self.target_m = CLOSED_M

    def place(self, width_m: float, target_m: float) -> None:
        """Put the fingers `width_m` apart, at rest, and ask for `target_m`."""
        self._position[:] = width_m / 2.0
        self._widths.clear()
        self.set_width(target_m)

    def schedule(self, waypoints: tuple[Waypoint, ...], now_ns: int) -> None:
        """Take over the widths that lie ahead; what was scheduled before and is due comes first."""
        self.move(now_ns)
        self._widths = [
            (w.time_ns, w.gripper_width_m)
            for w in waypoints
            if w.gripper_width_m is not None and w.time_ns > now_ns
        ]

    def forget(self) -> None:
        """Drop what was scheduled."""
        self._widths.clear()

    def move(self, now_ns: int) -> None:
        """Ask for the width that is due."""
        while self._widths and self._widths[0][0] <= now_ns:
            self.set_width(self._widths.pop(0)[1])

    def set_width(self, width_m: float) -> None:
        """Ask for a distance between the fingers [m]; 0 closes on what is between them.

        Widths out of reach become the nearest that is not: for a control that is infinite,
        MuJoCo would switch off every actuator, the arm's included. NaN asks for nothing.
        """
        if math.isnan(width_m):
            return
        self.target_m = float(np.clip(width_m, 0.0, self._widest_m))
        self._data.ctrl[self._actuators] = self.target_m / 2.0

    @property
    def width_m(self) -> float:
        return float(self._position.sum())

    def readings(self) -> tuple[tuple[str, ...], tuple[list[float], list[float], list[float]]]:
        """Names of the fingers' joints; their positions [m], velocities [m/s] and forces [N]."""
        return self.joint_names, (
            self._position.tolist(),
            self._velocity.tolist(),
            self._data.actuator_force[self._actuators].tolist(),
        )
