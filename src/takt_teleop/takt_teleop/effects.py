"""What the arbiter decides, as plain data; the node publishes it in the order given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Array, Pose
from takt_core.trajectory import HandTrajectory, Trajectory
from takt_teleop.transitions import Event, Mode


@dataclass(frozen=True)
class ModeChange:
    """One takt_msgs/ControlMode; ``event`` is None for the mode at start."""

    stamp_ns: int
    mode: Mode
    previous: Mode
    event: Event | None
    reason: str
    epoch: int
    operator_id: str = ""


@dataclass(frozen=True)
class SetGuide:
    """Zero stiffness for the operator's hand, or the configured gains again."""

    guide: bool


@dataclass(frozen=True)
class Notice:
    """Something the operator should read that changes no mode."""

    message: str


@dataclass(frozen=True, eq=False)
class StepRecord:
    """One takt_msgs/StepRecord: an action as it was executed, and what stood behind it.

    Attributes:
        time_ns: for which the action is meant [ns].
        observed_ns: reference time of the observation behind the policy's action, 0 without.
        base: what the policy proposed, without its residual network, or None.
        residual: (6,) what that and the operator added, axes of the base frame [m, rad], or None.
        overridden: during a takeover, what the policy would have done, or None.
        executed: what was sent to the controller.
        gripper_width_m: None if not commanded.
        joint_position: (n,) sent to the controller [rad], or None where a pose was.
        hand_position: (m,) sent to the hand [rad], or None.
    """

    time_ns: int
    mode: Mode
    source: str
    epoch: int
    executed: Pose
    observed_ns: int = 0
    chunk_id: int = 0
    chunk_index: int = 0
    chunk_revision: int = 0
    base: Pose | None = None
    residual: Array | None = None
    overridden: Pose | None = None
    gripper_width_m: float | None = None
    scores: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    uncertainty: float = float("nan")
    goal: str = ""
    correction: str = ""
    policy: str = ""
    policy_hash: str = ""
    operator_id: str = ""
    joint_position: Array | None = None
    hand_position: Array | None = None


Effect = Trajectory | HandTrajectory | ModeChange | SetGuide | Notice | StepRecord
