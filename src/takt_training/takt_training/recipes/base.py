"""What a task needs to be learned: a recipe.

Everything else in this package (collecting, training, exporting) is the same for every task.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory
from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_policy.observation import Observation
from takt_sim.simulation import Simulation
from takt_sim.tasks import make_task
from takt_sim.tasks.base import Task

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
    """What to do next.

    Attributes:
        poses: base_from_tcp after 1, 2, ... steps.
        widths_m: distance of the fingers at the same times [m]; None where nothing is gripped.
    """

    poses: tuple[Pose, ...]
    widths_m: Array | None = None


class Teacher(Protocol):
    """Labels the states of one episode; it knows the truth and may look at the simulation.

    Its plan should depend on the present state only, so that it can label any.
    """

    def plan(self, base_from_tcp: Pose, count: int, step_s: float) -> Plan:
        """The next ``count`` steps from a pose that the tool had a moment ago at most."""

    def landmark(self, base_from_tcp: Pose) -> Array:
        """(n,) what is worth knowing in metres and radians, seen from the tool.

        The first three are a position; the cameras' networks learn to find it. Always n numbers.
        """

    def points_m(self, base_from_tcp: Pose) -> Array:
        """(P, 3) points in base, whose pixels the first P keypoints of each camera learn."""


class Actor(Protocol):
    """Who moves the robot while the teacher labels."""

    def act(self, simulation: Simulation, observation: Observation) -> tuple[Trajectory, int]:
        """The next waypoints, and for how many steps of 0.1 s to follow them."""


class Disturbance(Protocol):
    """Changes the world during an episode, e.g. moves what the policy has seen."""

    def disturb(self, simulation: Simulation) -> None:
        """Called every 50 ms."""


@dataclass(frozen=True)
class CameraPlace:
    """Which simulated camera an image input comes from.

    Attributes:
        camera: its name in the world.
        moving: fixed to the tool instead of to the base.
    """

    camera: str
    moving: bool


class Recipe(ABC):
    """One task.

    Attributes:
        name: of the recipe, and of the bundle of its first head.
        task: name in ``takt_sim.tasks``.
        heads: which policies are trained; see ``takt_training.heads``. Each makes a bundle.
        cameras: image input to its camera.
        time_limit_s: of a demonstration.
        effort: demonstrations, as a part of what a scale says.
    """

    name: ClassVar[str]
    task: ClassVar[str]
    heads: ClassVar[tuple[str, ...]]
    cameras: ClassVar[Mapping[str, CameraPlace]]
    time_limit_s: ClassVar[float] = 14.0
    effort: ClassVar[float] = 1.0

    @abstractmethod
    def specification(self) -> PolicySpec:
        """policy.yaml of the diffusion policy without provenance; the others derive from it.

        The first input that is no image must be the pose of the tool.
        """

    @abstractmethod
    def teacher(self, simulation: Simulation) -> Teacher:
        """The teacher of the episode that was just reset."""

    @abstractmethod
    def demonstrator(self, simulation: Simulation, rng: np.random.Generator) -> Actor:
        """Who acts in that episode: the teacher, perturbed so that it shows how to recover."""

    def fast_inputs(self) -> tuple[InputSpec, ...]:
        """Of ``decode`` and ``residual`` graphs, for recipes with the head ``slow_fast``."""
        return ()

    def felt_task(self, number: int) -> Task:
        """The task of the shard of that number of the episodes to be felt."""
        return self.make_task()

    def felt_teacher(self, simulation: Simulation) -> Teacher:
        """The teacher of those episodes."""
        return self.teacher(simulation)

    def slow_demonstrator(self, simulation: Simulation, rng: np.random.Generator) -> Actor:
        """Acts where a disturbance is to be felt before it is seen."""
        return self.demonstrator(simulation, rng)

    def disturbance(self, simulation: Simulation, rng: np.random.Generator) -> Disturbance | None:
        """What happens in those episodes."""
        return None

    def make_task(self, **options: Any) -> Task:
        """The task, with options as in ``takt eval``."""
        return make_task(self.task, **options)
