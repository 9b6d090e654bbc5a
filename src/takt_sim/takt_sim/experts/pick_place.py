"""Expert for pick and place: what to do from any state, without memory.

What it does next follows from where the tool, the cube and the pad are and how wide the gripper
is: go over the cube and down, close, lift, carry, lower, open, retract. There is no counter of
phases to get out of step with the world, so a cube that slipped is simply gripped again, and
what it would do can be asked of any state that somebody else has brought about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
HELD_WIDTH_M = CUBE_SIDE_M + 0.002
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
        tool, cube = self.base_from_tcp.position_m, self.base_from_cube.position_m
        return _between(tool.tolist(), cube.tolist()) and self.width_m < HELD_WIDTH_M


Place = tuple[float, float, float]


@dataclass
class _Picture:
    """What the planner thinks the world is like; plain numbers, since it is asked very often.

    Attributes:
        tool, cube: positions [m].
        turn_rad: that the tool has yet to turn to fit the cube.
    """

    tool: Place
    cube: Place
    turn_rad: float
    width_m: float

    @property
    def between_fingers(self) -> bool:
        return _between(self.tool, self.cube)

    @property
    def held(self) -> bool:
        return self.between_fingers and self.width_m < HELD_WIDTH_M


@dataclass(frozen=True)
class _Decision:
    """Where to go, how wide the gripper is to be, and what comes along."""

    goal: Place
    asked_m: float
    turning: bool = False
    carried: bool = False


class PickPlacePlanner:
    """Plans for one place of the pad: x and y of its centre in the base frame."""

    def __init__(
        self, pad_m: NDArray[np.float64], parameters: PlannerParameters | None = None
    ) -> None:
        self._pad_m = (float(pad_m[0]), float(pad_m[1]))
        self._parameters = parameters or PlannerParameters()

    def plan(self, now: Moment, count: int, step_s: float) -> list[tuple[Pose, float]]:
        """base_from_tcp and the gripper's width [m] asked for, after 1..count steps.

        A width is asked for at the end of its step, so the fingers move in the next one.
        """
        start = now.base_from_tcp.rotation()
        turn = _turn_to_grasp(start, now.base_from_cube.rotation())
        whole_rad = float(np.linalg.norm(turn))
        picture = _picture(now, whole_rad)
        asked_m = self.asked_m(now)
        actions = []
        for _ in range(count):
            for _ in range(SUBSTEPS):
                self._advance(picture, asked_m, step_s / SUBSTEPS)
            asked_m = self._decide(picture).asked_m
            part = 1.0 - picture.turn_rad / whole_rad if whole_rad > 0.0 else 0.0
            rotation = matrix_from_rotation_vector(part * turn) @ start
            pose = Pose(np.array(picture.tool), quaternion_from_matrix(rotation))
            actions.append((pose, asked_m))
        return actions

    def asked_m(self, now: Moment) -> float:
        """What the gripper seems to be asked for already [m]."""
        if now.held:
            return CLOSED_WIDTH_M
        if now.width_m > ALMOST_OPEN_M:
            return OPEN_WIDTH_M
        turn = _turn_to_grasp(now.base_from_tcp.rotation(), now.base_from_cube.rotation())
        return self._decide(_picture(now, float(np.linalg.norm(turn)))).asked_m

    def _advance(self, picture: _Picture, asked_m: float, step_s: float) -> None:
        """The state one substep later, if all goes well."""
        p, decision = self._parameters, self._decide(picture)
        farthest_m = p.width_speed_m_s * step_s
        change_m = min(max(asked_m - picture.width_m, -farthest_m), farthest_m)
        stop_m = CUBE_SIDE_M if picture.between_fingers else 0.0
        picture.width_m = max(picture.width_m + change_m, stop_m)
        way = self._way(picture.tool, decision.goal, step_s)
        picture.tool = _moved(picture.tool, way)
        if decision.carried:
            picture.cube = _moved(picture.cube, way)
        if decision.turning:
            picture.turn_rad *= 1.0 - _part(picture.turn_rad, p.turn_rad_s, p.gain_1_s, step_s)

    def _way(self, tool: Place, goal: Place, step_s: float) -> Place:
        """How far the tool gets in one substep [m]."""
        p = self._parameters
        x, y, z = (end - begin for begin, end in zip(tool, goal, strict=True))
        sideways = _part(math.hypot(x, y), p.speed_m_s, p.gain_1_s, step_s)
        down_m_s = p.low_speed_m_s + p.taper_1_s * abs(z)
        fastest = min(p.speed_m_s, down_m_s) if z < 0.0 else p.speed_m_s
        return sideways * x, sideways * y, z * _part(abs(z), fastest, 2.0 * p.gain_1_s, step_s)

    def _decide(self, picture: _Picture) -> _Decision:
        cube = picture.cube
        to_pad_m = math.hypot(cube[0] - self._pad_m[0], cube[1] - self._pad_m[1])
        if cube[2] < CUBE_SIDE_M / 2 + 0.003 and to_pad_m < self._parameters.placed_m:
            return self._retract(picture)
        if picture.held:
            return self._carry(picture, to_pad_m)
        return self._approach(picture)

    def _retract(self, picture: _Picture) -> _Decision:
        """Up and away, once the fingers are off the cube."""
        x, y, z = picture.tool
        free = picture.width_m > CUBE_SIDE_M + 0.012 or not picture.between_fingers
        return _Decision((x, y, self._parameters.retract_height_m if free else z), OPEN_WIDTH_M)

    def _carry(self, picture: _Picture, to_pad_m: float) -> _Decision:
        """With the cube over the pad; low only above it."""
        p, tool, cube = self._parameters, picture.tool, picture.cube
        # The cube's own underside counts: it may hang lower or higher in the grasp than planned.
        lowest_m = CUBE_SIDE_M / 2 + 0.001 - cube[2] + tool[2]
        cone_m = p.cone * max(0.0, to_pad_m - p.slack_m)
        height_m = min(cone_m, p.carry_height_m - p.grasp_height_m)
        part = 1.0
        if height_m > 0.0:
            # Lift before moving sideways.
            risen = (tool[2] - lowest_m) / height_m
            part = min(max(1.6 * risen - 0.4, 0.0), 1.0)
        x = tool[0] + part * (self._pad_m[0] - cube[0])
        y = tool[1] + part * (self._pad_m[1] - cube[1])
        return _Decision((x, y, lowest_m + height_m), CLOSED_WIDTH_M, carried=True)

    def _approach(self, picture: _Picture) -> _Decision:
        """Over the cube, down, and close."""
        p, tool, cube = self._parameters, picture.tool, picture.cube
        sideways_m = math.hypot(cube[0] - tool[0], cube[1] - tool[1])
        grasp_m = cube[2] - CUBE_SIDE_M / 2 + p.grasp_height_m
        there = sideways_m < p.near_m and picture.turn_rad < p.near_rad
        there = there and abs(tool[2] - grasp_m) < p.near_m
        closing = picture.between_fingers and picture.width_m < ALMOST_OPEN_M
        if there or (closing and sideways_m < 2.0 * p.near_m):
            return _Decision(tool, CLOSED_WIDTH_M)
        height_m = p.cone * max(0.0, sideways_m - p.slack_m)
        height_m += p.turn_cone_m_rad * max(0.0, picture.turn_rad - p.turn_slack_rad)
        above = (cube[0], cube[1], min(grasp_m + height_m, p.hover_height_m))
        return _Decision(above, OPEN_WIDTH_M, turning=True)


class PickPlaceExpert:
    """The planner on the simulation's truth, at 10 Hz."""

    def __init__(self, task: PickPlace, parameters: PlannerParameters | None = None) -> None:
        self._task = task
        self._parameters = parameters

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


