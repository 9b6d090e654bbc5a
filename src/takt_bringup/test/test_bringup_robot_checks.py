"""What `takt check arm` concludes from what it hears of a robot, its network and its machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from takt_bringup.doctor.finding import Level, ok, warn
from takt_bringup.robots.configuration import MeasuredTorque, RobotConfiguration, read_robot
from takt_bringup.robots.gravity import EffortSamples, check_gravity
from takt_bringup.robots.live import check_interfaces, check_joint_states, judge_robot
from takt_bringup.robots.machine import (
    check_control_loop,
    check_governor,
    check_network,
    judge_network,
)
from takt_description import home_posture, real_arm_description
from takt_impedance.kinematics import ArmModel

_FOLDER = Path(__file__).resolve().parents[3] / "config" / "robots"
_PING = """
--- 172.16.0.2 ping statistics ---
25 packets transmitted, {received} received, {lost}% packet loss, time 4805ms
rtt min/avg/max/mdev = 0.101/0.142/{worst}/0.021 ms
"""


@pytest.fixture
def robot() -> RobotConfiguration:
    return read_robot("fr3", folder=_FOLDER)


@pytest.fixture
def arm(robot: RobotConfiguration) -> ArmModel:
    return ArmModel(real_arm_description("fr3"), robot.tool_frame, robot.joints)


@pytest.fixture
def home() -> np.ndarray:
    posture = home_posture(real_arm_description("fr3"))
    return np.array([posture[f"fr3_joint{index}"] for index in range(1, 8)])


def _samples(q: np.ndarray, effort: np.ndarray) -> EffortSamples:
    noise = np.random.default_rng(0).standard_normal((50, len(q)))
    return EffortSamples(q + 1e-4 * noise, effort + 0.1 * noise)


def test_gravity_that_is_measured_is_recognised(
    robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    assert check_gravity(robot, arm, _samples(home, arm.gravity(home))).level is Level.OK


@pytest.mark.parametrize(
    ("scale", "advice"), [(-1.0, "sign: -1.0"), (0.0, "includes_gravity: false")]
)
def test_another_convention_is_named(
    scale: float, advice: str, robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    finding = check_gravity(robot, arm, _samples(home, scale * arm.gravity(home)))
    assert finding.level is Level.FAIL
    assert advice in finding.advice


@pytest.mark.parametrize("scale", [1.0, -1.0, 0.0])
def test_the_declared_convention_is_accepted(
    scale: float, robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    declared = MeasuredTorque(True, scale != 0.0, scale or 1.0)
    robot = dataclasses.replace(robot, measured_torque=declared)
    assert check_gravity(robot, arm, _samples(home, scale * arm.gravity(home))).level is Level.OK


def test_currents_are_no_torques(
    robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    currents = np.array([0.1, 1.9, -0.3, 1.1, 0.4, 0.2, 0.0])
    finding = check_gravity(robot, arm, _samples(home, 6.0 * currents))
    assert finding.level is Level.FAIL
    assert "available: false" in finding.advice


def test_a_forgotten_payload_is_seen(
    robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    jacobian = arm.terms(home, np.zeros(7)).jacobian
    load = arm.gravity(home) + jacobian[2] * 9.81 * 0.7
    finding = check_gravity(robot, arm, _samples(home, load))
    assert finding.level is Level.WARN
    assert "payload" in finding.advice


def test_an_arm_that_moves_is_not_judged(
    robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    samples = _samples(home, arm.gravity(home))
    moving = EffortSamples(samples.q + np.linspace(0, 0.1, 50)[:, None], samples.effort)
    assert "hold it still" in check_gravity(robot, arm, moving).advice


def test_an_arm_that_stands_upright_says_too_little() -> None:
    robot = read_robot("iiwa14", folder=_FOLDER)
    arm = ArmModel(real_arm_description("iiwa14"), robot.tool_frame, robot.joints)
    upright = np.zeros(7)
    finding = check_gravity(robot, arm, _samples(upright, arm.gravity(upright)))
    assert finding.level is Level.WARN
    assert "bend the arm" in finding.advice


def _answer(robot: RobotConfiguration, q: np.ndarray, effort: np.ndarray) -> dict[str, Any]:
    samples = _samples(q, effort)
    names = list(reversed(robot.joints))
    interfaces = [
        f"{joint}/{kind}" for joint in names for kind in ("position", "velocity", "effort")
    ]
    return {
        "names": names,
        "stamps_s": (0.004 * np.arange(50)).tolist(),
        "position": samples.q[:, ::-1].tolist(),
        "effort": samples.effort[:, ::-1].tolist(),
        "commands": interfaces,
        "states": interfaces,
    }


def test_a_robot_that_is_as_it_should_be(
    robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    findings = judge_robot(robot, arm, _answer(robot, home, arm.gravity(home)))
    assert [finding.topic for finding in findings] == [
        "joint states", "interfaces", "posture", "gravity",
    ]  # fmt: skip
    assert {finding.level for finding in findings} == {Level.OK}


def test_a_posture_at_the_end_of_a_range_is_refused(
    robot: RobotConfiguration, arm: ArmModel, home: np.ndarray
) -> None:
    home[5] = 0.9
    findings = judge_robot(robot, arm, _answer(robot, home, arm.gravity(home)))
    posture = next(finding for finding in findings if finding.topic == "posture")
    assert posture.level is Level.FAIL
    assert "fr3_joint6" in posture.found


def test_joint_states_that_are_missing_slow_or_of_others(
    robot: RobotConfiguration, home: np.ndarray
) -> None:
    answer = _answer(robot, home, home)
    assert check_joint_states(robot, {**answer, "stamps_s": []}).level is Level.FAIL
    slow = {**answer, "stamps_s": (0.1 * np.arange(50)).tolist()}
    assert check_joint_states(robot, slow).level is Level.WARN
    other = check_joint_states(robot, {**answer, "names": ["joint1"]})
    assert "fr3_joint1" in other.found


def test_interfaces_that_the_hardware_lacks_are_named(robot: RobotConfiguration) -> None:
    positions = [f"{joint}/position" for joint in robot.joints]
    states = [f"{joint}/{kind}" for joint in robot.joints for kind in ("position", "velocity")]
    finding = check_interfaces(robot, positions, states)
    assert finding.level is Level.FAIL
    assert "fr3_joint1/effort" in finding.found
    sensing = read_robot("ur5e", folder=_FOLDER)
    wanted = [f"{joint}/position" for joint in sensing.joints]
    finding = check_interfaces(sensing, wanted, wanted)
    assert "tcp_fts_sensor/force.x" in finding.found
    assert "effort" not in finding.found


def test_the_network_is_judged_by_the_period_of_the_loop() -> None:
    fine = _PING.format(received=25, lost=0, worst="0.311")
    assert judge_network("172.16.0.2", 1000, fine).level is Level.OK
    slow = _PING.format(received=25, lost=0, worst="0.711")
    assert judge_network("172.16.0.2", 1000, slow).level is Level.WARN
    assert judge_network("172.16.0.2", 500, slow).level is Level.OK
    lossy = _PING.format(received=24, lost=4, worst="0.311")
    assert judge_network("172.16.0.2", 1000, lossy).level is Level.FAIL
    assert judge_network("172.16.0.2", 1000, "").level is Level.FAIL


def test_the_network_is_measured_with_ping(tmp_path: Path) -> None:
    program = tmp_path / "ping"
    answer = _PING.format(received=25, lost=0, worst="0.311")
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}END\n")
    program.chmod(0o755)
    assert check_network("172.16.0.2", 1000, str(program)).level is Level.OK
    assert check_network("172.16.0.2", 1000, "no-such-ping").level is Level.WARN


def test_a_torque_loop_does_not_go_without_a_real_time_kernel(robot: RobotConfiguration) -> None:
    ordinary = warn("realtime", "ordinary kernel", "only for hardware: install another")
    finding = check_control_loop(robot, ordinary)
    assert finding.level is Level.FAIL
    assert finding.advice == "install another"
    position = read_robot("ur5e", folder=_FOLDER)
    assert check_control_loop(position, ordinary).level is Level.WARN
    assert check_control_loop(robot, ok("realtime", "PREEMPT_RT")).level is Level.OK


def test_processors_that_save_power_are_seen(tmp_path: Path) -> None:
    assert check_governor(tmp_path).level is Level.OK
    for index, governor in enumerate(("performance", "powersave")):
        folder = tmp_path / f"cpu{index}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(f"{governor}\n")
    assert check_governor(tmp_path).level is Level.WARN
    (tmp_path / "cpu1/cpufreq/scaling_governor").write_text("performance\n")
    assert check_governor(tmp_path).level is Level.OK
