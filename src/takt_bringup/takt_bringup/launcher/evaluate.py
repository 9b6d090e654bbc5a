"""From a launch file and its arguments to the plan of processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from takt_bringup.launcher.actions import Argument
from takt_bringup.launcher.context import Context, Scope
from takt_bringup.launcher.defaults import with_takt_defaults
from takt_bringup.launcher.entity import load_launch_file
from takt_bringup.launcher.plan import Plan
from takt_bringup.launcher.structure import declared_arguments, parse_action
from takt_core.errors import TaktError


@dataclass(frozen=True)
class ArgumentInfo:
    """A launch argument for people to read; `default` is None if it must be given."""

    name: str
    default: str | None
    description: str
    choices: tuple[str, ...]


def arguments_of(file: Path) -> list[ArgumentInfo]:
    """Return the arguments that a launch file and its includes declare, in their order."""
    variables = with_takt_defaults(os.environ)
    file = file.absolute()
    # Only looked at: nothing is written into a scratch folder.
    context = Context(file, Scope({}, variables), Path(), variables, include_stack=(file,))
    declared: dict[str, Argument] = {}
    for argument in declared_arguments(load_launch_file(file, parse_action), context):
        declared.setdefault(argument.name, argument)
    return [
        ArgumentInfo(
            argument.name,
            None if argument.default is None else argument.default.source,
            argument.description,
            argument.choices,
        )
        for argument in declared.values()
    ]


def evaluate_launch_file(
    file: Path,
    arguments: Mapping[str, str],
    scratch: Path,
    environment: Mapping[str, str] | None = None,
) -> Plan:
    """Evaluate a launch file; nothing is started.

    Args:
        file: the launch file.
        arguments: values of its launch arguments.
        scratch: a folder for parameter files; they have to live as long as the processes.
        environment: for the processes; this process's with takt's defaults if None.

    Raises:
        LaunchError: with file and line of what has to be changed.
        TaktError: an argument is given that nothing declares.
    """
    variables = with_takt_defaults(os.environ if environment is None else environment)
    scope = Scope(dict(arguments), dict(variables))
    file = file.absolute()
    context = Context(file, scope, scratch, variables, include_stack=(file,))
    for action in load_launch_file(file, parse_action):
        action.run(context)
    unknown = sorted(set(arguments) - set(context.declared))
    if unknown:
        raise TaktError(
            f"{file.name} has no argument {', '.join(unknown)}; it has "
            f"{', '.join(sorted(set(context.declared))) or 'none'}"
        )
    return Plan(tuple(context.processes), tuple(context.messages), tuple(context.declared))
