"""What a session of planned motions is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from takt_core.chunk import ActionChunk
from takt_core.geometry import Array, Pose
from takt_motion.planning import Planned


class Phase(Enum):
    """Where a goal stands."""

    IDLE = "no goal"
    PLANNING = "planning"
    OFFERING = "asking the arbiter"
    MOVING = "moving"
    STOPPING = "stopping"


class PlanningJob(Protocol):
    """A plan that is being made elsewhere."""

    def done(self) -> bool: ...

    def result(self) -> Planned:
        """Raises TaktError: there is no plan."""
        ...

    def cancel(self) -> object:
        """Nobody waits for it any more."""
        ...


@dataclass(frozen=True, eq=False)
class ArmView:
    """The part of takt_msgs/ArmState that planned motions need.

    Attributes:
        joints, velocity: (n,) measured [rad] and [rad/s].
        from_joints: (n,) where joint waypoints go on from: the follower's target while it
            follows joints, else as measured [rad].
        target: base_from_tcp that the controller asks for.
        pose: base_from_tcp, measured.
        fault: latched; empty without one.
    """

    stamp_ns: int
    joints: Array
    velocity: Array
    from_joints: Array
    target: Pose
    pose: Pose
    fault: str = ""


@dataclass(frozen=True)
class ModeView:
    """The part of takt_msgs/ControlMode that planned motions need."""

    mode: int
    epoch: int
    reason: str


@dataclass(frozen=True)
class Result:
    """How a goal ended; ``cancelled`` only by whoever asked for it."""

    success: bool
    message: str
    cancelled: bool = False


@dataclass(frozen=True)
class Output:
    """What is to be published now.

    Attributes:
        running: of the heartbeat.
        fraction: of the motion's time, for feedback.
        result: of the present goal, once.
    """

    running: bool
    chunk: ActionChunk | None = None
    fraction: float = 0.0
    result: Result | None = None
