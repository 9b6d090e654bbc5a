"""Does a configuration fit the arm that its URDF describes?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from takt_bringup.doctor.finding import Finding, fail, ok, warn
from takt_bringup.robots.configuration import PROFILES, RobotConfiguration
from takt_bringup.robots.rehearsal import Rehearsal, rehearse
from takt_core.errors import TaktError
from takt_impedance.kinematics import ArmModel

Float = NDArray[np.float64]
_SOFT_N = 20.0
_SOFT_M_S = 0.1
_DRIFT_M = 1e-3
_REST_RAD_S = 0.05
_ERROR_M = 2.5e-3


def check_model(robot: RobotConfiguration, urdf_xml: str) -> tuple[ArmModel | None, Finding]:
    """Find the joints and the tool frame in the URDF."""
    place = robot.files[0]
    try:
        arm = ArmModel(urdf_xml, robot.tool_frame, robot.joints)
    except ValueError as error:
        return None, fail("model", str(error), f"change `joints` or `tool_frame` in {place}")
    if not arm.model.existFrame(robot.base_frame):
        return None, fail(
            "model",
            f"base frame {robot.base_frame!r} is not in the URDF",
            f"change `base_frame` in {place}",
        )
    return arm, ok("model", f"{len(robot.joints)} joints, tool frame {robot.tool_frame}")


def check_limits(robot: RobotConfiguration, arm: ArmModel) -> list[Finding]:
    """Compare the configured limits with those of the URDF, joint by joint."""
    parameters = robot.parameters()
    findings = [
        _within("torque limits", parameters.torque_limit_nm, arm.torque_limit_nm, "Nm", robot),
        _within(
            "speed limits",
            parameters.joint_velocity_limit_rad_s,
            arm.velocity_limit_rad_s,
            "rad/s",
            robot,
        ),
        _within(
            "joint motion",
            parameters.max_joint_velocity_rad_s,
            parameters.joint_velocity_limit_rad_s,
            "rad/s",
            robot,
        ),
    ]
    lower, upper = parameters.joint_lower_rad, parameters.joint_upper_rad
    turning = np.isnan(arm.lower_rad)
    outside = (lower < arm.lower_rad) | (upper > arm.upper_rad) | (np.isnan(lower) & ~turning)
    findings.append(
        fail(
            "joint ranges",
            _names(robot, outside, "beyond the URDF"),
            f"narrow them in {robot.files[0]}",
        )
        if outside.any()
        else ok("joint ranges", "within those of the URDF")
    )
    return findings


def check_strength(robot: RobotConfiguration, arm: ArmModel, home: Float) -> list[Finding]:
    """Whether the limits of torque leave the arm room to hold itself and the law to work."""
    parameters = robot.parameters()
    share = np.abs(arm.gravity(home)) / parameters.torque_limit_nm
    worst = int(share.argmax())
    found = (
        f"gravity takes {100 * share[worst]:.0f} % of the limit of {robot.joints[worst]} at home"
    )
    held = ok("holding", found)
    if share[worst] > 0.8:
        held = fail("holding", found, "raise `torque_limit_nm`, or choose another arm or payload")
    jacobian = arm.terms(home, np.zeros(len(home))).jacobian
    needed = np.abs(jacobian[:3]).max(axis=0) * parameters.max_force_n
    left = parameters.torque_limit_nm - np.abs(arm.gravity(home))
    weak = needed > left
    force = (
        warn(
            "force",
            _names(robot, weak, f"cannot give {parameters.max_force_n:g} N at the tool"),
            "the torque is clipped before `max_force_n` is reached; lower it",
        )
        if weak.any()
        else ok("force", f"{parameters.max_force_n:g} N at the tool are within the torque limits")
    )
    return [held, force]


def check_profile(robot: RobotConfiguration) -> Finding:
    """Whether a profile for first motions is as weak and slow as it should be."""
    parameters = robot.parameters()
    found = (
        f"{np.diag(parameters.stiffness)[:3].max():g} N/m, {parameters.max_force_n:g} N, "
        f"{parameters.max_linear_velocity_m_s:g} m/s"
    )
    strong = parameters.max_force_n > _SOFT_N or parameters.max_linear_velocity_m_s > _SOFT_M_S
    if strong and robot.files[-1].stem == PROFILES[0]:
        return warn(
            "profile", found, f"first motions want at most {_SOFT_N:g} N and {_SOFT_M_S:g} m/s"
        )
    return ok("profile", found)


def _names(robot: RobotConfiguration, which: NDArray[np.bool_], what: str) -> str:
    return f"{', '.join(np.array(robot.joints)[which])}: {what}"


def _within(
    topic: str, configured: Float, allowed: Float, unit: str, robot: RobotConfiguration
) -> Finding:
    beyond = ~(configured <= allowed * (1 + 1e-9))
    if beyond.any():
        worst = int(np.argmax(np.where(beyond, configured / allowed, 0.0)))
        return fail(
            topic,
            f"{robot.joints[worst]}: {configured[worst]:g} {unit}, the limit is {allowed[worst]:g}",
            f"lower it in {' or '.join(str(file) for file in robot.files)}",
        )
    return ok(topic, f"at most {100 * float((configured / allowed).max()):.0f} % of the limit")


def check_rehearsal(robot: RobotConfiguration, arm: ArmModel, home: Float) -> list[Finding]:
    """Run the configuration on the model of the arm and judge what happened."""
    place = f"lower the stiffness in {robot.files[-1]}"
    try:
        seen = rehearse(robot, arm, home)
    except TaktError as error:
        return [fail("rehearsal", str(error), place)]
    return [_calm(seen, place), _accurate(seen, place), _stops(robot, seen), _loads(seen, place)]


def _loads(seen: Rehearsal, place: str) -> Finding:
    found = (
        f"up to {100 * seen.torque_share:.0f} % of the torques, "
        f"{100 * seen.torque_rate_share:.0f} % of their rates, "
        f"{100 * seen.speed_share:.0f} % of the speeds"
    )
    if max(seen.torque_share, seen.torque_rate_share, seen.speed_share) > 1.0 - 1e-6:
        return warn("loads", found, f"the limits cut in: {place}, or the jerk and acceleration")
    return ok("loads", found)


def _calm(seen: Rehearsal, place: str) -> Finding:
    found = (
        f"drifts by {1e3 * seen.hold_drift_m:.1f} mm while it holds, "
        f"{seen.rest_speed_rad_s:.3f} rad/s when it should rest"
    )
    if seen.fault:
        return fail("steadiness", f"fault {seen.fault}", place)
    if seen.hold_drift_m > _DRIFT_M or seen.rest_speed_rad_s > _REST_RAD_S:
        return fail("steadiness", found, place)
    return ok("steadiness", found)


def _accurate(seen: Rehearsal, place: str) -> Finding:
    found = (
        f"a step of 20 mm ends {1e3 * seen.step_error_m:.1f} mm off, "
        f"{1e3 * seen.overshoot_m:.1f} mm too far on the way; a push of "
        f"{1e3 * seen.push_m:.0f} mm leaves {1e3 * seen.return_error_m:.1f} mm"
    )
    if max(seen.step_error_m, seen.return_error_m, 0.5 * seen.overshoot_m) > _ERROR_M:
        return fail("accuracy", found, place)
    return ok("accuracy", found)


def _stops(robot: RobotConfiguration, seen: Rehearsal) -> Finding:
    stop_s = robot.parameters().stop_s
    found = f"the target rests {seen.stop_time_s:.2f} s after the stop, allowed are {stop_s:g} s"
    if seen.stop_time_s > stop_s + 2.0 / robot.update_rate_hz:
        return fail("stopping", found, "this is an error of takt: please report it")
    return ok("stopping", found)
