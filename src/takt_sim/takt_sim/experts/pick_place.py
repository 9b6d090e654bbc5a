"""Expert for pick and place: what to do from any state, without memory.

What it does next follows from where the tool, the cube and the pad are and how wide the gripper
is: go over the cube and down, close, lift, carry, lower, open, retract. There is no counter of
phases to get out of step with the world, so a cube that slipped is simply gripped again, and
what it would do can be asked of any state that somebody else has brought about.
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
from takt_sim.placing import body_pose
from takt_sim.simulation import Simulation
from takt_sim.tasks.pick_objects import CUBE, CUBE_SIDE_M
from takt_sim.tasks.pick_place import OPEN_WIDTH_M, PickPlace

STEP_NS = 100_000_000
SUBSTEPS = 5
CLOSED_WIDTH_M = 0.0
ALMOST_OPEN_M = OPEN_WIDTH_M - 0.012
POINTING_DOWN = np.diag([1.0, -1.0, -1.0])
QUARTER = np.pi / 2


@dataclass(frozen=True)
class PlannerParameters:
    """How it moves; heights are of the tool point over the table.

    Attributes:
        speed_m_s, turn_rad_s: at most.
        gain_1_s: what is left decays at this rate when it is small.
        low_speed_m_s, taper_1_s: downwards near the goal, and faster by this much per metre above.
        grasp_height_m: where the gripper closes; the cube's middle is at 20 mm.
        carry_height_m: while the cube is carried.
        retract_height_m: in the end.
        hover_height_m: at most, on the way to the cube.
        cone, slack_m: height kept per metre of distance sideways beyond the slack.
        turn_cone_m_rad, turn_slack_rad: the same for the turn.
        near_m, near_rad: sideways, upwards, and in turn, at which the gripper closes.
        placed_m: from the pad's centre, at which the cube is let go and left alone.
        width_speed_m_s: of the fingers together.
    """

    speed_m_s: float = 0.20
    turn_rad_s: float = 0.9
    gain_1_s: float = 5.0
    low_speed_m_s: float = 0.05
    taper_1_s: float = 3.0
    grasp_height_m: float = 0.022
    carry_height_m: float = 0.075
    retract_height_m: float = 0.115
    hover_height_m: float = 0.16
    cone: float = 2.5
    slack_m: float = 0.005
    turn_cone_m_rad: float = 0.10
    turn_slack_rad: float = 0.10
    near_m: float = 0.0045
    near_rad: float = 0.08
    placed_m: float = 0.008
    width_speed_m_s: float = 0.3


@dataclass(frozen=True)
class Moment:
    """A state of the world, as far as the plan depends on it.

    Attributes:
        base_from_tcp, base_from_cube: poses.
        width_m: between the fingers.
    """

    base_from_tcp: Pose
    base_from_cube: Pose
    width_m: float

    @property
    def held(self) -> bool:
        """The fingers are closed on the cube."""
        return self.between_fingers and self.width_m < CUBE_SIDE_M + 0.002

    @property
    def between_fingers(self) -> bool:
        """The cube's centre is close to the tool point."""
        apart = (self.base_from_tcp.inverse() @ self.base_from_cube).position_m
        return bool(np.hypot(apart[0], apart[1]) < 0.014 and abs(apart[2]) < 0.016)


