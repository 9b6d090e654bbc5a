"""Groups and includes, and the dispatch from kinds of entities to actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from takt_bringup.launcher.actions import (
    ACTIONS,
    Action,
    Argument,
    Condition,
    Conditional,
    existing_file,
    named_values,
    template,
)
from takt_bringup.launcher.context import Context
from takt_bringup.launcher.entity import Entity, load_launch_file
from takt_bringup.launcher.errors import LaunchError, Where
from takt_bringup.launcher.process_actions import PROCESS_ACTIONS
from takt_bringup.launcher.substitutions import Template

_DEEPEST_INCLUDE = 20


@dataclass(frozen=True)
class Group:
    """`group`: actions in a scope of their own.

    What a scoped group sets (values, namespace, environment, remaps, parameters) ends with
    it. With `forwarding: false` it does not see what is set outside, but for `keep`.
    """

    actions: tuple[Action, ...]
    scoped: bool
    forwarding: bool
    keep: tuple[tuple[Template, Template], ...]

    @staticmethod
    def parse(entity: Entity) -> Group:
        scoped = entity.optional("scoped", bool, " (not a string)")
        forwarding = entity.optional("forwarding", bool, " (not a string)")
        children = entity.children()
        return Group(
            tuple(parse_action(child) for child in children),
            scoped is not False,
            forwarding is not False,
            named_values(entity, "keep"),
        )

    def run(self, context: Context) -> None:
        keep = {context.expand(name): context.expand(value) for name, value in self.keep}
        if self.scoped:
            with context.scoped(self.forwarding, keep):
                self._run_all(context)
        else:
            context.scope.configurations.update(keep)
            self._run_all(context)

    def _run_all(self, context: Context) -> None:
        for action in self.actions:
            action.run(context)


@dataclass(frozen=True)
class Include:
    """`include`: another launch file, in this scope, with arguments."""

    file: Template
    arguments: tuple[tuple[Template, Template], ...]
    where: Where

    @staticmethod
    def parse(entity: Entity) -> Include:
        return Include(template(entity, "file"), named_values(entity, "arg"), entity.where)

    def run(self, context: Context) -> None:
        path = existing_file(context.expand(self.file), self.where, "included launch file")
        if not _is_yaml(path):
            raise LaunchError(
                self.where,
                f"{path} is not a YAML launch file, which is all that `takt up` reads; with ROS 2 "
                f"`ros2 launch takt_bringup {context.include_stack[0].name}` starts it",
            )
        path = path.absolute()
        if len(context.include_stack) >= _DEEPEST_INCLUDE:
            raise LaunchError(self.where, f"{path} is included more than {_DEEPEST_INCLUDE} deep")
        values = [(context.expand(name), context.expand(value)) for name, value in self.arguments]
        context.scope.configurations.update(values)
        actions = load_launch_file(path, parse_action)
        with context.inside(path):
            for action in actions:
                action.run(context)

    def declared_arguments(self, context: Context) -> list[Argument]:
        """Return what the included file declares and is not given here."""
        try:
            path = Path(context.expand(self.file)).absolute()
            given = {context.expand(name) for name, _ in self.arguments}
        except LaunchError:
            return []
        if not path.is_file() or not _is_yaml(path) or path in context.include_stack:
            return []
        with context.inside(path):
            inner = declared_arguments(load_launch_file(path, parse_action), context)
        return [argument for argument in inner if argument.name not in given]


def _is_yaml(path: Path) -> bool:
    return path.name.endswith((".yaml", ".yml"))


def parse_action(entity: Entity) -> Action:
    """Parse any entity."""
    parse = _KINDS.get(entity.kind)
    if parse is None:
        raise LaunchError(
            entity.where,
            f"takt's launcher does not know `{entity.kind}`; it knows {', '.join(sorted(_KINDS))}",
        )
    condition = Condition.parse(entity)
    action = parse(entity)
    entity.finish()
    return action if condition is None else Conditional(condition, action)


def declared_arguments(actions: Sequence[Action], context: Context) -> list[Argument]:
    """Return the arguments that a file declares, also in its groups and includes.

    An include whose path depends on what is not known yet is passed over, and so are the
    arguments that an include is given.
    """
    found: list[Argument] = []
    for action in actions:
        inner = action.action if isinstance(action, Conditional) else action
        if isinstance(inner, Argument):
            found.append(inner)
        elif isinstance(inner, Group):
            found += declared_arguments(inner.actions, context)
        elif isinstance(inner, Include):
            found += inner.declared_arguments(context)
    return found


_KINDS = {**ACTIONS, **PROCESS_ACTIONS, "group": Group.parse, "include": Include.parse}
