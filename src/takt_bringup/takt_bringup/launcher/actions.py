"""The actions of launch files that change the context; processes are in process_actions.py.

Each action is a frozen dataclass with a `parse` from its entity and a `run` on the context.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

from takt_bringup.launcher import namespaces
from takt_bringup.launcher.context import Context
from takt_bringup.launcher.entity import Entity
from takt_bringup.launcher.errors import LaunchError, Where
from takt_bringup.launcher.substitutions import Template, parse_template

_TRUE = ("true", "1")
_FALSE = ("false", "0")


class Action(Protocol):
    """One parsed entity."""

    def run(self, context: Context) -> None:
        """Have its effect on the context."""


@dataclass(frozen=True)
class Condition:
    """`if` or `unless`."""

    template: Template
    wanted: bool
    where: Where

    @staticmethod
    def parse(entity: Entity) -> Condition | None:
        if entity.has("if") and entity.has("unless"):
            raise entity.error("`if` and `unless` exclude each other")
        for name, wanted in (("if", True), ("unless", False)):
            text = entity.optional_text(name)
            if text is not None:
                return Condition(parse_template(text, entity.where), wanted, entity.where)
        return None

    def holds(self, context: Context) -> bool:
        value = context.expand(self.template).strip().lower()
        if value not in (*_TRUE, *_FALSE):
            raise LaunchError(
                self.where, f"the condition is `{value}`; it must be true, 1, false or 0"
            )
        return (value in _TRUE) == self.wanted


@dataclass(frozen=True)
class Conditional:
    """Any action behind its condition."""

    condition: Condition
    action: Action

    def run(self, context: Context) -> None:
        if self.condition.holds(context):
            self.action.run(context)


def template(entity: Entity, name: str) -> Template:
    """Parse a string attribute that must be there."""
    return parse_template(entity.text(name), entity.where)


def optional_template(entity: Entity, name: str) -> Template | None:
    """Parse a string attribute that may be absent."""
    text = entity.optional_text(name)
    return None if text is None else parse_template(text, entity.where)


def named_values(entity: Entity, name: str) -> tuple[tuple[Template, Template], ...]:
    """Parse a list of `{name: ..., value: ...}`."""
    found = []
    for item in entity.entities(name):
        found.append((template(item, "name"), template(item, "value")))
        item.finish()
    return tuple(found)


@dataclass(frozen=True)
class Argument:
    """`arg`: declare a launch argument, with its default."""

    name: str
    default: Template | None
    description: str
    choices: tuple[str, ...]
    where: Where

    @staticmethod
    def parse(entity: Entity) -> Argument:
        choices = []
        for choice in entity.entities("choice"):
            choices.append(choice.text("value"))
            choice.finish()
        return Argument(
            entity.text("name"),
            optional_template(entity, "default"),
            entity.optional_text("description") or "",
            tuple(choices),
            entity.where,
        )

    def run(self, context: Context) -> None:
        context.declared.append(self.name)
        configurations = context.scope.configurations
        if self.name not in configurations:
            if self.default is None:
                about = f" ({self.description})" if self.description else ""
                raise LaunchError(
                    self.where,
                    f"argument `{self.name}`{about} has no default: give {self.name}:=value",
                )
            configurations[self.name] = context.expand(self.default)
        value = configurations[self.name]
        if self.choices and value not in self.choices:
            raise LaunchError(
                self.where,
                f"argument `{self.name}` is `{value}`; allowed are {', '.join(self.choices)}",
            )


@dataclass(frozen=True)
class Let:
    """`let`: set a value for `$(var ...)`."""

    name: Template
    value: Template

    @staticmethod
    def parse(entity: Entity) -> Let:
        return Let(template(entity, "name"), template(entity, "value"))

    def run(self, context: Context) -> None:
        context.scope.configurations[context.expand(self.name)] = context.expand(self.value)


@dataclass(frozen=True)
class SetEnvironment:
    """`set_env`, `append_env` and `unset_env` (value None)."""

    name: Template
    value: Template | None
    append: bool = False
    separator: str = ":"

    @staticmethod
    def parse(entity: Entity) -> SetEnvironment:
        return SetEnvironment(template(entity, "name"), template(entity, "value"))

    @staticmethod
    def parse_append(entity: Entity) -> SetEnvironment:
        separator = entity.optional_text("separator") or ":"
        return SetEnvironment(template(entity, "name"), template(entity, "value"), True, separator)

    @staticmethod
    def parse_unset(entity: Entity) -> SetEnvironment:
        return SetEnvironment(template(entity, "name"), None)

    def run(self, context: Context) -> None:
        environment = context.scope.environment
        name = context.expand(self.name)
        if self.value is None:
            environment.pop(name, None)
            return
        value = context.expand(self.value)
        if self.append and name in environment:
            value = f"{environment[name]}{self.separator}{value}"
        environment[name] = value


@dataclass(frozen=True)
class Log:
    """`log`: say something."""

    message: Template

    @staticmethod
    def parse(entity: Entity) -> Log:
        return Log(template(entity, "message"))

    def run(self, context: Context) -> None:
        context.messages.append(context.expand(self.message))


@dataclass(frozen=True)
class PushNamespace:
    """`push_ros_namespace`: for the nodes that follow in this scope."""

    namespace: Template
    where: Where

    @staticmethod
    def parse(entity: Entity) -> PushNamespace:
        return PushNamespace(template(entity, "namespace"), entity.where)

    def run(self, context: Context) -> None:
        pushed = context.expand(self.namespace)
        # An empty default means "no namespace": one file serves one arm or two.
        joined = namespaces.join(context.scope.namespace, pushed) or "/"
        problem = namespaces.problem_of_namespace(joined)
        if problem:
            raise LaunchError(self.where, problem)
        context.scope.namespace = joined


@dataclass(frozen=True)
class SetParameter:
    """`set_parameter`: a parameter for all nodes that follow in this scope."""

    name: Template
    value: Template
    where: Where

    @staticmethod
    def parse(entity: Entity) -> SetParameter:
        return SetParameter(template(entity, "name"), template(entity, "value"), entity.where)

    def run(self, context: Context) -> None:
        value = yaml.safe_load(context.expand(self.value) or "''")
        rule = f"{context.expand(self.name)}:={value}"
        context.scope.parameters = (*context.scope.parameters, ("-p", rule))


@dataclass(frozen=True)
class SetParametersFromFile:
    """`set_parameters_from_file`: a parameter file for all nodes that follow."""

    path: Template
    where: Where

    @staticmethod
    def parse(entity: Entity) -> SetParametersFromFile:
        return SetParametersFromFile(template(entity, "filename"), entity.where)

    def run(self, context: Context) -> None:
        path = existing_file(context.expand(self.path), self.where, "parameter file")
        added = ("--params-file", str(path.absolute()))
        context.scope.parameters = (*context.scope.parameters, added)


@dataclass(frozen=True)
class SetRemap:
    """`set_remap`: a remapping for all nodes that follow in this scope."""

    source: Template
    target: Template

    @staticmethod
    def parse(entity: Entity) -> SetRemap:
        return SetRemap(template(entity, "from"), template(entity, "to"))

    def run(self, context: Context) -> None:
        remap = (context.expand(self.source), context.expand(self.target))
        context.scope.remaps = (*context.scope.remaps, remap)


def existing_file(text: str, where: Where, what: str) -> Path:
    """Return a path if there is a file."""
    path = Path(text)
    if not path.is_file():
        raise LaunchError(where, f"{what} {path} does not exist")
    return path


ACTIONS: dict[str, Callable[[Entity], Action]] = {
    "append_env": SetEnvironment.parse_append,
    "arg": Argument.parse,
    "let": Let.parse,
    "log": Log.parse,
    "push_ros_namespace": PushNamespace.parse,
    "push-ros-namespace": PushNamespace.parse,
    "set_env": SetEnvironment.parse,
    "set_parameter": SetParameter.parse,
    "set_parameters_from_file": SetParametersFromFile.parse,
    "set_remap": SetRemap.parse,
    "unset_env": SetEnvironment.parse_unset,
}