class PickPlacePlanner:
    """Plans for one place of the pad.

    Args:
        pad_m: its centre, base frame; only x and y matter.
    """

    def __init__(
        self, pad_m: NDArray[np.float64], parameters: PlannerParameters | None = None
    ) -> None:
        self._pad_m = np.asarray(pad_m, np.float64)
        self._parameters = parameters or PlannerParameters()

    def plan(self, now: Moment, count: int, step_s: float) -> list[tuple[Pose, float]]:
        """base_from_tcp and the gripper's width [m] asked for, after 1..count steps.

        A width is asked for at the end of its step, so the fingers move in the next one.
        """
        asked_m = self._already_asked(now)
        actions = []
        for _ in range(count):
            for _ in range(SUBSTEPS):
                now = self._advance(now, asked_m, step_s / SUBSTEPS)
            asked_m = self._decide(now)[1]
            actions.append((now.base_from_tcp, asked_m))
        return actions

    def _already_asked(self, now: Moment) -> float:
        """What the gripper seems to be doing."""
        if now.held:
            return CLOSED_WIDTH_M
        if now.width_m > ALMOST_OPEN_M:
            return OPEN_WIDTH_M
        return self._decide(now)[1]

    def _advance(self, now: Moment, asked_m: float, step_s: float) -> Moment:
        """The state one substep later, if all goes well."""
        goal, _, carried = self._decide(now)
        tool = self._moved(now.base_from_tcp, goal, step_s)
        stop_m = CUBE_SIDE_M if now.between_fingers else 0.0
        farthest_m = self._parameters.width_speed_m_s * step_s
        change_m = float(np.clip(asked_m - now.width_m, -farthest_m, farthest_m))
        cube = now.base_from_cube
        if carried:
            cube = tool @ now.base_from_tcp.inverse() @ cube
        return Moment(tool, cube, max(now.width_m + change_m, stop_m))

    def _decide(self, now: Moment) -> tuple[Pose, float, bool]:
        """Where to go, how wide the gripper is to be, and whether the cube comes along."""
        p = self._parameters
        cube_m = now.base_from_cube.position_m
        lying = cube_m[2] < CUBE_SIDE_M / 2 + 0.003
        to_pad_m = float(np.hypot(*(cube_m - self._pad_m)[:2]))
        if lying and to_pad_m < p.placed_m:
            return self._retract(now), OPEN_WIDTH_M, False
        if now.held:
            return self._carry(now, to_pad_m), CLOSED_WIDTH_M, True
        return self._approach(now)

    def _retract(self, now: Moment) -> Pose:
        """Up and away, once the fingers are off the cube."""
        p, tool = self._parameters, now.base_from_tcp
        position = np.array(tool.position_m)
        if now.width_m > CUBE_SIDE_M + 0.012 or not now.between_fingers:
            position[2] = p.retract_height_m
        return Pose(position, tool.quaternion_xyzw)

    def _carry(self, now: Moment, to_pad_m: float) -> Pose:
        """With the cube over the pad; low only above it."""
        p, tool = self._parameters, now.base_from_tcp
        off = now.base_from_cube.position_m - tool.position_m
        position = np.array([*(self._pad_m - off)[:2], 0.0])
        # The cube's own underside counts: it may hang lower or higher in the grasp than planned.
        lowest = CUBE_SIDE_M / 2 + 0.001 - off[2]
        height = p.cone * max(0.0, to_pad_m - p.slack_m)
        position[2] = lowest + min(height, p.carry_height_m - p.grasp_height_m)
        # Lift before moving sideways.
        risen = (tool.position_m[2] - lowest) / (position[2] - lowest + 1e-9)
        part = np.clip(1.6 * risen - 0.4, 0.0, 1.0) if height > 0.0 else 1.0
        position[:2] = tool.position_m[:2] + part * (position[:2] - tool.position_m[:2])
        return Pose(position, tool.quaternion_xyzw)

    def _approach(self, now: Moment) -> tuple[Pose, float, bool]:
        """Over the cube, down, and close."""
        p, tool = self._parameters, now.base_from_tcp
        cube = now.base_from_cube
        rotation = _nearest_grasp(tool.rotation(), cube.rotation())
        turn = float(np.linalg.norm(rotation_vector_from_matrix(rotation @ tool.rotation().T)))
        sideways_m = float(np.hypot(*(cube.position_m - tool.position_m)[:2]))
        grasp_m = cube.position_m[2] - CUBE_SIDE_M / 2 + p.grasp_height_m
        height = p.cone * max(0.0, sideways_m - p.slack_m)
        height += p.turn_cone_m_rad * max(0.0, turn - p.turn_slack_rad)
        position = np.array([*cube.position_m[:2], min(grasp_m + height, p.hover_height_m)])
        there = sideways_m < p.near_m and turn < p.near_rad
        there = there and abs(tool.position_m[2] - grasp_m) < p.near_m
        closing = now.between_fingers and now.width_m < ALMOST_OPEN_M
        if there or (closing and sideways_m < 2.0 * p.near_m):
            return Pose(tool.position_m, tool.quaternion_xyzw), CLOSED_WIDTH_M, False
        return Pose(position, quaternion_from_matrix(rotation)), OPEN_WIDTH_M, False

    def _moved(self, tool: Pose, goal: Pose, step_s: float) -> Pose:
        p = self._parameters
        way = goal.position_m - tool.position_m
        moved = np.array(tool.position_m)
        sideways = way[:2]
        moved[:2] += sideways * _fraction(
            float(np.hypot(*sideways)), p.speed_m_s, p.gain_1_s, step_s
        )
        down = p.low_speed_m_s + p.taper_1_s * abs(way[2])
        fastest = min(p.speed_m_s, down if way[2] < 0.0 else p.speed_m_s)
        moved[2] += way[2] * _fraction(abs(way[2]), fastest, 2.0 * p.gain_1_s, step_s)
        turn = rotation_vector_from_matrix(goal.rotation() @ tool.rotation().T)
        part = _fraction(float(np.linalg.norm(turn)), p.turn_rad_s, p.gain_1_s, step_s)
        rotation = matrix_from_rotation_vector(turn * part) @ tool.rotation()
        return Pose(moved, quaternion_from_matrix(rotation))


