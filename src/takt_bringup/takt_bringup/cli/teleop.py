"""`takt teleop keyboard`: the keyboard device in this terminal.

It needs the terminal for itself, so it is not part of a launch file; everything else may
already be running.
"""

from __future__ import annotations

import argparse
import os

from takt_bringup.launcher import ament
from takt_bringup.launcher.defaults import with_takt_defaults
from takt_core.errors import TaktError


def main(arguments: list[str]) -> int:
    """Become the keyboard node; what is not known here is passed on to it."""
    parser = argparse.ArgumentParser(prog="takt teleop keyboard", description=__doc__)
    parser.add_argument("--namespace", default="", help="namespace of the arm to steer")
    parser.add_argument(
        "--real-time", action="store_true", help="do not follow /clock (no simulator runs)"
    )
    parsed, rest = parser.parse_known_args(arguments)
    environment = with_takt_defaults(os.environ)
    try:
        program = ament.package_executable("takt_teleop", "keyboard_node", environment)
    except ament.PackageNotFoundError as error:
        raise TaktError(str(error)) from error
    ros = ["-p", f"use_sim_time:={str(not parsed.real_time).lower()}"]
    if parsed.namespace:
        ros += ["-r", f"__ns:=/{parsed.namespace.strip('/')}"]
    os.execve(program, [str(program), *rest, "--ros-args", *ros], environment)
