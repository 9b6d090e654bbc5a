"""What a chunk must keep to be followed: it begins near the arm, and moves at a bounded speed."""

from __future__ import annotations

import itertools

import numpy as np

from takt_core.geometry import Array, pose_error
from takt_teleop.inputs import ArmReport
from takt_teleop.plan import PlannedStep
from takt_teleop.settings import ArbiterParameters


def refusal(
    steps: list[PlannedStep],
    residual: Array | None,
    report: ArmReport,
    parameters: ArbiterParameters,
) -> str:
    """Why these actions are not to be followed; empty if they are.

    Args:
        steps: at least one, still to come.
        residual: (6,) the operator's correction in SHARED, or None.
        report: of the arm as it is now.
    """
    return _jump(steps[0], residual, report, parameters) or _haste(steps, parameters)


def _jump(
    step: PlannedStep, residual: Array | None, report: ArmReport, p: ArbiterParameters
) -> str:
    joints = step.joint_position if residual is None else None
    if joints is not None:
        return _joint_jump(joints, report.joints, p)
    error = pose_error(step.base, report.target)
    if residual is not None:
        error = error + residual
    way, turn = _way_and_turn(error)
    if way <= p.max_jump_m and turn <= p.max_jump_rad:
        return ""
    return (
        f"its first waypoint is {way:.3f} m and {turn:.2f} rad from the present target; "
        f"allowed are max_jump_m {p.max_jump_m:g} and max_jump_rad {p.max_jump_rad:g}"
    )


def _joint_jump(joints: Array, present: Array, p: ArbiterParameters) -> str:
    if joints.size != present.size:
        return f"it is for {joints.size} joints; the arm has {present.size}"
    off = np.abs(joints - present)
    worst = int(np.argmax(off))
    if off[worst] <= p.max_jump_joint_rad:
        return ""
    return (
        f"its first waypoint has joint {worst + 1} {off[worst]:.2f} rad from where it is; "
        f"allowed are max_jump_joint_rad {p.max_jump_joint_rad:g}"
    )


def _haste(steps: list[PlannedStep], p: ArbiterParameters) -> str:
    """Why the actions are too far apart for the time between them; the follower would be
    late at each, and the arm go at its own speed limit to where none of them meant it to."""
    for before, after in itertools.pairwise(steps):
        span_s = (after.time_ns - before.time_ns) / 1e9
        speed, turn = _way_and_turn(pose_error(after.base, before.base) / span_s)
        joint = 0.0
        if before.joint_position is not None and after.joint_position is not None:
            joint = float(np.abs(after.joint_position - before.joint_position).max()) / span_s
        if speed > p.policy_speed_m_s or turn > p.policy_speed_rad_s:
            return (
                f"its action {after.index} asks for {speed:.2f} m/s and {turn:.2f} rad/s; "
                f"allowed are policy_speed_m_s {p.policy_speed_m_s:g} and "
                f"policy_speed_rad_s {p.policy_speed_rad_s:g}"
            )
        if joint > p.policy_speed_joint_rad_s:
            return (
                f"its action {after.index} asks for {joint:.2f} rad/s of a joint; allowed are "
                f"policy_speed_joint_rad_s {p.policy_speed_joint_rad_s:g}"
            )
    return ""


def _way_and_turn(error: Array) -> tuple[float, float]:
    return float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
