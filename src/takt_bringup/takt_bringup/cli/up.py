"""`takt up NAME`: start a launch file, as `ros2 launch takt_bringup NAME.launch.yaml` does."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from takt_bringup.cli.launch_files import find_launch_file, launch_folder, names
from takt_bringup.launcher.evaluate import arguments_of, evaluate_launch_file
from takt_bringup.launcher.output import Console
from takt_bringup.launcher.supervisor import supervise
from takt_core.errors import TaktError


def parse_launch_arguments(words: list[str]) -> dict[str, str]:
    """Parse `name:=value` words.

    Raises:
        TaktError: a word has another form.
    """
    values = {}
    for word in words:
        name, separator, value = word.partition(":=")
        if not separator or not name:
            raise TaktError(f"`{word}` is not a launch argument; write name:=value")
        values[name] = value
    return values


def log_folder() -> Path:
    """Return where ROS programs put their logs."""
    if os.environ.get("ROS_LOG_DIR"):
        return Path(os.environ["ROS_LOG_DIR"])
    home = os.environ.get("ROS_HOME") or str(Path("~/.ros").expanduser())
    return Path(home) / "log"


def _show_arguments(file: Path) -> None:
    infos = arguments_of(file)
    print(f"arguments of {file}:" if infos else f"{file} has no arguments")
    for info in infos:
        default = (
            "must be given" if info.default is None else f"default: {info.default or '(empty)'}"
        )
        choices = f"; one of {', '.join(info.choices)}" if info.choices else ""
        print(f"  {info.name}:=  ({default}{choices})\n      {info.description}".rstrip())


def _show_plan(file: Path, arguments: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="takt_launch_") as folder:
        plan = evaluate_launch_file(file, arguments, Path(folder))
        for message in plan.messages:
            print(f"# {message}")
        for process in plan.processes:
            traits = [f"output {process.output}"]
            traits += [f"respawn after {process.respawn_delay_s:g} s"] if process.respawn else []
            traits += ["required"] if process.required else []
            changed = {
                name: value
                for name, value in process.environment.items()
                if os.environ.get(name) != value
            }
            print(f"# {process.label}: {', '.join(traits)}; from {process.where}")
            print("".join(f"{k}={v} " for k, v in sorted(changed.items())), end="")
            print(process.shell_line())
            for parameters in sorted(set(process.command) & set(map(str, Path(folder).iterdir()))):
                text = Path(parameters).read_text(encoding="utf-8").rstrip()
                print("\n".join(f"#   {line}" for line in text.splitlines()))


def main(arguments: list[str]) -> int:
    """Run the subcommand."""
    parser = argparse.ArgumentParser(
        prog="takt up",
        description=__doc__,
        epilog=f"launch files: {', '.join(names(launch_folder()))}",
    )
    parser.add_argument("name", help="a launch file of takt, or a path to one")
    parser.add_argument("argument", nargs="*", help="launch arguments, name:=value")
    parser.add_argument(
        "-s", "--show-args", action="store_true", help="list the launch arguments and stop"
    )
    parser.add_argument(
        "-n", "--dry-run", action="store_true", help="print what would be started and stop"
    )
    parsed = parser.parse_intermixed_args(arguments)
    file = find_launch_file(parsed.name)
    values = parse_launch_arguments(parsed.argument)
    if parsed.show_args:
        _show_arguments(file)
        return 0
    if parsed.dry_run:
        _show_plan(file, values)
        return 0
    stamp = time.strftime("%Y-%m-%d-%H-%M-%S")
    log = log_folder() / f"takt-{file.name.split('.')[0]}-{stamp}-{os.getpid()}.log"
    console = Console(log)
    try:
        supervisor = supervise(file, values, console)
        console.say(f"everything is logged in {log}")
        supervisor.start()
        return supervisor.run()
    finally:
        console.close()
