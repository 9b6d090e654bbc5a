"""`takt move`: a planned motion of the robot that is running. Ctrl-C stops it.

takt move home
takt move retreat
takt move joints 0 -0.2 0 -2.45 0 2.25 0.785
takt move pose 0.45 0 0.3              (the tool keeps its orientation)
takt move pose 0.45 0 0.3 1 0 0 0      (quaternion x y z w)
"""

from __future__ import annotations

import argparse

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Pose


def main(arguments: list[str]) -> int:
    """Run the subcommand: 0 if the robot has arrived."""
    options = _parse(arguments)
    place, joints, pose = _target(options.target, options.numbers)
    # Here, not above: everything outside nodes/ imports without ROS.
    from takt_motion.nodes.move_client import MoveClient

    with MoveClient(options.namespace, not options.real_time) as client:
        client.wait_for_server(options.patience)
        if pose is not None and len(options.numbers) == 3:
            pose = Pose(pose.position_m, client.tool_orientation(options.patience))
        success, message = client.move(place, joints, pose, options.speed)
    print(message)
    return 0 if success else 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="takt move", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", help="home, retreat, another place, `joints` or `pose`")
    parser.add_argument("numbers", nargs="*", type=float, help="of `joints` [rad] or `pose` [m]")
    parser.add_argument(
        "--speed",
        type=float,
        default=0.0,
        help="above 0 to 1 of the limits; default: as configured",
    )
    parser.add_argument("--namespace", default="", help="namespace of the arm")
    parser.add_argument(
        "--real-time", action="store_true", help="do not follow /clock (no simulator runs)"
    )
    parser.add_argument("--patience", type=float, default=5.0, help="wait for the motion node [s]")
    return parser.parse_args(arguments)


def _target(word: str, numbers: list[float]) -> tuple[str, list[float], Pose | None]:
    """Place, joints and pose, of which one says something.

    Raises:
        TaktError: numbers that do not fit the word.
    """
    if word == "joints":
        if not numbers:
            raise TaktError("`takt move joints` needs an angle [rad] for each joint")
        return "", numbers, None
    if word == "pose":
        if len(numbers) not in (3, 7):
            raise TaktError(
                f"`takt move pose` has {len(numbers)} numbers; allowed are x y z [m], or these and "
                "the quaternion x y z w"
            )
        orientation = numbers[3:] or [0.0, 0.0, 0.0, 1.0]
        return "", [], Pose(np.array(numbers[:3]), np.array(orientation))
    if numbers:
        raise TaktError(f"place {word!r} takes no numbers; `joints` and `pose` do")
    return word, [], None
