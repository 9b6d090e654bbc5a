"""What the arbiter is told, as plain data: the mirrors of the messages it subscribes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from takt_core.geometry import Array, Pose


class PolicyState(IntEnum):
    """States of takt_msgs/PolicyStatus."""

    UNLOADED = 0
    READY = 1
    RUNNING = 2
    WAITING = 3
    FAILED = 4


@dataclass(frozen=True)
class Heartbeat:
    """One takt_msgs/PolicyStatus.

    Attributes:
        stamp_ns: time of the heartbeat [ns].
        policy: name of the bundle; chunks of the same name belong to it.
        run: counts runs; a new run is a new intention of the operator.
    """

    stamp_ns: int
    policy: str
    state: PolicyState
    reason: str = ""
    run: int = 0


@dataclass(frozen=True, eq=False)
class ArmReport:
    """The part of takt_msgs/ArmState that arbitration needs.

    Attributes:
        stamp_ns: time of measurement [ns].
        target: base_from_tcp that the follower asks for now.
        target_twist: (6,) in the axes of the base frame [m/s, rad/s].
        starved: the follower has no waypoint for now.
        fault: name of the latched fault, empty without one.
        rejected: trajectories refused since activation, with the last reason.
        joints: (n,) where joint waypoints go on from: what the follower asks for while it follows
            joints, else as measured [rad].
    """

    stamp_ns: int
    target: Pose
    target_twist: Array
    starved: bool = False
    fault: str = ""
    rejected: int = 0
    last_rejection: str = ""
    joints: Array = field(default_factory=lambda: np.empty(0))


class Button(IntEnum):
    """Buttons of takt_msgs/TeleopCommand."""

    NONE = 0
    TAKE_OVER = 1
    RELEASE = 2
    STOP = 3


@dataclass(frozen=True, eq=False)
class DeviceCommand:
    """One takt_msgs/TeleopCommand.

    Attributes:
        stamp_ns: time the device was read [ns].
        in_tool_frame: axes of twist and pose are those of the tool, else of the base.
        twist: (6,) velocity asked for [m/s, rad/s].
        displacement: since the device's own zero, or None for a velocity device.
        gripper_width_m: None leaves the gripper as it is.
    """

    stamp_ns: int
    twist: Array
    device: str = ""
    in_tool_frame: bool = False
    displacement: Pose | None = None
    gripper_width_m: float | None = None
    button: Button = Button.NONE
    correction: str = ""
    operator_id: str = ""
