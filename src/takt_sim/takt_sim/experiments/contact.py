"""Contact: walls stiff and soft, and a client whose force loop is too lively for a stiff one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from takt_impedance import Parameters
from takt_sim.experiments.log import Log
from takt_sim.experiments.rig import Rig, Wall

Float = NDArray[np.float64]
DOWN = np.array([0.0, 0.0, -1.0])
# With the few kilograms that the arm has there, an impact gives back half of its speed.
STEEL = Wall(stiffness_n_m=1e5, damping_n_s_m=300.0, height_m=0.0)
FOAM = Wall(stiffness_n_m=1e3, damping_n_s_m=10.0, height_m=0.0)
# Of physics in a tick: a wall of 1e5 N/m and a few kilograms swing at 30 Hz or more.
SUBSTEPS = 8


def rig_above(parameters: Parameters, wall: Wall, gap_m: float) -> Rig:
    """A rig whose tool is above a wall."""
    rig = Rig(parameters, substeps=SUBSTEPS)
    height_m = float(rig.start[2]) - gap_m
    rig.wall = Wall(wall.stiffness_n_m, wall.damping_n_s_m, height_m)
    rig.log.clear()
    return rig


def touch_down(
    parameters: Parameters, wall: Wall, speed_m_s: float = 0.1, gap_m: float = 0.02,
    depth_m: float = 0.01,
) -> Log:  # fmt: skip
    """Move onto the wall at a speed; the target ends `depth_m` below its surface."""
    rig = rig_above(parameters, wall, gap_m)
    step_s = 0.02
    count = max(2, round((gap_m + depth_m) / speed_m_s / step_s))
    way = (gap_m + depth_m) * np.arange(1, count + 1) / count
    rig.follow(np.outer(way, DOWN), step_s)
    rig.run(count * step_s + 1.0)
    return rig.log


def careful(parameters: Parameters) -> Parameters:
    """Speeds for contact: slow, and accelerating no faster than the torques may change."""
    parameters.max_linear_velocity_m_s = 0.2
    parameters.max_linear_acceleration_m_s2 = 3.0
    parameters.max_linear_jerk_m_s3 = 300.0
    return parameters


def with_tank(parameters: Parameters, start_j: float = 0.4) -> Parameters:
    """A tank with little in it: enough for the way to the wall, not for playing ball with it."""
    parameters.tank = True
    parameters.tank_start_j, parameters.tank_capacity_j = start_j, 1.0
    return parameters


@dataclass
class ForceClient:
    """A client that wants a force on the wall and moves the target for it, 50 times a second.

    An integral controller on a force that is 20 ms old, as one would write it in an afternoon. Its
    gain is fine on foam; on steel each reaction comes too late and too large.

    Attributes:
        force_n: what it wants.
        gain: of a force error, the part that the spring would make of one step.
    """

    stiffness_n_m: float
    force_n: float = 10.0
    gain: float = 0.25
    period_ms: int = 20
    delay_ms: int = 20
    range_m: tuple[float, float] = (-0.08, 0.05)
    _height_m: float = -0.025
    _forces: list[float] = field(default_factory=list)

    def act(self, rig: Rig) -> None:
        """Called in every tick."""
        self._forces.append(float(rig.wall_force[2]))
        if len(self._forces) % self.period_ms:
            return
        seen = self._forces[max(0, len(self._forces) - self.delay_ms)]
        self._height_m -= self.gain * (self.force_n - seen) / self.stiffness_n_m
        self._height_m = float(np.clip(self._height_m, *self.range_m))
        rig.controller.set_target(rig.pose([0.0, 0.0, self._height_m]), rig.now_ns)


def press_by_client(
    parameters: Parameters, wall: Wall = STEEL, duration_s: float = 4.0, gap_m: float = 0.02
) -> Log:
    """A `ForceClient` presses on the wall."""
    rig = rig_above(parameters, wall, gap_m)
    client = ForceClient(float(parameters.stiffness[0, 0]))
    return rig.run(duration_s, lambda _: client.act(rig)).log


@dataclass(frozen=True)
class Contact:
    """How the tool has been on the wall, from a time on.

    Attributes:
        losses: times at which the contact was lost.
        share: of the time in contact.
        largest_n: force.
        mean_n, deviation_n: of the force.
    """

    losses: int
    share: float
    largest_n: float
    mean_n: float
    deviation_n: float


def contact(log: Log, from_s: float = 0.0, to_s: float = np.inf) -> Contact:
    """Summary of a span of a log."""
    span = (log.time_s >= from_s) & (log.time_s < to_s)
    force = log["wall_force"][span, 2]
    touching = force > 0.0
    losses = int(np.sum(touching[:-1] & ~touching[1:]))
    return Contact(
        losses, float(touching.mean()), float(force.max()), float(force.mean()), float(force.std())
    )


def first_touch_s(log: Log) -> float:
    """Time of the first contact [s]; NaN if there was none."""
    touching = log["wall_force"][:, 2] > 0.0
    return float(log.time_s[np.argmax(touching)]) if touching.any() else float("nan")
