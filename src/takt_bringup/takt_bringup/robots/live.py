"""Judging a running robot: its joint states, its interfaces, its torques."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from takt_bringup.doctor.finding import Finding, fail, ok, warn
from takt_bringup.robots.configuration import RobotConfiguration
from takt_bringup.robots.gravity import EffortSamples, check_gravity
from takt_impedance.kinematics import ArmModel

_LEAST_RATE_HZ = 50.0


def check_joint_states(robot: RobotConfiguration, answer: Mapping[str, Any]) -> Finding:
    """Whether joint_states has all joints, often enough, at rest."""
    if not answer["stamps_s"]:
        return fail(
            "joint states",
            "nothing on joint_states",
            "start the robot with activate:=false; with a namespace, give --namespace",
        )
    missing = sorted(set(robot.joints) - set(answer["names"]))
    if missing:
        return fail(
            "joint states",
            f"without {', '.join(missing)}; there are {', '.join(answer['names'])}",
            f"change `joints` in {robot.files[0]}",
        )
    stamps = np.array(answer["stamps_s"])
    gaps = np.diff(stamps)
    if not len(gaps) or stamps[-1] <= stamps[0]:
        return fail("joint states", "only one message", "is the controller manager running?")
    rate = len(gaps) / (stamps[-1] - stamps[0])
    found = f"{rate:.0f} Hz, largest gap {1e3 * gaps.max():.1f} ms"
    if rate < _LEAST_RATE_HZ:
        return warn("joint states", found, "raise update_rate of joint_state_broadcaster")
    return ok("joint states", found)


def check_posture(robot: RobotConfiguration, answer: Mapping[str, Any]) -> Finding:
    """Whether the arm stands within the configured ranges, not at their ends."""
    parameters = robot.parameters()
    q = samples_of(robot, answer).q.mean(axis=0)
    margin = np.fmin(q - parameters.joint_lower_rad, parameters.joint_upper_rad - q)
    margin = np.where(np.isnan(margin), np.inf, margin)
    worst = int(margin.argmin())
    found = f"{robot.joints[worst]} is {margin[worst]:.2f} rad from the end of its range"
    if margin[worst] < parameters.barrier_margin_rad:
        return fail(
            "posture", found, "jog the arm to the middle of its ranges before takt moves it"
        )
    return ok("posture", found if np.isfinite(margin[worst]) else "all joints turn without end")


def check_interfaces(
    robot: RobotConfiguration, commands: Sequence[str], states: Sequence[str]
) -> Finding:
    """Whether the hardware offers what the controller claims."""
    wanted = [f"{joint}/{robot.command_interface}" for joint in robot.joints]
    missing = [name for name in wanted if name not in commands]
    needed = ["position", "velocity", *(["effort"] if robot.measured_torque.available else [])]
    missing += [
        f"{joint}/{kind}"
        for joint in robot.joints
        for kind in needed
        if f"{joint}/{kind}" not in states
    ]
    if robot.force_torque_sensor:
        axes = [f"{kind}.{axis}" for kind in ("force", "torque") for axis in "xyz"]
        sensed = [f"{robot.force_torque_sensor}/{axis}" for axis in axes]
        missing += [name for name in sensed if name not in states]
    if missing:
        return fail(
            "interfaces",
            f"the hardware lacks {', '.join(missing)}",
            f"change `joints` or `command_interface` in {robot.files[0]}, or the driver's "
            "description; is the hardware component active?",
        )
    return ok("interfaces", f"{len(wanted)} to command, all states that are needed")


def samples_of(robot: RobotConfiguration, answer: Mapping[str, Any]) -> EffortSamples:
    """Angles and efforts in the order of the robot's joints."""
    order = [answer["names"].index(joint) for joint in robot.joints]
    return EffortSamples(
        np.array(answer["position"])[:, order], np.array(answer["effort"])[:, order]
    )


def judge_robot(
    robot: RobotConfiguration, arm: ArmModel, answer: Mapping[str, Any]
) -> list[Finding]:
    """Judge what `takt_bringup.nodes.arm_probe` heard."""
    states = check_joint_states(robot, answer)
    findings = [states]
    if answer["commands"] is not None:
        findings.append(check_interfaces(robot, answer["commands"], answer["states"]))
    if set(robot.joints) <= set(answer["names"]):
        samples = samples_of(robot, answer)
        findings += [check_posture(robot, answer), check_gravity(robot, arm, samples)]
    return findings