class PickPlaceExpert:
    """The planner on the simulation's truth, at 10 Hz."""

    def __init__(self, task: PickPlace, parameters: PlannerParameters | None = None) -> None:
        self._task = task
        self._parameters = parameters

    def reset(self) -> None:
        """Nothing to forget."""

    def trajectory(self, simulation: Simulation, count: int = 4) -> Trajectory:
        """The next `count` steps as stamped waypoints, the first one 0.1 s from now."""
        planner = PickPlacePlanner(self._task.base_from_pad.position_m, self._parameters)
        # From where the follower's target is, not where the arm lags behind it.
        now = moment(simulation)
        target = Pose.from_array7(simulation.robot.target_pose)
        start = simulation.now_ns + STEP_NS
        waypoints = tuple(
            Waypoint(start + index * STEP_NS, pose, None, None, width_m)
            for index, (pose, width_m) in enumerate(
                planner.plan(replace(now, base_from_tcp=target), count, STEP_NS * 1e-9)
            )
        )
        return Trajectory(waypoints, "expert")


def moment(simulation: Simulation) -> Moment:
    """The state of a simulation of `pick_place`."""
    robot = simulation.robot
    return Moment(robot.base_from_tcp, body_pose(simulation.data, CUBE), robot.gripper_width_m)


def _nearest_grasp(tool: NDArray[np.float64], cube: NDArray[np.float64]) -> NDArray[np.float64]:
    """The orientation that grips two faces of the cube from above, nearest to the tool's."""
    tool_yaw = np.arctan2(tool[1, 0], tool[0, 0])
    cube_yaw = np.arctan2(cube[1, 0], cube[0, 0])
    turn = (cube_yaw - tool_yaw + QUARTER / 2) % QUARTER - QUARTER / 2
    upright = matrix_from_rotation_vector(np.array([0.0, 0.0, tool_yaw + turn]))
    return np.asarray(upright @ POINTING_DOWN)


def _fraction(error: float, speed: float, gain_1_s: float, step_s: float) -> float:
    """Part of an error that one step removes: at most `speed`, slower when it is small."""
    return min(gain_1_s, speed / max(error, 1e-9)) * step_s
