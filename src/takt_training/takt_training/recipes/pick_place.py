"""The recipe of pick and place: two cameras, the gripper's width, and a gripper that moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from takt_core.geometry import (
    Pose,
    interpolate_pose,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
)
from takt_core.trajectory import Trajectory, Waypoint
from takt_policy.bundle.schema import ACTION, ActionGroup, Horizons, PolicySpec, SamplerSpec
from takt_policy.observation import Observation
from takt_sim.experts.pick_place import CLOSED_WIDTH_M, Moment, PickPlacePlanner, moment
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import Task
from takt_sim.tasks.pick_objects import CUBE_SIDE_M
from takt_sim.tasks.pick_place import OPEN_WIDTH_M, PickPlace
from takt_training.recipes.base import Actor, Array, CameraPlace, Plan, Recipe
from takt_training.recipes.inputs import STEP_S, camera, pose_input, vector_input

STEP_NS = round(STEP_S * 1e9)
HORIZONS = Horizons(observation=2, prediction=16, execute=8, step_s=STEP_S)
QUARTER = np.pi / 2
YAW_SCALE_M = 0.02
"""Makes the direction of the cube's faces comparable to its position in a landmark."""
HARMLESS_N = 400.0
"""Demonstrations go on after a harder bump than an episode does: what follows is worth seeing."""


def task_of(simulation: Simulation) -> PickPlace:
    """The simulation's task, which must be pick and place."""
    if not isinstance(simulation.task, PickPlace):
        raise TypeError(f"task {simulation.task.name!r} has no cube; use pick_place")
    return simulation.task


def face_yaw(rotation: Array) -> float:
    """Direction of a cube's faces about the vertical, within an eighth of a turn [rad]."""
    flat = rotation[:, np.argmin(np.abs(rotation[2]))]
    return float((np.arctan2(flat[1], flat[0]) + QUARTER / 2) % QUARTER - QUARTER / 2)


@dataclass(frozen=True)
class PickPlaceTeacher:
    """The planner of the expert, on the truth of the simulation."""

    simulation: Simulation

    def _moment(self, base_from_tcp: Pose) -> Moment:
        """What the state was a moment ago, when the tool was there: a held cube was there too."""
        now = moment(self.simulation)
        if not now.held:
            return replace(now, base_from_tcp=base_from_tcp)
        tcp_from_cube = now.base_from_tcp.inverse() @ now.base_from_cube
        return Moment(base_from_tcp, base_from_tcp @ tcp_from_cube, now.width_m)

    @property
    def _pad_m(self) -> Array:
        return np.asarray(task_of(self.simulation).base_from_pad.position_m)

    def plan(self, base_from_tcp: Pose, count: int, step_s: float) -> Plan:
        plan = PickPlacePlanner(self._pad_m).plan(self._moment(base_from_tcp), count, step_s)
        return Plan(tuple(pose for pose, _ in plan), np.array([width_m for _, width_m in plan]))

    def landmark(self, base_from_tcp: Pose) -> Array:
        """(8,) in the tool frame: the cube, the direction of its faces (4 yaw), the pad."""
        tcp_from_base = base_from_tcp.inverse()
        tcp_from_cube = tcp_from_base @ self._moment(base_from_tcp).base_from_cube
        yaw = 4.0 * face_yaw(tcp_from_cube.rotation())
        faces = YAW_SCALE_M * np.array([np.cos(yaw), np.sin(yaw)])
        pad = tcp_from_base.rotation() @ self._pad_m + tcp_from_base.position_m
        return np.concatenate([tcp_from_cube.position_m, faces, pad])

    def points_m(self, base_from_tcp: Pose) -> Array:
        """(6, 3) the cube's centre, the corners of its upper face, the pad's centre."""
        cube = self._moment(base_from_tcp).base_from_cube
        # Counted from the base's axes, so that a cube turned by a quarter looks the same.
        angles = face_yaw(cube.rotation()) + QUARTER / 2 + np.arange(4) * QUARTER
        reach = CUBE_SIDE_M / np.sqrt(2.0)
        corners = np.stack([reach * np.cos(angles), reach * np.sin(angles)], axis=1)
        upper = np.column_stack([corners, np.full(4, CUBE_SIDE_M / 2)]) + cube.position_m
        return np.concatenate([cube.position_m[None], upper, self._pad_m[None]])


@dataclass(frozen=True)
class Belief:
    """How wrong the demonstrator is.

    Attributes:
        kicked: part of the segments that go somewhere else altogether.
        fumbled: part of the segments with the gripper the wrong way.
        wrong: part of the segments with a wrong belief about cube and pad.
        cube_m, cube_rad, pad_m: standard deviations of the wrong belief.
        kick_m, kick_rad: how far a kick goes, each way; standard deviation of its turn.
    """

    kicked: float = 0.08
    fumbled: float = 0.06
    wrong: float = 0.45
    cube_m: tuple[float, float, float] = (0.008, 0.008, 0.003)
    cube_rad: float = 0.12
    pad_m: float = 0.012
    kick_m: float = 0.06
    kick_rad: tuple[float, float, float] = (0.02, 0.02, 0.2)


