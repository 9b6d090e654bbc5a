"""Set up takt's workspace: system packages, virtual environment, build."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import sys
import time
from pathlib import Path

from colcon_build import Build
from environment import Environment, RosSource
from stages import Log, SetupError
from stamps import Stamp
from system import install_missing, needs

_ROOT = Path(__file__).resolve().parents[2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/setup", description=__doc__)
    parser.add_argument("--recreate", action="store_true", help="remove .venv and the build first")
    parser.add_argument("--no-build", action="store_true", help="only the environment")
    parser.add_argument("--verbose", "-v", action="store_true", help="say what is up to date")
    return parser.parse_args()


def set_up(arguments: argparse.Namespace, log: Log) -> bool:
    """Do the stages that are due; return whether there were any."""
    environment = Environment(_ROOT, RosSource.detect())
    if arguments.recreate:
        for name in (".venv", "install", "build/stamps"):
            shutil.rmtree(_ROOT / name, ignore_errors=True)
    busy = False
    missing = [need for need in needs() if not need.present]
    # What is only wanted is tried once: without network or rights it would fail every time.
    tried = Stamp(_ROOT / ".venv" / ".takt-system")
    names = " ".join(need.package for need in missing)
    if any(need.to_build for need in missing) or (missing and not tried.matches(names)):
        log.begin("system", "something is missing")
        log.done(install_missing(log))
        busy = True
    if not environment.wheels_are_current():
        log.begin("environment", str(environment.ros))
        log.done(environment.create(log))
        log.begin("wheels", "installing; minutes the first time")
        log.done(environment.install_wheels(log))
        busy = True
    if missing:
        tried.write(" ".join(need.package for need in needs() if not need.present))
    if arguments.no_build:
        return busy
    build = Build(_ROOT, environment)
    outdated = build.outdated()
    if outdated:
        log.begin("build", f"{len(outdated)} packages; minutes the first time")
        log.done(build.run(log, outdated))
        busy = True
    return busy


def main() -> int:
    arguments = _arguments()
    start_s = time.monotonic()
    build_folder = _ROOT / "build"
    build_folder.mkdir(exist_ok=True)
    with (build_folder / ".setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  ...   waiting for another set-up of this checkout", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            busy = set_up(arguments, Log(build_folder / "setup.log"))
        except SetupError as error:
            print(f"\nset-up stopped: {error}", file=sys.stderr)
            return 1
    if busy or arguments.verbose:
        print(f"takt is set up ({time.monotonic() - start_s:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
