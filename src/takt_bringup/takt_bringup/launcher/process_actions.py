"""`executable` and `node`: the actions that start processes."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from takt_bringup.launcher import ament, namespaces
from takt_bringup.launcher.actions import (
    Action,
    existing_file,
    named_values,
    optional_template,
    template,
)
from takt_bringup.launcher.context import Context
from takt_bringup.launcher.entity import Entity
from takt_bringup.launcher.errors import LaunchError, Where
from takt_bringup.launcher.parameters import (
    ParameterFile,
    ParameterTree,
    evaluate_tree,
    parameter_file_text,
    parse_parameter,
)
from takt_bringup.launcher.plan import ProcessPlan
from takt_bringup.launcher.substitutions import Template, Text, parse_template

_OUTPUTS = ("screen", "log", "both")
_ANY_NODE = "/**"


@dataclass(frozen=True)
class ProcessOptions:
    """The attributes that `executable` and `node` share."""

    environment: tuple[tuple[Template, Template], ...]
    directory: Template | None
    output: Template | None
    prefix: tuple[Template, ...]
    respawn: Template | None
    respawn_delay_s: float
    respawn_limit: int
    required: bool
    sigterm_timeout_s: float
    sigkill_timeout_s: float
    where: Where

    @staticmethod
    def parse(entity: Entity) -> ProcessOptions:
        on_exit = entity.optional_text("on_exit")
        if on_exit not in (None, "shutdown"):
            raise entity.error(f"`on_exit` is `{on_exit}`; allowed is `shutdown`")
        limit = entity.optional("respawn_max_retries", int)
        return ProcessOptions(
            environment=named_values(entity, "env"),
            directory=optional_template(entity, "cwd"),
            output=optional_template(entity, "output"),
            prefix=_words_of(entity, "launch-prefix"),
            respawn=optional_template(entity, "respawn"),
            respawn_delay_s=_seconds(entity, "respawn_delay", 0.0),
            respawn_limit=-1 if limit is None else limit,
            required=on_exit is not None,
            sigterm_timeout_s=_seconds(entity, "sigterm_timeout", 5.0),
            sigkill_timeout_s=_seconds(entity, "sigkill_timeout", 5.0),
            where=entity.where,
        )

    def plan(self, context: Context, label: str, command: list[str]) -> ProcessPlan:
        """Return the process for a command with these options."""
        environment = dict(context.environment)
        for name, value in self.environment:
            environment[context.expand(name)] = context.expand(value)
        output = context.expand(self.output) if self.output else "log"
        if output not in _OUTPUTS:
            raise LaunchError(
                self.where, f"`output` is `{output}`; allowed are {', '.join(_OUTPUTS)}"
            )
        prefix = [context.expand(word) for word in self.prefix]
        return ProcessPlan(
            label=_unique_label(label, context),
            command=(*prefix, *command),
            environment=environment,
            where=self.where,
            directory=Path(context.expand(self.directory)) if self.directory else None,
            output=output,
            respawn=self._respawn(context),
            respawn_delay_s=self.respawn_delay_s,
            respawn_limit=self.respawn_limit,
            required=self.required,
            sigterm_timeout_s=self.sigterm_timeout_s,
            sigkill_timeout_s=self.sigkill_timeout_s,
        )

    def _respawn(self, context: Context) -> bool:
        value = context.expand(self.respawn).strip().lower() if self.respawn else "false"
        if value not in ("true", "1", "false", "0"):
            raise LaunchError(self.where, f"`respawn` is `{value}`; it must be true or false")
        return value in ("true", "1")


def _unique_label(label: str, context: Context) -> str:
    taken = {process.label for process in context.processes}
    number, unique = 2, label
    while unique in taken:
        number, unique = number + 1, f"{label}-{number}"
    return unique


def _seconds(entity: Entity, name: str, default: float) -> float:
    value = entity.optional(name, float, ", such as 5.0")
    if value is None:
        return default
    if value < 0:
        raise entity.error(f"`{name}` is {value}; it must not be negative")
    return value


def _words_of(entity: Entity, name: str) -> tuple[Template, ...]:
    text = entity.optional_text(name)
    if text is None:
        return ()
    return split_words(parse_template(text, entity.where), entity.where)


def split_words(line: Template, where: Where) -> tuple[Template, ...]:
    """Split a command line into words, before its substitutions are expanded.

    A substitution never splits: its value is one word, or a part of one.
    """
    words: list[Template] = []
    word: list[Any] = []

    def end_word() -> None:
        if word:
            words.append(Template(tuple(word)))
            word.clear()

    for part in line.parts:
        if not isinstance(part, Text):
            word.append(part)
            continue
        try:
            pieces = shlex.split(part.text)
        except ValueError as error:
            raise LaunchError(
                where, f"`{part.text}`: {error} (quotes cannot go around a substitution)"
            ) from error
        if part.text[:1].isspace():
            end_word()
        for index, piece in enumerate(pieces):
            if index:
                end_word()
            word.append(Text(piece))
        if part.text[-1:].isspace():
            end_word()
    end_word()
    return tuple(words)


@dataclass(frozen=True)
class Executable:
    """`executable`: any program."""

    command: tuple[Template, ...]
    name: Template | None
    options: ProcessOptions

    @staticmethod
    def parse(entity: Entity) -> Executable:
        command = split_words(template(entity, "cmd"), entity.where)
        if not command:
            raise entity.error("`cmd` is empty")
        return Executable(command, optional_template(entity, "name"), ProcessOptions.parse(entity))

    def run(self, context: Context) -> None:
        words = [context.expand(word) for word in self.command]
        label = context.expand(self.name) if self.name else Path(words[0]).name
        context.processes.append(self.options.plan(context, label, words))


@dataclass(frozen=True)
class Node:
    """`node`: a ROS node of a package."""

    package: Template | None
    executable: Template
    name: Template | None
    namespace: Template | None
    label: Template | None
    arguments: tuple[Template, ...]
    ros_arguments: tuple[Template, ...]
    parameters: tuple[ParameterFile | ParameterTree, ...]
    remaps: tuple[tuple[Template, Template], ...]
    options: ProcessOptions

    @staticmethod
    def parse(entity: Entity) -> Node:
        remaps = []
        for remap in entity.entities("remap"):
            remaps.append((template(remap, "from"), template(remap, "to")))
            remap.finish()
        return Node(
            package=optional_template(entity, "pkg"),
            executable=template(entity, "exec"),
            name=optional_template(entity, "name"),
            namespace=optional_template(entity, "namespace"),
            label=optional_template(entity, "exec_name"),
            arguments=_words_of(entity, "args"),
            ros_arguments=_words_of(entity, "ros_args"),
            parameters=tuple(parse_parameter(item) for item in entity.entities("param")),
            remaps=tuple(remaps),
            options=ProcessOptions.parse(entity),
        )

    def run(self, context: Context) -> None:
        name, namespace = self._names(context)
        command = [self._program(context)]
        command += [context.expand(word) for word in self.arguments]
        if self.ros_arguments:
            command += ["--ros-args", *(context.expand(word) for word in self.ros_arguments)]
        command.append("--ros-args")
        if name is not None:
            command += ["-r", f"__node:={name}"]
        if namespace is not None:
            command += ["-r", f"__ns:={namespace}"]
        for words in context.scope.parameters:
            command += words
        full_name = namespaces.join(namespace, name) if name and namespace else _ANY_NODE
        for parameter in self.parameters:
            command += ["--params-file", str(_parameter_file(parameter, full_name, context))]
        remaps = [(context.expand(source), context.expand(to)) for source, to in self.remaps]
        for source, target in (*context.scope.remaps, *remaps):
            command += ["-r", f"{source}:={target}"]
        label = self._label(context, name, namespace, command[0])
        context.processes.append(self.options.plan(context, label, command))

    def _names(self, context: Context) -> tuple[str | None, str | None]:
        name = context.expand(self.name) if self.name else None
        given = context.expand(self.namespace) if self.namespace else None
        namespace = namespaces.join(context.scope.namespace, given)
        problem = (namespaces.problem_of_node_name(name) if name is not None else None) or (
            namespaces.problem_of_namespace(namespace) if namespace is not None else None
        )
        if problem:
            raise LaunchError(self.options.where, problem)
        return name, namespace

    def _program(self, context: Context) -> str:
        executable = context.expand(self.executable)
        if self.package is None:
            return executable
        package = context.expand(self.package)
        try:
            return str(ament.package_executable(package, executable, context.environment))
        except ament.PackageNotFoundError as error:
            raise LaunchError(self.options.where, str(error)) from error

    def _label(
        self, context: Context, name: str | None, namespace: str | None, program: str
    ) -> str:
        if self.label is not None:
            return context.expand(self.label)
        above = (namespace or "").strip("/")
        return "/".join(filter(None, [above, name or Path(program).name]))


def _parameter_file(
    parameter: ParameterFile | ParameterTree, full_name: str | None, context: Context
) -> Path:
    """Return the path of the file that hands a node its parameters."""
    if isinstance(parameter, ParameterTree):
        values = evaluate_tree(parameter, context)
        return context.scratch_file(parameter_file_text(full_name or _ANY_NODE, values))
    path = existing_file(context.expand(parameter.path), parameter.where, "parameter file")
    if not parameter.substitute:
        return path
    where = replace(parameter.where, file=path, line=1)
    text = context.expand(parse_template(path.read_text(encoding="utf-8"), where))
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LaunchError(where, f"is not YAML after its substitutions: {error}") from error
    return context.scratch_file(text)


PROCESS_ACTIONS: dict[str, Callable[[Entity], Action]] = {
    "executable": Executable.parse,
    "node": Node.parse,
}
