"""Expert for grasping a cylinder: what arm and hand do from any state, without memory.

What it does next follows from where the hand and the cylinder are and how hard the thumb presses:
go over the cylinder and down around it, close, and lift once the thumb presses. A cylinder that
slipped out is simply grasped again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import (
    Pose,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    rotation_vector_from_matrix,
)
from takt_core.trajectory import HandTrajectory, Trajectory, Waypoint
from takt_description import HAND_JOINTS
from takt_sim.hand import Hand
from takt_sim.placing import body_pose
from takt_sim.simulation import Simulation
from takt_sim.tasks.cylinder_objects import CYLINDER, CYLINDER_HEIGHT_M
from takt_sim.tasks.grasp_cylinder import OPEN_HAND_RAD

Float = NDArray[np.float64]

STEP_NS = 100_000_000
POINTING_DOWN = np.diag([1.0, -1.0, -1.0])
# Fingers around the far side, where they stay; the thumb's goal lies inside of the cylinder, so
# that it presses with its limit of current.
CLOSED_HAND_RAD = np.array(
    [
        [-0.25, 0.20, 0.00, -0.33],
        [0.00, 0.00, 0.30, -0.33],
        [0.25, 0.20, 0.00, -0.33],
        [1.57, 1.60, 0.35, 0.25],
    ]
).reshape(16)
THUMB_KNUCKLE = HAND_JOINTS.index("thumb_knuckle")


@dataclass(frozen=True)
class GraspExpertParameters:
    """How it moves; heights are of the tool point.

    Attributes:
        grasp_height_m: over the table, where the hand closes.
        hover_height_m: over the table, while it is beside the cylinder.
        lift_height_m: over the table, in the end.
        offset_m: of the cylinder's axis from the tool point, towards the thumb, before it closes.
        rise_m: so much below its height it does not move sideways.
        cone, slack_m: height kept per metre of distance sideways beyond the slack.
        near_m: from the place of the grasp, at which the hand closes.
        around_m: as far from it a hand that has begun to close goes on.
        speed_m_s, lift_m_s, turn_rad_s: at most.
        gain_1_s: what is left decays at this rate when it is small.
        hand_rad_s: of the joints of the hand.
        pressing_a: current of the thumb's knuckle that means a grasp.
    """

    grasp_height_m: float = 0.065
    hover_height_m: float = 0.210
    lift_height_m: float = 0.200
    offset_m: float = 0.004
    rise_m: float = 0.02
    cone: float = 4.0
    slack_m: float = 0.004
    near_m: float = 0.004
    around_m: float = 0.015
    speed_m_s: float = 0.15
    lift_m_s: float = 0.08
    turn_rad_s: float = 0.5
    gain_1_s: float = 4.0
    hand_rad_s: float = 1.5
    pressing_a: float = 0.35


@dataclass(frozen=True)
class Decision:
    """Where the tool point is to go [m], how fast at most, and the posture of the hand (16,)."""

    goal_m: Float
    speed_m_s: float
    hand_rad: Float


class GraspCylinderExpert:
    """Plans arm and hand at 10 Hz, from the simulation's truth."""

    def __init__(self, parameters: GraspExpertParameters | None = None) -> None:
        self._parameters = parameters or GraspExpertParameters()

    def decide(self, simulation: Simulation) -> Decision:
        """What is to be done now."""
        p, hand = self._parameters, _hand(simulation)
        tool = simulation.robot.base_from_tcp
        cylinder_m = body_pose(simulation.data, CYLINDER).position_m
        grasp_m = cylinder_m - p.offset_m * tool.rotation()[:, 0]
        grasp_m[2] += p.grasp_height_m - CYLINDER_HEIGHT_M / 2
        away_m = tool.position_m - grasp_m
        sideways_m = math.hypot(away_m[0], away_m[1])
        closing = hand.reading.position_rad[THUMB_KNUCKLE] > OPEN_HAND_RAD[THUMB_KNUCKLE] + 0.15
        near_m = p.around_m if closing else p.near_m
        if sideways_m < near_m and abs(away_m[2]) < near_m:
            if hand.reading.current_a[THUMB_KNUCKLE] > p.pressing_a:
                up_m = np.array([*tool.position_m[:2], p.lift_height_m])
                return Decision(up_m, p.lift_m_s, CLOSED_HAND_RAD)
            return Decision(Pose.from_array7(simulation.robot.target_pose).position_m, 0.0,
                            CLOSED_HAND_RAD)  # fmt: skip
        height_m = grasp_m[2] + p.cone * max(0.0, sideways_m - p.slack_m)
        height_m = min(height_m, p.hover_height_m)
        # Up before sideways: beside the cylinder the fingers would knock it over.
        part = min(max(1.0 - (height_m - tool.position_m[2]) / p.rise_m, 0.0), 1.0)
        goal_m = tool.position_m - part * away_m
        goal_m[2] = height_m
        return Decision(goal_m, p.speed_m_s, OPEN_HAND_RAD)

    def trajectory(self, simulation: Simulation, count: int = 4) -> Trajectory:
        """Of the arm: the next `count` steps, the first one 0.1 s from now."""
        decision = self.decide(simulation)
        # From where the follower's target is, not where the arm lags behind it.
        pose = Pose.from_array7(simulation.robot.target_pose)
        waypoints = []
        for index in range(1, count + 1):
            pose = self._moved(pose, decision)
            waypoints.append(Waypoint(simulation.now_ns + index * STEP_NS, pose))
        return Trajectory(tuple(waypoints), "expert")

    def hand_trajectory(self, simulation: Simulation, count: int = 4) -> HandTrajectory:
        """Of the hand, for the same times."""
        goal = self.decide(simulation).hand_rad
        now = _hand(simulation).follower.target
        farthest = self._parameters.hand_rad_s * STEP_NS * 1e-9
        steps = np.arange(1, count + 1)[:, None]
        positions = now + np.clip(goal - now, -farthest * steps, farthest * steps)
        times_ns = tuple(simulation.now_ns + index * STEP_NS for index in range(1, count + 1))
        return HandTrajectory(HAND_JOINTS, times_ns, positions)

    def _moved(self, pose: Pose, decision: Decision) -> Pose:
        p = self._parameters
        way = _part(decision.goal_m - pose.position_m, decision.speed_m_s, p.gain_1_s)
        start = pose.rotation()
        yaw = math.atan2(start[1, 0], start[0, 0])
        wanted = matrix_from_rotation_vector(np.array([0.0, 0.0, yaw])) @ POINTING_DOWN
        turn = _part(rotation_vector_from_matrix(wanted @ start.T), p.turn_rad_s, p.gain_1_s)
        rotation = matrix_from_rotation_vector(turn) @ start
        return Pose(pose.position_m + way, quaternion_from_matrix(rotation))


def _part(error: Float, speed: float, gain_1_s: float) -> Float:
    """Part of an error that one step removes: at most `speed`, slower when it is small."""
    size = float(np.linalg.norm(error))
    return error * min(gain_1_s, speed / max(size, 1e-9)) * STEP_NS * 1e-9


def _hand(simulation: Simulation) -> Hand:
    hand = simulation.robot.hand
    assert hand is not None
    return hand
