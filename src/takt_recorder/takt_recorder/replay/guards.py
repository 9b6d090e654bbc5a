"""The conditions under which a recorded motion may be repeated."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose, pose_error
from takt_recorder.replay.plan import ReplayPlan

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class ReplayLimits:
    """What a replay may ask of the robot, and how near it must start.

    Attributes:
        start_m, start_rad: of the tool's pose from the recorded start.
        start_joint_rad: of every joint: the arm must be in the same configuration.
        speed_m_s, speed_rad_s: of the tool.
        joint_speed_rad_s: of any joint, as it was recorded (times the speed of the replay).
    """

    start_m: float = 0.02
    start_rad: float = 0.15
    start_joint_rad: float = 0.25
    speed_m_s: float = 0.6
    speed_rad_s: float = 2.0
    joint_speed_rad_s: float = 2.0


def check_plan(plan: ReplayPlan, limits: ReplayLimits) -> None:
    """Whether the motion itself is within the limits.

    Raises:
        TaktError: it is too fast; the message says where.
    """
    step_s = plan.step_ns / _NS_PER_S
    for before, after in itertools.pairwise(plan.waypoints):
        twist = pose_error(after.base_from_tcp, before.base_from_tcp) / step_s
        way, turn = float(np.linalg.norm(twist[:3])), float(np.linalg.norm(twist[3:]))
        if way > limits.speed_m_s or turn > limits.speed_rad_s:
            at_s = (before.time_ns - plan.waypoints[0].time_ns) / _NS_PER_S
            raise TaktError(
                f"{plan.bag} moves at {way:.2f} m/s and {turn:.2f} rad/s {at_s:.2f} s after its "
                f"start; allowed are {limits.speed_m_s:g} m/s and {limits.speed_rad_s:g} rad/s. "
                "Replay it slower (--speed)"
            )
    joint_speed = plan.joint_speed_rad_s * plan.speed
    if joint_speed > limits.joint_speed_rad_s:
        raise TaktError(
            f"{plan.bag} moves a joint at {joint_speed:.2f} rad/s; allowed are "
            f"{limits.joint_speed_rad_s:g} rad/s. Replay it slower (--speed)"
        )


def check_start(plan: ReplayPlan, pose: Pose, joints: Array, limits: ReplayLimits) -> None:
    """Whether the robot stands where the recording began.

    Raises:
        TaktError: it does not; the message says how far it is off.
    """
    error = pose_error(pose, plan.start)
    way, turn = float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
    if way > limits.start_m or turn > limits.start_rad:
        raise TaktError(
            f"the tool is {1e3 * way:.1f} mm and {np.degrees(turn):.1f}° from where the recording "
            f"began; allowed are {1e3 * limits.start_m:.0f} mm and "
            f"{np.degrees(limits.start_rad):.0f}°. Move it to {plan.start.position_m.round(3)}, "
            "or reset the simulated task (--reset)"
        )
    if joints.shape != plan.start_joints.shape:
        raise TaktError(f"the arm has {joints.size} joints; {plan.start_joints.size} were recorded")
    off = np.abs(joints - plan.start_joints)
    worst = int(np.argmax(off)) if off.size else 0
    if off.size and off[worst] > limits.start_joint_rad:
        raise TaktError(
            f"joint {worst + 1} is {off[worst]:.2f} rad from where the recording began; allowed "
            f"are {limits.start_joint_rad:g} rad: the arm is in another configuration"
        )
