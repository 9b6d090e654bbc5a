"""The YAML of a launch file as entities that know their lines and count what was read.

Scalars are resolved by PyYAML's own rules (YAML 1.1), which are those of ROS 2 launch, and
attributes must have the type that it demands: `default: true` is an error there, because
it is not a string, and so it is here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from takt_bringup.launcher.errors import LaunchError, Where

_T = TypeVar("_T")


def _construct(node: Node) -> Any:
    return yaml.SafeLoader("").construct_document(node)


class Entity:
    """One `- kind: value` of a launch file."""

    def __init__(self, kind: str, node: Node, where: Where) -> None:
        self.kind = kind
        self.where = where
        self._node = node
        self._attributes = self._mapping(node) if isinstance(node, MappingNode) else {}
        self._read: set[str] = set()

    def error(self, message: str) -> LaunchError:
        return LaunchError(self.where, f"`{self.kind}`: {message}")

    def _place(self, node: Node) -> Where:
        return Where(self.where.file, node.start_mark.line + 1)

    def _mapping(self, node: MappingNode) -> dict[str, Node]:
        yaml.SafeLoader("").flatten_mapping(node)
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = str(_construct(key))
            if name in found:
                raise LaunchError(self._place(key), f"`{self.kind}`: key `{name}` is there twice")
            found[name] = value
        return found

    def optional(self, name: str, wanted: type[_T], hint: str = "") -> _T | None:
        """Return an attribute of exactly the wanted type, or None if it is absent."""
        node = self._attributes.get(name)
        if node is None:
            return None
        self._read.add(name)
        value = _construct(node)
        if type(value) is not wanted:
            found = type(value).__name__
            raise LaunchError(
                self._place(node),
                f"`{self.kind}`: `{name}` is {value!r} ({found}) and must be "
                f"{_TYPE_NAMES.get(wanted, wanted.__name__)}{hint}",
            )
        return value

    def optional_text(self, name: str) -> str | None:
        return self.optional(name, str, "; put it in quotes")

    def text(self, name: str) -> str:
        """Return a string attribute that must be there."""
        value = self.optional_text(name)
        if value is None:
            raise self.error(f"`{name}` is missing; it has {self._names(self._attributes)}")
        return value

    def any_value(self, name: str) -> Any:
        """Return an attribute as YAML has it, None if it is absent."""
        node = self._attributes.get(name)
        self._read.add(name)
        return None if node is None else _construct(node)

    def has(self, name: str) -> bool:
        return name in self._attributes

    def entities(self, name: str) -> list[Entity]:
        """Return an attribute that is a list of mappings, such as `param` or `remap`."""
        node = self._attributes.get(name)
        if node is None:
            return []
        self._read.add(name)
        if not isinstance(node, SequenceNode) or not all(
            isinstance(item, MappingNode) for item in node.value
        ):
            raise LaunchError(
                self._place(node), f"`{self.kind}`: `{name}` must be a list of mappings"
            )
        return [Entity(name, item, self._place(item)) for item in node.value]

    def children(self) -> list[Entity]:
        """Return the entities inside this one: its list, or its `children`."""
        node: Node | None = self._node
        if isinstance(node, MappingNode):
            self._read.add("children")
            node = self._attributes.get("children")
        if not isinstance(node, SequenceNode):
            raise self.error("must be a list of entities, or have a list `children`")
        return [self._child(item) for item in node.value]

    def _child(self, item: Node) -> Entity:
        where = self._place(item)
        if not isinstance(item, MappingNode) or len(item.value) != 1:
            raise LaunchError(where, "an entity is a mapping with one key, the kind of the entity")
        key, value = item.value[0]
        return Entity(str(_construct(key)), value, where)

    def finish(self) -> None:
        """Raise if there are attributes that nothing has asked for."""
        if isinstance(self._node, ScalarNode):
            raise self.error(f"must be a mapping; it is {_construct(self._node)!r}")
        if isinstance(self._node, SequenceNode) and self.kind not in _MAY_BE_LISTS:
            raise self.error("must be a mapping; it is a list")
        unknown = {n: self._attributes[n] for n in self._attributes if n not in self._read}
        if unknown:
            first = next(iter(unknown.values()))
            raise LaunchError(
                self._place(first),
                f"`{self.kind}`: takt's launcher does not know {self._names(unknown)} here",
            )

    @staticmethod
    def _names(names: Any) -> str:
        return ", ".join(f"`{name}`" for name in names) or "nothing"


_TYPE_NAMES: dict[type, str] = {
    str: "a string",
    float: "a number with a decimal point",
    int: "an integer",
    bool: "true or false",
}
_MAY_BE_LISTS = {"launch", "group"}


def load_launch_file(path: Path, parse: Callable[[Entity], _T]) -> list[_T]:
    """Parse every entity of a launch file.

    Args:
        path: the launch file.
        parse: turns one entity into an action.

    Raises:
        LaunchError: the file cannot be read or is not a launch file.
    """
    start = Where(path, 1)
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise LaunchError(start, f"cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        raise LaunchError(Where(path, line), f"is not YAML: {problem}") from error
    if not isinstance(root, MappingNode) or len(root.value) != 1:
        raise LaunchError(start, "a launch file is a mapping with one key, `launch`")
    key, value = root.value[0]
    if _construct(key) != "launch":
        raise LaunchError(start, f"the one key must be `launch`; it is `{_construct(key)}`")
    launch = Entity("launch", value, start)
    children = launch.children()
    launch.finish()
    return [parse(child) for child in children]
