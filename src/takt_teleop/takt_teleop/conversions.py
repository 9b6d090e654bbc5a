"""Between takt_msgs and the types of the arbiter: pure functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from takt_core import checks
from takt_core.conversions import (
    header_to_ros,
    pose_from_ros,
    pose_to_ros,
    stamp_from_ros,
    stamp_to_ros,
    twist_from_ros,
    twist_to_ros,
)
from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_msgs.msg import ArmState, ControlMode, Impedance, TeleopCommand
from takt_msgs.msg import StepRecord as StepRecordMsg
from takt_teleop.effects import ModeChange, StepRecord
from takt_teleop.inputs import ArmReport, Button, DeviceCommand, Heartbeat, PolicyState
from takt_teleop.settings import ArbiterParameters

_NAN = float("nan")
TOOL_FRAME = "tcp"


def heartbeat_from_ros(message: Any) -> Heartbeat:
    """From takt_msgs/PolicyStatus.

    Raises:
        TaktError: a state that is none.
    """
    states = {int(state) for state in PolicyState}
    if int(message.state) not in states:
        raise TaktError(
            f"policy/status of {message.policy!r}: state {message.state}; allowed are "
            f"{sorted(states)}"
        )
    return Heartbeat(
        stamp_ns=stamp_from_ros(message.header.stamp),
        policy=str(message.policy),
        state=PolicyState(message.state),
        reason=str(message.reason),
        run=int(message.run),
    )


def arm_report_from_ros(message: Any) -> ArmReport:
    """From takt_msgs/ArmState.

    Raises:
        TaktError: a target that is no pose, or whose velocity is not finite, or joints that
            are not finite.
    """
    return ArmReport(
        stamp_ns=stamp_from_ros(message.header.stamp),
        target=pose_from_ros(message.target_pose),
        target_twist=checks.finite("target_twist", twist_from_ros(message.target_twist)),
        starved=bool(message.starved),
        fault=str(message.fault),
        rejected=int(message.rejected_trajectories),
        last_rejection=str(message.last_rejection),
        joints=_present_joints(message),
    )


def _present_joints(message: Any) -> Array:
    followed = message.control == ArmState.CONTROL_JOINT
    values = message.target_joint_position if followed else message.joint_position
    return checks.finite("joint_position", np.array(values, dtype=np.float64))


def device_command_from_ros(message: Any) -> DeviceCommand:
    """From takt_msgs/TeleopCommand.

    Raises:
        TaktError: a velocity, a displacement, a gripper width or a button that is none.
    """
    twist = twist_from_ros(message.twist)
    buttons = {int(button) for button in Button}
    if not np.isfinite(twist).all() or int(message.button) not in buttons:
        raise TaktError(
            f"teleop/command of {message.device!r}: twist {twist.tolist()}, button "
            f"{message.button}; allowed are finite numbers and buttons {sorted(buttons)}"
        )
    width = checks.width(message.gripper_width)
    return DeviceCommand(
        stamp_ns=stamp_from_ros(message.header.stamp),
        twist=twist,
        device=str(message.device),
        in_tool_frame=message.header.frame_id == TOOL_FRAME,
        displacement=pose_from_ros(message.pose) if message.absolute else None,
        gripper_width_m=None if math.isnan(width) else width,
        button=Button(message.button),
        correction=str(message.correction),
        operator_id=str(message.operator_id),
    )


def device_command_to_ros(command: DeviceCommand) -> TeleopCommand:
    message = TeleopCommand(
        header=header_to_ros(command.stamp_ns, TOOL_FRAME if command.in_tool_frame else "base"),
        device=command.device,
        twist=twist_to_ros(command.twist),
        absolute=command.displacement is not None,
        gripper_width=_NAN if command.gripper_width_m is None else command.gripper_width_m,
        button=int(command.button),
        correction=command.correction,
        operator_id=command.operator_id,
    )
    if command.displacement is not None:
        message.pose = pose_to_ros(command.displacement)
    return message


def mode_to_ros(change: ModeChange) -> ControlMode:
    return ControlMode(
        header=header_to_ros(change.stamp_ns, ""),
        mode=int(change.mode),
        previous=int(change.previous),
        reason=change.reason,
        event="" if change.event is None else change.event.value,
        epoch=change.epoch,
        operator_id=change.operator_id,
    )


def step_to_ros(step: StepRecord, frame_id: str) -> StepRecordMsg:
    width = step.gripper_width_m
    message = StepRecordMsg(
        header=header_to_ros(step.time_ns, frame_id),
        mode=int(step.mode),
        source=step.source,
        epoch=step.epoch,
        observed=stamp_to_ros(step.observed_ns),
        chunk_id=step.chunk_id,
        chunk_index=step.chunk_index,
        chunk_revision=step.chunk_revision,
        has_base=step.base is not None,
        has_residual=step.residual is not None,
        has_overridden=step.overridden is not None,
        executed_action=pose_to_ros(step.executed),
        gripper_width=_NAN if width is None else width,
        scores=step.scores.tolist(),
        uncertainty=step.uncertainty,
        goal=step.goal,
        correction=step.correction,
        policy=step.policy,
        policy_hash=step.policy_hash,
        operator_id=step.operator_id,
        joint_position=[] if step.joint_position is None else step.joint_position.tolist(),
        hand_position=[] if step.hand_position is None else step.hand_position.tolist(),
    )
    if step.base is not None:
        message.base_action = pose_to_ros(step.base)
    if step.residual is not None:
        message.residual = twist_to_ros(step.residual)
    if step.overridden is not None:
        message.overridden_action = pose_to_ros(step.overridden)
    return message


def impedance_to_ros(parameters: ArbiterParameters, stamp_ns: int, guide: bool) -> Impedance:
    """The configured gains, or zero stiffness for the operator's hand."""
    return Impedance(
        header=header_to_ros(stamp_ns, ""),
        frame=Impedance.FRAME_BASE,
        stiffness=list(parameters.stiffness),
        damping_ratio=list(parameters.damping_ratio),
        nullspace_stiffness=parameters.nullspace_stiffness,
        guide=guide,
    )