KICKED_LOW_M = np.array([0.38, -0.16, 0.025])
KICKED_HIGH_M = np.array([0.60, 0.16, 0.30])
KICK_STEPS = 7


@dataclass
class Demonstrator:
    """The teacher, acting on what it believes, and sometimes clumsy."""

    belief: Belief
    rng: np.random.Generator

    def act(self, simulation: Simulation, observation: Observation) -> tuple[Trajectory, int]:
        belief, draw = self.belief, self.rng.random()
        steps = int(self.rng.integers(2, 8))
        first_ns = simulation.now_ns + STEP_NS
        if draw < belief.kicked:
            kick = enumerate(self._kick(simulation.robot.base_from_tcp))
            waypoints = [Waypoint(first_ns + i * STEP_NS, pose) for i, pose in kick]
            return Trajectory(tuple(waypoints), "expert"), steps
        fumbling = draw < belief.kicked + belief.fumbled
        mistaken = not fumbling and draw < belief.kicked + belief.fumbled + belief.wrong
        now, pad = self._believed(simulation, mistaken)
        waypoints = []
        for i, (pose, width_m) in enumerate(PickPlacePlanner(pad).plan(now, 12, STEP_S)):
            asked_m = OPEN_WIDTH_M + CLOSED_WIDTH_M - width_m if fumbling else width_m
            waypoints.append(Waypoint(first_ns + i * STEP_NS, pose, None, None, asked_m))
        return Trajectory(tuple(waypoints), "expert"), steps

    def _believed(self, simulation: Simulation, mistaken: bool) -> tuple[Moment, Array]:
        now, belief = moment(simulation), self.belief
        pad = np.array(task_of(simulation).base_from_pad.position_m)
        if mistaken:
            pad[:2] += self.rng.normal(0.0, belief.pad_m, 2)
        if mistaken and not now.held:
            cube = now.base_from_cube
            turn = np.array([0.0, 0.0, self.rng.normal(0.0, belief.cube_rad)])
            rotation = matrix_from_rotation_vector(turn) @ cube.rotation()
            place = cube.position_m + self.rng.normal(0.0, belief.cube_m)
            now = replace(now, base_from_cube=Pose(place, quaternion_from_matrix(rotation)))
        return now, pad

    def _kick(self, start: Pose) -> list[Pose]:
        """Smoothly somewhere else; the gripper stays as it is."""
        offset = self.rng.uniform(-self.belief.kick_m, self.belief.kick_m, 3)
        place = np.clip(start.position_m + offset, KICKED_LOW_M, KICKED_HIGH_M)
        turn = matrix_from_rotation_vector(self.rng.normal(0.0, self.belief.kick_rad))
        end = Pose(place, quaternion_from_matrix(turn @ start.rotation()))
        return [interpolate_pose(start, end, (i + 1) / KICK_STEPS) for i in range(KICK_STEPS)]


class PickPlaceRecipe(Recipe):
    """Puts the cube on the pad."""

    name = "pick_place"
    task = "pick_place"
    heads = ("diffusion",)
    effort = 1.7  # two objects and a gripper make more states than a hole
    cameras: ClassVar[Mapping[str, CameraPlace]] = {
        "wrist_image": CameraPlace("wrist_camera", moving=True),
        "front_image": CameraPlace("front_camera", moving=False),
    }

    def make_task(self, **options: Any) -> Task:
        """For demonstrations: the world goes on after a bump that would end an episode."""
        return super().make_task(**{"force_limit_n": HARMLESS_N, **options})

    def specification(self) -> PolicySpec:
        """The width says whether the cube is held; its history, whether the fingers move."""
        return PolicySpec(
            name=self.name,
            description="Grips the cube on the table and puts it on the marked pad; image "
            "diffusion policy trained on simulated demonstrations.",
            family="diffusion",
            reference_pose="tcp_pose",
            inputs=(
                camera("wrist_image", "wrist_camera"),
                camera("front_image", "front_camera"),
                pose_input("tcp_pose", "base", history=2),
                vector_input("gripper_width", "gripper_width", 1, history=2),
            ),
            actions=(
                ActionGroup("arm", "pose", "observation"),
                ActionGroup(
                    "gripper", "open", open_width_m=OPEN_WIDTH_M, closed_width_m=CLOSED_WIDTH_M
                ),
            ),
            horizons=HORIZONS,
            sampler=SamplerSpec("ddim", training_steps=100, inference_steps=16),
            normalizer={
                "wrist_image": "identity",
                "front_image": "identity",
                "tcp_pose": "minmax",
                "gripper_width": "minmax",
                ACTION: "minmax",
            },
        )

    def teacher(self, simulation: Simulation) -> PickPlaceTeacher:
        return PickPlaceTeacher(simulation)

    def demonstrator(self, simulation: Simulation, rng: np.random.Generator) -> Actor:
        return Demonstrator(Belief(), rng)
