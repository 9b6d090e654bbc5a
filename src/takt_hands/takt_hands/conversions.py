"""The hand's messages from and to the types of this package."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import JointState

from takt_core.conversions import header_to_ros, stamp_from_ros
from takt_core.geometry import Array
from takt_hands.state import Control, HandSnapshot
from takt_msgs.msg import HandState

_ARRAYS = {
    "joint_position": "position",
    "joint_velocity": "velocity",
    "current": "current",
    "current_limit": "current_limit",
    "temperature": "temperature",
    "target_position": "target",
}
_SAME = (
    "starved",
    "fault",
    "reads",
    "failed_reads",
    "starvations",
    "last_rejection",
    "rate_hz",
)


def hand_state_to_ros(snapshot: HandSnapshot, joint_names: tuple[str, ...]) -> HandState:
    return HandState(
        header=header_to_ros(snapshot.stamp_ns, ""),
        joint_names=list(joint_names),
        control=int(snapshot.control),
        warnings=list(snapshot.warnings),
        rejected_trajectories=snapshot.rejected,
        **{name: getattr(snapshot, ours).tolist() for name, ours in _ARRAYS.items()},
        **{name: getattr(snapshot, name) for name in _SAME},
    )


def hand_state_from_ros(message: Any) -> HandSnapshot:
    """What the message does not carry is NaN."""
    count = len(message.joint_names)
    known: dict[str, Any] = {name: getattr(message, name) for name in _SAME}
    for name, ours in _ARRAYS.items():
        known[ours] = np.array(getattr(message, name), dtype=np.float64)
    return HandSnapshot(
        stamp_ns=stamp_from_ros(message.header.stamp),
        control=Control(message.control),
        warnings=tuple(message.warnings),
        rejected=int(message.rejected_trajectories),
        torque=np.full(count, np.nan),
        voltage=float("nan"),
        measured=True,
        **known,
    )


def joint_state_to_ros(snapshot: HandSnapshot, joint_names: tuple[str, ...]) -> JointState:
    """Efforts are torques [N m], estimated from the currents."""
    return JointState(
        header=header_to_ros(snapshot.stamp_ns, ""),
        name=list(joint_names),
        position=snapshot.position.tolist(),
        velocity=snapshot.velocity.tolist(),
        effort=snapshot.torque.tolist(),
    )


def current_limit_from_ros(message: Any) -> tuple[tuple[str, ...], Array]:
    """Joint names and limits [A], from the efforts of a JointState."""
    return tuple(str(name) for name in message.name), np.array(message.effort, dtype=np.float64)


def current_limit_to_ros(
    joint_names: tuple[str, ...], limits_a: Array, stamp_ns: int
) -> JointState:
    return JointState(
        header=header_to_ros(stamp_ns, ""), name=list(joint_names), effort=limits_a.tolist()
    )
