"""The recipe of peg insertion: two cameras, touch and wrench; a chamfered hole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from takt_core.geometry import Pose, matrix_from_rotation_vector, quaternion_from_matrix
from takt_core.trajectory import Trajectory, Waypoint
from takt_policy.bundle.schema import (
    ACTION,
    ActionGroup,
    Horizons,
    InputSpec,
    PolicySpec,
    SamplerSpec,
)
from takt_policy.observation import Observation
from takt_sim.placing import set_mocap_body
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import Task
from takt_sim.tasks.peg_insertion import TIP_FROM_PEG, PegInsertion
from takt_sim.tasks.peg_objects import CHAMFER_M, FIXTURE, HOLE_WIDTH_M
from takt_training.recipes.base import Actor, Array, CameraPlace, Disturbance, Plan, Recipe
from takt_training.recipes.inputs import STEP_S, camera, field_input, pose_input, wrench_input
from takt_training.recipes.peg_teacher import Teacher, TeacherParameters

STEP_NS = round(STEP_S * 1e9)
TACTILE_CELLS = 8
FAST_PERIOD_S = 0.05
HORIZONS = Horizons(observation=2, prediction=16, execute=8, step_s=STEP_S)

_REACH_M = HOLE_WIDTH_M / 2 + CHAMFER_M
RIM_POINTS_M = _REACH_M * np.array(
    [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0], [-1.0, -1.0, 0.0], [1.0, -1.0, 0.0]]
)
"""Centre and four outer corners of the chamfer, seen from the hole."""


def task_of(simulation: Simulation) -> PegInsertion:
    """The simulation's task, which must be peg insertion."""
    if not isinstance(simulation.task, PegInsertion):
        raise TypeError(f"task {simulation.task.name!r} has no hole; use peg_insertion")
    return simulation.task


USUAL = TeacherParameters()
CAREFUL = TeacherParameters(lateral_slack_m=0.0008, cone=3.0)
"""Enters only where the tip will not land on the rim, however little lead-in there is."""


@dataclass(frozen=True)
class PegTeacher:
    """Plans towards where the hole really is at the time of asking."""

    task: PegInsertion
    parameters: TeacherParameters = USUAL

    def towards(self, base_from_hole: Pose) -> Teacher:
        """The plan's maker for a hole that is, or is believed to be, there."""
        tcp_from_tip = self.task.tcp_from_peg @ Pose(TIP_FROM_PEG, np.array([0.0, 0.0, 0.0, 1.0]))
        return Teacher(base_from_hole, tcp_from_tip, self.parameters)

    def plan(self, base_from_tcp: Pose, count: int, step_s: float) -> Plan:
        poses = self.towards(self.task.base_from_hole).plan(base_from_tcp, count, step_s)
        return Plan(tuple(poses))

    def landmark(self, base_from_tcp: Pose) -> Array:
        """(4,) the hole in the tool frame: xyz [m], yaw [rad]."""
        tcp_from_hole = base_from_tcp.inverse() @ self.task.base_from_hole
        rotation = tcp_from_hole.rotation()
        return np.array([*tcp_from_hole.position_m, np.arctan2(rotation[1, 0], rotation[0, 0])])

    def points_m(self, base_from_tcp: Pose) -> Array:
        """(6, 3) the rim and the tip of the peg."""
        hole = self.task.base_from_hole
        base_from_peg = base_from_tcp @ self.task.tcp_from_peg
        tip = base_from_peg.position_m + base_from_peg.rotation() @ TIP_FROM_PEG
        rim: Array = RIM_POINTS_M @ hole.rotation().T + hole.position_m
        return np.concatenate([rim, tip[None]])


@dataclass(frozen=True)
class Belief:
    """How wrong the demonstrator is about where the hole is.

    Attributes:
        wrong: part of the segments with a wrong belief.
        kicked: part of the segments that go somewhere else altogether.
        belief_m, belief_rad: standard deviations of the wrong belief.
        kick_m: how far a kick goes, each way.
        least, most: steps of 0.1 s of a segment, from ``least`` to ``most - 1``.
    """

    wrong: float = 0.5
    kicked: float = 0.10
    belief_m: tuple[float, float, float] = (0.006, 0.006, 0.003)
    belief_rad: tuple[float, float, float] = (0.02, 0.02, 0.08)
    kick_m: tuple[float, float, float] = (0.05, 0.05, 0.06)
    least: int = 2
    most: int = 8


ONCE_SEEN = Belief(
    wrong=1.0,
    kicked=0.0,
    belief_m=(0.0006, 0.0006, 0.0004),
    belief_rad=(0.004, 0.004, 0.01),
    least=1,
    most=13,
)
"""Of one who looks seldom but well: it takes time to notice that the hole moved."""

LEAD_INS_M = (CHAMFER_M, 0.001)


