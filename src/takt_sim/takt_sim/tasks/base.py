"""What every simulated task offers to the world and to the simulation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import Pose


class TaskState(IntEnum):
    """Values of takt_msgs/TaskStatus.state."""

    IDLE = 0
    RUNNING = 1
    SUCCEEDED = 2
    FAILED = 3


@dataclass(frozen=True)
class TaskStatus:
    """What the task says of the present episode.

    Attributes:
        reason: why it succeeded or failed; empty before.
        episode: counts resets.
        measures: task quantities, each with its unit in the name.
    """

    task: str
    state: TaskState
    reason: str
    seed: int
    episode: int
    elapsed_s: float
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """Where the robot begins an episode.

    Attributes:
        gripper_width_m: between the fingers [m].
        gripper_target_m: what the gripper is asked for; 0 closes on what is between the fingers.
        hand_rad: (16,) joints of the hand, if that is what the task uses.
    """

    base_from_tcp: Pose
    gripper_width_m: float = 0.0
    gripper_target_m: float = 0.0
    hand_rad: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Verdict:
    """Judgement of one moment."""

    state: TaskState
    reason: str
    measures: Mapping[str, float]


class Task(ABC):
    """One task. The simulation calls `draw`, places the robot, then calls `place`."""

    name: str
    time_limit_s: float
    held_bodies: tuple[str, ...] = ()
    # Whether it cannot be done without commanding the gripper.
    uses_gripper: bool = False
    # Whether the arm carries the hand of sixteen joints instead of the gripper.
    uses_hand: bool = False
    # Where the controller lets the tool point go [m].
    tool_lower_m: tuple[float, float, float] = (0.20, -0.40, 0.04)
    tool_upper_m: tuple[float, float, float] = (0.78, 0.40, 0.70)

    @abstractmethod
    def add_objects(self, spec: mujoco.MjSpec) -> None:
        """Add bodies and constraints to the world before it is compiled."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Start:
        """Draw everything that is random in an episode, from `rng` only."""

    @abstractmethod
    def place(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Put the drawn objects into the world; the robot is already at its start."""

    @abstractmethod
    def update(self, model: mujoco.MjModel, data: mujoco.MjData, gripper_target_m: float) -> None:
        """Called with each judgement, before it: what the task itself changes in the world.

        Args:
            gripper_target_m: width that the gripper is asked for [m]; NaN where there is a hand.
        """

    @abstractmethod
    def judge(self, data: mujoco.MjData, wrench: NDArray[np.float64], elapsed_s: float) -> Verdict:
        """Judge this moment.

        Args:
            wrench: (6,) external wrench on the tool point, axes of the base frame [N, N m].
            elapsed_s: since the start of the episode [s].
        """
