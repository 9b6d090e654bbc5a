"""Expert for peg insertion: approach above the hole, align, descend, search if it is blocked.

It plans in the frame of the hole, from where the follower's target is now, with speeds that
depend on the place only. So it corrects whatever brought the arm there, and what it shows can
be learned from observations of one moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import (
    Pose,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    rotation_vector_from_matrix,
)
from takt_core.trajectory import Trajectory, Waypoint
from takt_sim.simulation import Simulation
from takt_sim.tasks.peg_insertion import TIP_FROM_PEG, PegInsertion

STEP_NS = 100_000_000


@dataclass(frozen=True)
class ExpertParameters:
    """How it moves.

    Attributes:
        gain_per_s: speed per distance, which makes the approach slow down.
        hover_m: height of the tip above the rim while it aligns.
        aligned_m, aligned_rad: of the target, before it descends.
        press_depth_m: of the target below the rim in the end; the floor is at 30 mm.
        blocked_m: lag of the tip behind its target that means contact.
        search_radius_m: of the spiral.
    """

    speed_m_s: float = 0.10
    turn_rad_s: float = 0.5
    gain_per_s: float = 2.2
    acceleration_m_s2: float = 0.5
    descent_m_s: float = 0.025
    hover_m: float = 0.012
    aligned_m: float = 0.0008
    aligned_rad: float = 0.015
    press_depth_m: float = 0.034
    blocked_m: float = 0.007
    search_radius_m: float = 0.003
    search_period_s: float = 1.2


@dataclass(frozen=True)
class _Plan:
    """Where the tip is wanted, in the frame of the hole: z up, zero at the rim."""

    position_m: NDArray[np.float64]
    rotation: NDArray[np.float64]
    velocity_m_s: NDArray[np.float64]


DOWN = np.diag([1.0, -1.0, -1.0])


class PegInsertionExpert:
    """Plans target poses at 10 Hz. Call `reset` with each episode."""

    def __init__(self, task: PegInsertion, parameters: ExpertParameters | None = None) -> None:
        self._task = task
        self._parameters = parameters or ExpertParameters()
        self._velocity: NDArray[np.float64] = np.zeros(3)
        self._search_s = 0.0

    def reset(self) -> None:
        self._velocity = np.zeros(3)
        self._search_s = 0.0

    def poses(self, simulation: Simulation, count: int) -> tuple[Pose, ...]:
        """base_from_tcp for the next `count` steps of 0.1 s, the first one 0.1 s from now.

        Call it once per step: the search goes on with each call.
        """
        plan = self._present(simulation)
        tip_height_m = -self._task.insertion(simulation.data).depth_m
        blocked = tip_height_m - plan.position_m[2] > self._parameters.blocked_m
        plans = []
        for _ in range(count):
            plan = self._step(plan, tip_height_m if blocked else None)
            plans.append(plan)
        self._velocity = plans[0].velocity_m_s
        self._search_s = self._search_s + STEP_NS * 1e-9 if blocked else 0.0
        return tuple(self._base_from_tcp(plan) for plan in plans)

    def trajectory(self, simulation: Simulation, count: int = 4) -> Trajectory:
        """`poses` as stamped waypoints; the look-ahead lets the follower pass them smoothly."""
        start = simulation.now_ns + STEP_NS
        waypoints = tuple(
            Waypoint(start + index * STEP_NS, pose)
            for index, pose in enumerate(self.poses(simulation, count))
        )
        return Trajectory(waypoints, "expert")

    def _present(self, simulation: Simulation) -> _Plan:
        target = Pose.from_array7(simulation.robot.target_pose)
        task = self._task
        hole_from_peg = task.base_from_hole.inverse() @ target @ task.tcp_from_peg
        rotation = hole_from_peg.rotation()
        tip = hole_from_peg.position_m + rotation @ TIP_FROM_PEG
        return _Plan(tip, rotation, self._velocity)

    def _base_from_tcp(self, plan: _Plan) -> Pose:
        centre = plan.position_m - plan.rotation @ TIP_FROM_PEG
        hole_from_peg = Pose(centre, quaternion_from_matrix(plan.rotation))
        return self._task.base_from_hole @ hole_from_peg @ self._task.tcp_from_peg.inverse()

    def _step(self, plan: _Plan, blocked_at_m: float | None) -> _Plan:
        """One step of 0.1 s."""
        p, dt = self._parameters, STEP_NS * 1e-9
        turn = rotation_vector_from_matrix(DOWN @ plan.rotation.T)
        turned = _limited(turn * p.gain_per_s, p.turn_rad_s) * dt
        rotation = matrix_from_rotation_vector(turned) @ plan.rotation
        lateral = float(np.hypot(*plan.position_m[:2]))
        aligned = lateral < p.aligned_m and float(np.linalg.norm(turn)) < p.aligned_rad
        inside = plan.position_m[2] < 0.5 * p.hover_m
        if blocked_at_m is not None and inside:
            return self._searching(replace(plan, rotation=rotation), blocked_at_m)
        if aligned or inside:
            wanted = np.array([*(-p.gain_per_s * plan.position_m[:2]), -p.descent_m_s])
            if plan.position_m[2] <= -p.press_depth_m:
                wanted[2] = 0.0
        else:
            goal = np.array([0.0, 0.0, p.hover_m])
            wanted = _limited(p.gain_per_s * (goal - plan.position_m), p.speed_m_s)
        change = _limited(wanted - plan.velocity_m_s, p.acceleration_m_s2 * dt)
        velocity = plan.velocity_m_s + change
        return _Plan(plan.position_m + velocity * dt, rotation, velocity)

    def _searching(self, plan: _Plan, blocked_at_m: float) -> _Plan:
        """Press lightly and walk a growing spiral."""
        p = self._parameters
        turns = self._search_s / p.search_period_s
        radius = p.search_radius_m * min(turns / 3.0, 1.0)
        angle = 2.0 * np.pi * turns
        height = max(plan.position_m[2], blocked_at_m - 1.2 * p.blocked_m)
        position = np.array([radius * np.cos(angle), radius * np.sin(angle), height])
        return _Plan(position, plan.rotation, np.zeros(3))


def _limited(vector: NDArray[np.float64], norm: float) -> NDArray[np.float64]:
    """The vector, shortened to at most `norm`."""
    length = float(np.linalg.norm(vector))
    return vector if length <= norm else vector * (norm / length)
