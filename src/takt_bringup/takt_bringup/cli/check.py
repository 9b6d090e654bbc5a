"""`takt check`: a real arm's configuration on a model of it, and the arm before it moves.

takt check config fr3        the files, against the arm's model, and rehearsed on it
takt check arm fr3           the same, this machine, the network, and the arm that is running
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from takt_bringup.cli.doctor import format_finding
from takt_bringup.doctor.finding import Finding, Level, fail
from takt_bringup.doctor.probe import ProbeError, run_probe
from takt_bringup.launcher.defaults import with_takt_defaults
from takt_bringup.robots.configuration import PROFILES, RobotConfiguration, read_robot
from takt_bringup.robots.consistency import (
    check_limits,
    check_model,
    check_profile,
    check_rehearsal,
    check_strength,
)
from takt_bringup.robots.live import judge_robot
from takt_bringup.robots.machine import robot_machine
from takt_core.errors import TaktError
from takt_description import REAL_ARMS, home_posture, real_arm_description


def _parser(live: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"takt check {'arm' if live else 'config'}",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("robot", help="a folder below config/robots")
    parser.add_argument("--profile", default=PROFILES[0], help=f"{' or '.join(PROFILES)}")
    parser.add_argument("--folder", type=Path, help="instead of config/robots")
    parser.add_argument("--urdf", type=Path, help="of the arm, instead of takt's own")
    if live:
        parser.add_argument("--address", help="of the robot, to measure the network")
        parser.add_argument("--namespace", default="", help="of the robot that is running")
        parser.add_argument("--seconds", type=float, default=3.0, help="to listen")
    return parser


def _urdf(parsed: argparse.Namespace) -> str:
    if parsed.urdf is not None:
        return str(parsed.urdf.read_text(encoding="utf-8"))
    if parsed.robot not in REAL_ARMS:
        raise TaktError(f"takt has no URDF of {parsed.robot}: give --urdf")
    return real_arm_description(parsed.robot)


def config_findings(robot: RobotConfiguration, urdf_xml: str) -> Iterator[Finding]:
    """Check a configuration against a URDF and rehearse it, one finding at a time."""
    arm, model = check_model(robot, urdf_xml)
    yield model
    if arm is None:
        return
    yield from check_limits(robot, arm)
    posture = home_posture(urdf_xml)
    if not set(robot.joints) <= set(posture):
        return
    home = np.array([posture[joint] for joint in robot.joints])
    yield from check_strength(robot, arm, home)
    yield check_profile(robot)
    yield from check_rehearsal(robot, arm, home)


def live_findings(robot: RobotConfiguration, parsed: argparse.Namespace) -> Iterator[Finding]:
    """Check this machine, the network, and the robot that is running."""
    yield from robot_machine(robot, parsed.address)
    words = [str(parsed.seconds), *([parsed.namespace] if parsed.namespace else [])]
    try:
        answer = run_probe(
            "takt_bringup.nodes.arm_probe", with_takt_defaults(os.environ), arguments=words
        )
    except ProbeError as error:
        yield fail("robot", f"cannot listen to it: {error}", "run `takt doctor`")
        return
    arm, model = check_model(robot, answer["description"] or _urdf(parsed))
    if arm is None:
        yield model
        return
    yield from judge_robot(robot, arm, answer)


def _report(findings: Iterator[Finding]) -> int:
    levels = []
    for finding in findings:
        print(format_finding(finding, sys.stdout.isatty()), flush=True)
        levels.append(finding.level)
    failures, warnings = levels.count(Level.FAIL), levels.count(Level.WARN)
    print(f"{failures} to mend, {warnings} warnings" if failures or warnings else "all well")
    return int(failures > 0)


def main_config(arguments: list[str]) -> int:
    """Run `takt check config`; 1 if something must be mended."""
    parsed = _parser(live=False).parse_args(arguments)
    robot = read_robot(parsed.robot, parsed.profile, parsed.folder)
    return _report(config_findings(robot, _urdf(parsed)))


def main_arm(arguments: list[str]) -> int:
    """Run `takt check arm`; 1 if something must be mended."""
    parsed = _parser(live=True).parse_args(arguments)
    robot = read_robot(parsed.robot, parsed.profile, parsed.folder)

    def findings() -> Iterator[Finding]:
        yield from config_findings(robot, _urdf(parsed))
        yield from live_findings(robot, parsed)

    return _report(findings())
