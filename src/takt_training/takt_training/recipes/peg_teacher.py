"""The demonstrator's plan from any state: what to do in the next chunk.

A memoryless plan is what makes perturbed demonstrations useful: wherever noise or a wrong
belief has carried the arm, the label is what the demonstrator would do from there, as in
DART (arXiv 1703.09327) and DAgger (arXiv 1011.0686). It sees what a policy does not: the
true pose of the hole and of the peg in the grasp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from takt_core.geometry import (
    Array,
    Pose,
    matrix_from_rotation_vector,
    rotation_vector_from_matrix,
)

QUARTER = np.pi / 2
POINTING_DOWN = np.diag([1.0, -1.0, -1.0])
SUBSTEP_S = 0.02
"""The plan is integrated in steps of this."""


@dataclass(frozen=True)
class TeacherParameters:
    """Speeds and margins of the plan; heights are of the tip over the rim.

    Attributes:
        free_speed_m_s: well above the rim and sideways [m/s].
        insert_speed_m_s: at the rim and below [m/s].
        turn_speed_rad_s: of the orientation [rad/s].
        gain_1_s: sideways and turning errors decay at this rate when small [1/s].
        slow_height_m, taper_1_s: below this height at insert speed, above it faster by this much
            per metre.
        goal_depth_m: where the tip comes to rest, just above the floor of the hole [m].
        lateral_slack_m, turn_slack_rad: errors at which the tip may enter the rim.
        cone: height kept per metre of lateral error beyond the slack.
        turn_cone_m_rad: height kept per radian of turning error beyond the slack.
    """

    free_speed_m_s: float = 0.10
    insert_speed_m_s: float = 0.03
    turn_speed_rad_s: float = 0.5
    gain_1_s: float = 5.0
    slow_height_m: float = 0.008
    taper_1_s: float = 2.5
    goal_depth_m: float = 0.0285
    lateral_slack_m: float = 0.002
    turn_slack_rad: float = 0.06
    cone: float = 2.0
    turn_cone_m_rad: float = 0.2


@dataclass(frozen=True)
class Teacher:
    """Plans for one episode.

    Attributes:
        base_from_hole: centre of the rim, z up out of the hole.
        tcp_from_tip: the peg's tip, z along the peg.
    """

    base_from_hole: Pose
    tcp_from_tip: Pose
    parameters: TeacherParameters = TeacherParameters()

    def plan(self, base_from_tcp: Pose, count: int, step_s: float) -> list[Pose]:
        """Poses base_from_tcp after 1..count steps from ``base_from_tcp``."""
        hole_from_tip = self.base_from_hole.inverse() @ base_from_tcp @ self.tcp_from_tip
        start, rotation = hole_from_tip.position_m, hole_from_tip.rotation()
        turn = rotation_vector_from_matrix(_nearest_upright(rotation) @ rotation.T)
        # Sideways and turning errors keep their direction, so that sizes say it all.
        state = (float(np.hypot(start[0], start[1])), float(start[2]), float(np.linalg.norm(turn)))
        direction = np.asarray(start[:2]) / max(state[0], 1e-12)
        axis = turn / max(state[2], 1e-12)
        states = self._sizes(state, count, step_s)
        turns = Rotation.from_rotvec((state[2] - states[:, 2:]) * axis).as_matrix()
        positions = np.concatenate([states[:, :1] * direction, states[:, 1:2]], axis=1)
        base = self.base_from_hole
        tip_from_tcp = self.tcp_from_tip.inverse()
        from_tip = base.rotation() @ turns @ rotation
        wanted = positions @ base.rotation().T + base.position_m
        wanted = wanted + from_tip @ tip_from_tcp.position_m
        quaternions = Rotation.from_matrix(from_tip @ tip_from_tcp.rotation()).as_quat()
        return [Pose(*one) for one in zip(wanted, quaternions, strict=True)]

    def _sizes(
        self, state: tuple[float, float, float], count: int, step_s: float
    ) -> npt.NDArray[np.float64]:
        """(count, 3) distance sideways, height of the tip and angle after each step."""
        substeps = max(1, round(step_s / SUBSTEP_S))
        states = np.empty((count, 3))
        for index in range(count):
            for _ in range(substeps):
                state = self._advance(*state, step_s / substeps)
            states[index] = state
        return states

    def _advance(
        self, lateral_m: float, height_m: float, turn_rad: float, step_s: float
    ) -> tuple[float, float, float]:
        p = self.parameters
        floor_m = p.cone * max(0.0, lateral_m - p.lateral_slack_m)
        floor_m += p.turn_cone_m_rad * max(0.0, turn_rad - p.turn_slack_rad)
        goal_m = floor_m if floor_m > 0.0 else -p.goal_depth_m
        lowest = -self._down(height_m) * step_s
        rise = min(max(goal_m - height_m, lowest), 0.06 * step_s)
        aside = 1.0 - _fraction(lateral_m, p.free_speed_m_s, p.gain_1_s, step_s)
        turned = 1.0 - _fraction(turn_rad, p.turn_speed_rad_s, p.gain_1_s, step_s)
        return lateral_m * aside, height_m + rise, turn_rad * turned

    def _down(self, height_m: float) -> float:
        """Speed towards the hole at a height: slow at the rim, and slowing to rest at the goal."""
        p = self.parameters
        free = p.insert_speed_m_s + p.taper_1_s * (height_m - p.slow_height_m)
        left_m = height_m + p.goal_depth_m
        slowest = min(p.insert_speed_m_s, p.gain_1_s * max(left_m, 0.0))
        return min(max(free, slowest), p.free_speed_m_s)


def _fraction(error: float, speed: float, gain_1_s: float, step_s: float) -> float:
    """Part of an error that one step removes: at most ``speed``, slower when it is small."""
    return min(gain_1_s, speed / max(error, 1e-9)) * step_s


def _nearest_upright(rotation: npt.NDArray[np.float64]) -> Array:
    """The orientation that fits the square hole and is nearest to ``rotation``."""
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    turn = np.array([0.0, 0.0, QUARTER * np.round(yaw / QUARTER)])
    return np.asarray(matrix_from_rotation_vector(turn) @ POINTING_DOWN)