def _picture(now: Moment, turn_rad: float) -> _Picture:
    x, y, z = now.base_from_tcp.position_m.tolist()
    cube_x, cube_y, cube_z = now.base_from_cube.position_m.tolist()
    return _Picture((x, y, z), (cube_x, cube_y, cube_z), turn_rad, now.width_m)


def _between(tool: Sequence[float], cube: Sequence[float]) -> bool:
    """The cube's centre is close to the tool point."""
    sideways_m = math.hypot(cube[0] - tool[0], cube[1] - tool[1])
    return sideways_m < 0.014 and abs(cube[2] - tool[2]) < 0.016


def _turn_to_grasp(tool: NDArray[np.float64], cube: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) rotation vector from the tool's orientation to the nearest that grips from above."""
    tool_yaw = np.arctan2(tool[1, 0], tool[0, 0])
    # Whichever of its axes lies flat: the cube may have been turned over.
    flat = cube[:, np.argmin(np.abs(cube[2]))]
    turn = (np.arctan2(flat[1], flat[0]) - tool_yaw + QUARTER / 2) % QUARTER - QUARTER / 2
    upright = matrix_from_rotation_vector(np.array([0.0, 0.0, tool_yaw + turn])) @ POINTING_DOWN
    return np.asarray(rotation_vector_from_matrix(upright @ tool.T))


def _moved(place: Place, way: Place) -> Place:
    return place[0] + way[0], place[1] + way[1], place[2] + way[2]


def _part(error: float, speed: float, gain_1_s: float, step_s: float) -> float:
    """Part of an error that one step removes: at most `speed`, slower when it is small."""
    return min(gain_1_s, speed / max(error, 1e-9)) * step_s
