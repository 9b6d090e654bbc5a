"""The substitutions that the launcher knows, with the meaning they have in ROS 2 launch."""

from __future__ import annotations

import math
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from takt_bringup.launcher import ament
from takt_bringup.launcher.expression import ExpressionError, evaluate
from takt_bringup.launcher.substitutions import Template

_COMMAND_TIMEOUT_S = 60.0
_ON_STDERR = ("fail", "ignore", "warn", "capture")
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}


class FunctionError(Exception):
    """Why a substitution cannot be performed."""


class Surroundings(Protocol):
    """What a substitution may look at."""

    @property
    def file(self) -> Path: ...

    @property
    def configurations(self) -> Mapping[str, str]: ...

    @property
    def environment(self) -> Mapping[str, str]: ...

    def expand(self, template: Template) -> str: ...

    def say(self, message: str) -> None: ...


Arguments = Sequence[Template]
Function = Callable[[Surroundings, Arguments], str]


def _count(arguments: Arguments, least: int, most: int) -> None:
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise FunctionError(f"takes {wanted} arguments; {len(arguments)} are given")


def _var(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 1, 2)
    name = around.expand(arguments[0])
    if name in around.configurations:
        return around.configurations[name]
    if len(arguments) == 2:
        return around.expand(arguments[1])
    there = ", ".join(sorted(around.configurations)) or "none"
    raise FunctionError(f"there is no `arg` or `let` named `{name}` here; there are: {there}")


def _env(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 1, 2)
    name = around.expand(arguments[0])
    if name in around.environment:
        return around.environment[name]
    if len(arguments) == 2:
        return around.expand(arguments[1])
    raise FunctionError(f"the environment variable {name} is not set and no default is given")


def _find_package(
    find: Callable[[str, Mapping[str, str]], Path],
) -> Function:
    def function(around: Surroundings, arguments: Arguments) -> str:
        _count(arguments, 1, 1)
        try:
            return str(find(around.expand(arguments[0]), around.environment))
        except ament.PackageNotFoundError as error:
            raise FunctionError(str(error)) from error

    return function


def _executable_in_package(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 2, 2)
    executable, package = (around.expand(argument) for argument in arguments)
    try:
        return str(ament.package_executable(package, executable, around.environment))
    except ament.PackageNotFoundError as error:
        raise FunctionError(str(error)) from error


def _find_executable(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 1, 1)
    name = around.expand(arguments[0])
    found = shutil.which(name, path=around.environment.get("PATH"))
    if found is None:
        raise FunctionError(f"there is no executable `{name}` on PATH")
    return found


def _dirname(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 0, 0)
    return str(around.file.parent)


def _filename(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 0, 0)
    return str(around.file)


def _eval(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 1, 1)
    expression = around.expand(arguments[0])
    try:
        return evaluate(expression)
    except ExpressionError as error:
        raise FunctionError(f"`{expression}` {error}") from error


def _command(around: Surroundings, arguments: Arguments) -> str:
    """`$(command line on_stderr)`; what was written to standard error is an error by default."""
    _count(arguments, 1, 2)
    line = around.expand(arguments[0])
    on_stderr = around.expand(arguments[1]) if len(arguments) == 2 else "fail"
    if on_stderr not in _ON_STDERR:
        raise FunctionError(f"on_stderr is `{on_stderr}`; allowed are {', '.join(_ON_STDERR)}")
    try:
        result = subprocess.run(
            shlex.split(line),
            env=dict(around.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE,
            text=True,
            check=False,
            timeout=_COMMAND_TIMEOUT_S,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise FunctionError(f"`{line}` cannot be run: {error}") from error
    complaint = (result.stderr or "").strip()
    if result.returncode != 0:
        raise FunctionError(f"`{line}` ended with {result.returncode}: {complaint}")
    if complaint and on_stderr == "fail":
        raise FunctionError(f"`{line}` wrote to standard error: {complaint}")
    if complaint and on_stderr == "warn":
        around.say(f"`{line}` wrote to standard error: {complaint}")
    return result.stdout


def truth(text: str) -> bool:
    """Read a boolean argument of a substitution."""
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise FunctionError(f"`{text}` is neither true nor false")


def _word(value: bool) -> str:
    return "true" if value else "false"


def _logic(combine: Callable[[list[bool]], bool], least: int, most: int) -> Function:
    def function(around: Surroundings, arguments: Arguments) -> str:
        _count(arguments, least, most)
        return _word(combine([truth(around.expand(argument)) for argument in arguments]))

    return function


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _equal(left: str, right: str) -> bool:
    """Compare as booleans if both are, as numbers if both are, else as strings."""
    strict = {"true": True, "1": True, "false": False, "0": False}
    if left.lower() in strict and right.lower() in strict:
        return strict[left.lower()] == strict[right.lower()]
    left_number, right_number = _number(left), _number(right)
    if left_number is not None and right_number is not None:
        return math.isclose(left_number, right_number)
    return left == right


def _equals(wanted: bool) -> Function:
    def function(around: Surroundings, arguments: Arguments) -> str:
        _count(arguments, 2, 2)
        left, right = (around.expand(argument) for argument in arguments)
        return _word(_equal(left, right) == wanted)

    return function


def _if(around: Surroundings, arguments: Arguments) -> str:
    _count(arguments, 2, 3)
    if truth(around.expand(arguments[0])):
        return around.expand(arguments[1])
    return around.expand(arguments[2]) if len(arguments) == 3 else ""


FUNCTIONS: dict[str, Function] = {
    "and": _logic(all, 2, 2),
    "command": _command,
    "dirname": _dirname,
    "env": _env,
    "equals": _equals(True),
    "eval": _eval,
    "exec-in-pkg": _executable_in_package,
    "filename": _filename,
    "find-exec": _find_executable,
    "find-pkg-prefix": _find_package(ament.package_prefix),
    "find-pkg-share": _find_package(ament.package_share),
    "if": _if,
    "not": _logic(lambda values: not values[0], 1, 1),
    "not-equals": _equals(False),
    "or": _logic(any, 2, 2),
    "var": _var,
}
