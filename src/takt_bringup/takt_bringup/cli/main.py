"""`takt`: finds the subcommand and hands it the rest of the command line.

A subcommand is a module with `main(arguments: list[str]) -> int`; it is imported only when
it is asked for, so that `takt up` does not wait for a network runtime to load.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from takt_core.errors import TaktError


@dataclass(frozen=True)
class Subcommand:
    """One subcommand: its words, the module that has its `main`, and what it does."""

    words: tuple[str, ...]
    module: str
    summary: str
    function: str = "main"


SUBCOMMANDS = (
    Subcommand(("up",), "takt_bringup.cli.up", "start a launch file: takt up sim_policy"),
    Subcommand(("demo",), "takt_bringup.demo.command", "run and record the demo episodes"),
    Subcommand(("film",), "takt_sim.cli.film", "watch a scripted expert: takt film grasp_cylinder"),
    Subcommand(("doctor",), "takt_bringup.cli.doctor", "say what this machine has and lacks"),
    Subcommand(
        ("check", "config"),
        "takt_bringup.cli.check",
        "rehearse a real arm's settings",
        "main_config",
    ),
    Subcommand(
        ("check", "arm"), "takt_bringup.cli.check", "look at a real arm before it moves", "main_arm"
    ),
    Subcommand(("latency",), "takt_bringup.cli.latency", "latencies, live or from a bag"),
    Subcommand(("policy", "inspect"), "takt_policy.cli.inspect", "explain a policy bundle"),
    Subcommand(
        ("eval",), "takt_evaluation.cli.evaluate", "success and speed of policies in simulation"
    ),
    Subcommand(("policy", "bench"), "takt_policy.cli.bench", "how fast a bundle is here"),
    Subcommand(("policy", "export"), "takt_export.cli.export", "a trained policy as a bundle"),
    Subcommand(("policy", "quantize"), "takt_policy.cli.quantize", "make its weights 8 bits"),
    Subcommand(("policy", "half"), "takt_policy.cli.half", "make it float16, for GPUs"),
    Subcommand(("bag", "info"), "takt_recorder.cli.info", "what a recorded bag holds"),
    Subcommand(("bag", "recover"), "takt_recorder.cli.recover", "repair a bag that was cut"),
    Subcommand(("bag", "replay"), "takt_bringup.cli.bag_replay", "send a bag's commands again"),
    Subcommand(("move",), "takt_motion.cli.move", "a planned motion: takt move home"),
    Subcommand(("hand", "scan"), "takt_hands.cli.scan", "which motors are on a bus"),
    Subcommand(("hand", "check"), "takt_hands.cli.check", "whether a hand is ready to be driven"),
    Subcommand(("hand", "move"), "takt_hands.cli.move", "one joint, slowly, there and back"),
    Subcommand(("hand", "emulate"), "takt_hands.cli.emulate", "a hand that does not exist"),
    Subcommand(("teleop", "keyboard"), "takt_bringup.cli.teleop", "steer from this terminal"),
)


def usage(group: str = "") -> str:
    """Return the list of subcommands, of all or of those that begin with the word `group`."""
    listed = [one for one in SUBCOMMANDS if group in ("", one.words[0])]
    names = [" ".join(command.words) for command in listed]
    width = max(map(len, names))
    lines = [
        f"  {name:<{width}}  {command.summary}" for name, command in zip(names, listed, strict=True)
    ]
    return "\n".join(
        ["usage: takt COMMAND ...", "", *lines, "", "`takt COMMAND --help` explains each."]
    )


def find(arguments: Sequence[str]) -> tuple[Subcommand, list[str]] | None:
    """Return the subcommand that the arguments begin with, and the rest of them."""
    for command in SUBCOMMANDS:
        count = len(command.words)
        if tuple(arguments[:count]) == command.words:
            return command, list(arguments[count:])
    return None


def _unknown(arguments: Sequence[str]) -> str:
    asked = " ".join(arguments[:2])
    names = [" ".join(command.words) for command in SUBCOMMANDS]
    inside = [name for name in names if name.startswith(f"{arguments[0]} ")]
    close = inside or difflib.get_close_matches(asked, names, n=3, cutoff=0.5)
    hint = f"; did you mean {', '.join(close)}?" if close else ""
    return f"takt: there is no command `{asked}`{hint}\n\n{usage()}"


def load(command: Subcommand) -> Callable[[list[str]], int]:
    """Import the module of a subcommand and return its `main`.

    Raises:
        TaktError: the package is not installed, or its libraries are missing.
    """
    try:
        module = importlib.import_module(command.module)
    except ModuleNotFoundError as error:
        raise TaktError(
            f"`takt {' '.join(command.words)}` needs {error.name}, which is not installed here; "
            "`make setup` installs everything, `source scripts/env.sh` makes it visible"
        ) from error
    main_function: Callable[[list[str]], int] = getattr(module, command.function)
    return main_function


def run(arguments: list[str]) -> int:
    """Run `takt` with these arguments and return the exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    found = find(arguments)
    groups = {command.words[0] for command in SUBCOMMANDS}
    if found is None and arguments[0] in groups and arguments[1:] in ([], ["-h"], ["--help"]):
        print(usage(arguments[0]))
        return 0
    if found is None:
        print(_unknown(arguments), file=sys.stderr)
        return 2
    command, rest = found
    try:
        return load(command)(rest)
    except TaktError as error:
        print(f"takt {' '.join(command.words)}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def main() -> None:
    """The `takt` executable."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
