"""`takt bag replay BAG`: repeat a recorded episode, and say how far the path was off.

Without --attach it starts the simulator and the arbiter for it, with the task reset to the
recorded seed. With --attach it uses the robot that is running. Either way the commands go
through the arbiter, and only if the robot stands where the recording began.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time

from takt_bringup.cli.launch_files import find_launch_file
from takt_bringup.cli.up import log_folder
from takt_bringup.launcher.defaults import with_takt_defaults
from takt_bringup.launcher.output import Console
from takt_bringup.launcher.supervisor import Supervisor, supervise
from takt_core.errors import TaktError
from takt_recorder.cli import replay
from takt_recorder.replay.loading import load_plan

_PERIOD_S = 0.05


def main(arguments: list[str]) -> int:
    """Run the subcommand."""
    if "--attach" in arguments:
        return replay.main([word for word in arguments if word != "--attach"])
    parser = argparse.ArgumentParser(prog="takt bag replay", description=__doc__)
    replay.add_arguments(parser)
    parser.add_argument(
        "--attach", action="store_true", help="use the robot that is running; see there for more"
    )
    parsed = parser.parse_args(arguments)
    seed = load_plan(parsed.bag, parsed.speed).seed
    if seed is None:
        raise TaktError(
            f"{parsed.bag} has no seed, so the simulated task cannot be set up as it was; "
            "tag recordings with `seed`, or replay on a running robot with --attach"
        )
    values = {"record": "false", "seed": str(seed), "namespace": parsed.namespace}
    log = log_folder() / f"takt-replay-{time.strftime('%Y-%m-%d-%H-%M-%S')}-{os.getpid()}.log"
    console = Console(log)
    try:
        supervisor = supervise(find_launch_file("sim"), values, console)
        with supervisor:
            return _replay(supervisor, parsed)
    finally:
        console.close()


def _replay(supervisor: Supervisor, parsed: argparse.Namespace) -> int:
    """Replay while the launched processes are looked after."""
    codes: list[int | TaktError] = []

    def work() -> None:
        try:
            result = replay.replay(
                parsed.bag,
                speed=parsed.speed,
                reset=True,
                namespace=parsed.namespace,
                environment=with_takt_defaults(os.environ),
            )
            codes.append(replay.report(result, parsed.json))
        except TaktError as error:
            codes.append(error)

    # The terminal's Ctrl-C reaches the replay as well, which ends and lets this end.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        thread = threading.Thread(target=work, name="replay")
        thread.start()
        while thread.is_alive():
            supervisor.poll()
            time.sleep(_PERIOD_S)
    finally:
        signal.signal(signal.SIGINT, before)
    if isinstance(codes[0], TaktError):
        raise codes[0]
    return codes[0]
