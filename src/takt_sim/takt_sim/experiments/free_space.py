"""Free space: a step, a moving target, a stop, a push and its release, a load, late targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from takt_impedance import Parameters
from takt_sim.experiments.ideal import respond
from takt_sim.experiments.log import Log
from takt_sim.experiments.rig import MS, TICK_S, N, Rig
from takt_sim.robot import HOME_RAD

Float = NDArray[np.float64]
ROTATION_SHARE = 1.0 / 20.0  # of the stiffness, in m^2/rad: 900 N/m go with 45 Nm/rad


def gains(stiffness_n_m: float, damping_ratio: float = 1.0) -> Parameters:
    """Parameters of the controller with one stiffness for all directions."""
    parameters = Parameters(N)
    parameters.stiffness = np.diag([stiffness_n_m] * 3 + [ROTATION_SHARE * stiffness_n_m] * 3)
    parameters.damping_ratio = np.full(6, damping_ratio)
    return parameters


@dataclass(frozen=True)
class Response:
    """What the arm did, and what the ideal spring-damper would have done.

    Attributes:
        time_s: (ticks,).
        motion_m, ideal_m, target_m: (ticks, 3) from where the arm began.
        size_m: of the step, or of the whole way.
    """

    time_s: Float
    motion_m: Float
    ideal_m: Float
    target_m: Float
    size_m: float
    log: Log

    @property
    def deviation(self) -> float:
        """Largest distance from the ideal, as a fraction of the size."""
        return float(np.linalg.norm(self.motion_m - self.ideal_m, axis=1).max()) / self.size_m

    @property
    def lag_m(self) -> float:
        """Largest distance from the target [m]."""
        return float(np.linalg.norm(self.motion_m - self.target_m, axis=1).max())


def _respond(rig: Rig, size_m: float) -> Response:
    p, log = rig.parameters, rig.log
    start = log["position"][0]
    target = np.zeros((len(log.time_s), 6))
    target[:, :3] = log["target"] - start
    ratio = float(p.damping_ratio[0])
    ideal = respond(
        log["inertia"], p.stiffness, ratio, target, log["target_twist"], p.inertia_feed_forward
    )
    motion = log["position"] - start
    return Response(log.time_s, motion, ideal[:, :3], target[:, :3], size_m, log)


def step(
    parameters: Parameters, offset_m: tuple[float, float, float] = (-0.02, 0.0, 0.0)
) -> Response:
    """The arm begins at rest beside its target and is let go."""
    parameters.max_force_n = 1e3
    rig = Rig(parameters, offset_m=offset_m)
    rig.run(1.2)
    return _respond(rig, float(np.linalg.norm(offset_m)))


def track(parameters: Parameters, speed_m_s: float = 0.25, distance_m: float = 0.25) -> Response:
    """Waypoints at 20 Hz that move sideways at a constant speed and come to rest."""
    rig = Rig(parameters)
    rig.log.clear()
    step_s = 0.05
    count = round(distance_m / speed_m_s / step_s)
    way = distance_m * np.arange(1, count + 1) / count
    rig.follow(np.outer(way, [0.0, 1.0, 0.0]), step_s)
    rig.run(distance_m / speed_m_s + 0.5)
    return _respond(rig, distance_m)


def targets_cease(parameters: Parameters, speed_m_s: float = 0.5) -> Log:
    """The waypoints end in motion: `time_s` of the log is from the last one on."""
    # Begins on the right, so that the middle of the way is in front of the robot.
    rig = Rig(parameters, home_rad=HOME_RAD - 0.3 * np.eye(N)[0])
    step_s, lead_s = 0.05, 0.6
    count = round(lead_s / step_s)
    # Half the way at a constant acceleration, the other half at full speed.
    time = np.arange(1, count + 1) * step_s
    ramp = lead_s / 2.0
    way = np.where(time < ramp, 0.5 * time**2 / ramp, time - 0.5 * ramp) * speed_m_s
    twists = np.full((count, 6), np.nan)
    twists[-1] = [0.0, speed_m_s, 0.0, 0.0, 0.0, 0.0]
    rig.follow(np.outer(way, [0.0, 1.0, 0.0]), step_s, twists=twists)
    rig.run(lead_s)
    rig.log.clear()
    rig.run(1.0)
    return rig.log


def push_and_release(
    parameters: Parameters, force_n: tuple[float, float, float] = (0.0, 25.0, 10.0)
) -> tuple[Log, Log]:
    """Push the tool for a second, then let go: what was measured in either phase."""
    rig = Rig(parameters)
    rig.log.clear()
    rig.external[:3] = force_n
    rig.run(1.0)
    pushed, rig.log = rig.log, Log()
    rig.external[:] = 0.0
    rig.run(1.5)
    return pushed, rig.log


def late_targets(parameters: Parameters, delay_s: float) -> Rig:
    """Chunks of eight waypoints at 10 Hz, a new one every 0.4 s, that arrive late by `delay_s`."""
    rig = Rig(parameters)
    rig.log.clear()
    begin_ns, step_ns = rig.now_ns, 100 * MS
    arrivals = [(k * 4, begin_ns + k * 4 * step_ns + round(delay_s * 1e9)) for k in range(8)]

    def send(_: float) -> None:
        while arrivals and arrivals[0][1] <= rig.now_ns:
            first, _arrival = arrivals.pop(0)
            index = np.arange(first + 1, first + 9)
            offsets = np.column_stack(
                [0.05 * np.sin(0.25 * index), 0.1 * np.sin(0.15 * index), 0.0 * index]
            )
            poses = np.array([rig.pose(offset) for offset in offsets])
            rig.controller.set_trajectory(begin_ns + index * step_ns, poses, rig.now_ns)

    return rig.run(3.5, send)


def with_jitter(parameters: Parameters, seed: int = 0) -> Rig:
    """0.25 m/s at periods between 0.5 and 2 ms, in steps of the physics, drawn for each tick."""
    rng = np.random.default_rng(seed)
    rig = Rig(parameters, period_s=lambda: TICK_S * float(rng.integers(2, 9)) / 4.0)
    rig.log.clear()
    rig.follow(np.outer(np.arange(1, 21) * 0.0125, [0.0, 1.0, 0.0]), 0.05)
    return rig.run(1.6)


def carry(parameters: Parameters, payload_kg: float) -> Log:
    """Hold a load that the controller does not know, for two seconds."""
    rig = Rig(parameters, payload_kg=payload_kg)
    rig.log.clear()
    return rig.run(2.0).log