@dataclass
class Demonstrator:
    """The teacher, acting on what it believes."""

    belief: Belief
    rng: np.random.Generator
    parameters: TeacherParameters = USUAL

    def act(self, simulation: Simulation, observation: Observation) -> tuple[Trajectory, int]:
        teacher = PegTeacher(task_of(simulation), self.parameters)
        count = self.belief.most + 4
        believed = teacher.towards(self._believed(simulation))
        poses = believed.plan(simulation.robot.base_from_tcp, count, STEP_S)
        first_ns = simulation.now_ns + STEP_NS
        waypoints = tuple(Waypoint(first_ns + i * STEP_NS, p) for i, p in enumerate(poses))
        steps = int(self.rng.integers(self.belief.least, self.belief.most))
        return Trajectory(waypoints, "expert"), steps

    def _believed(self, simulation: Simulation) -> Pose:
        belief, draw = self.belief, self.rng.random()
        offset, turn = np.zeros(3), np.zeros(3)
        if draw < belief.kicked:
            offset = self.rng.uniform(-1.0, 1.0, 3) * np.asarray(belief.kick_m)
            offset[2] = abs(offset[2])
        elif draw < belief.kicked + belief.wrong:
            offset = self.rng.normal(0.0, belief.belief_m)
            turn = self.rng.normal(0.0, belief.belief_rad)
        hole = task_of(simulation).base_from_hole
        rotation = hole.rotation() @ matrix_from_rotation_vector(turn)
        return Pose(hole.position_m + offset, quaternion_from_matrix(rotation))


@dataclass
class HoleJumps:
    """Moves the hole sideways while the tip is low over it, some times per episode.

    Attributes:
        size_m: least and greatest distance of a jump.
        height_m: greatest height of the tip over the rim at a jump.
        pause_s: least time between two.
    """

    rng: np.random.Generator
    size_m: tuple[float, float] = (0.0015, 0.005)
    height_m: float = 0.012
    pause_s: float = 0.8
    _next_ns: int = 0
    _trigger_m: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._trigger_m = float(self.rng.uniform(0.0005, self.height_m))

    def disturb(self, simulation: Simulation) -> None:
        task = task_of(simulation)
        insertion = task.insertion(simulation.data)
        over = insertion.lateral_m < _REACH_M - HOLE_WIDTH_M / 2
        low = 0.0 <= -insertion.depth_m < self._trigger_m
        if not (over and low and simulation.now_ns >= self._next_ns):
            return
        angle = self.rng.uniform(-np.pi, np.pi)
        size_m = self.rng.uniform(*self.size_m)
        shift = size_m * np.array([np.cos(angle), np.sin(angle), 0.0])
        hole = task.base_from_hole
        task.base_from_hole = Pose(hole.position_m + shift, hole.quaternion_xyzw)
        set_mocap_body(simulation.model, simulation.data, FIXTURE, task.base_from_hole)
        self._next_ns = simulation.now_ns + round(self.pause_s * 1e9)
        self._trigger_m = float(self.rng.uniform(0.0005, self.height_m))


class PegInsertionRecipe(Recipe):
    """Inserts the square peg in the gripper into the chamfered hole."""

    name = "peg_insertion"
    task = "peg_insertion"
    heads = ("diffusion", "critic", "residual", "act", "flow", "slow_fast")
    cameras: ClassVar[Mapping[str, CameraPlace]] = {
        "wrist_image": CameraPlace("wrist_camera", moving=True),
        "front_image": CameraPlace("front_camera", moving=False),
    }

    def specification(self) -> PolicySpec:
        """Images have no history: but for the arm the scene stands still."""
        return PolicySpec(
            name=self.name,
            description="Inserts the square peg in the gripper into the chamfered hole; "
            "image-and-touch diffusion policy trained on simulated demonstrations.",
            family="diffusion",
            reference_pose="tcp_pose",
            inputs=(
                camera("wrist_image", "wrist_camera"),
                camera("front_image", "front_camera"),
                pose_input("tcp_pose", "base", history=2),
                wrench_input("wrench", "reference", history=4),
                field_input("tactile", TACTILE_CELLS),
            ),
            actions=(ActionGroup("arm", "pose", "observation"),),
            horizons=HORIZONS,
            sampler=SamplerSpec("ddim", training_steps=100, inference_steps=16),
            normalizer={
                "wrist_image": "identity",
                "front_image": "identity",
                "tcp_pose": "minmax",
                "wrench": "meanstd",
                "tactile": "meanstd",
                ACTION: "minmax",
            },
        )

    def fast_inputs(self) -> tuple[InputSpec, ...]:
        """What is felt and where the tool is, in the frame of the chunk, at 20 Hz."""
        return (
            pose_input("fast_pose", "chunk", history=4, period_s=FAST_PERIOD_S),
            wrench_input("fast_wrench", "chunk", history=6, period_s=FAST_PERIOD_S),
            field_input("fast_tactile", TACTILE_CELLS),
        )

    def teacher(self, simulation: Simulation) -> PegTeacher:
        return PegTeacher(task_of(simulation))

    def demonstrator(self, simulation: Simulation, rng: np.random.Generator) -> Actor:
        return Demonstrator(Belief(), rng)

    def felt_task(self, number: int) -> Task:
        """With and without a flat rim around the hole."""
        return self.make_task(lead_in_m=LEAD_INS_M[number % len(LEAD_INS_M)])

    def felt_teacher(self, simulation: Simulation) -> PegTeacher:
        return PegTeacher(task_of(simulation), CAREFUL)

    def slow_demonstrator(self, simulation: Simulation, rng: np.random.Generator) -> Actor:
        return Demonstrator(ONCE_SEEN, rng, CAREFUL)

    def disturbance(self, simulation: Simulation, rng: np.random.Generator) -> Disturbance:
        return HoleJumps(rng)
