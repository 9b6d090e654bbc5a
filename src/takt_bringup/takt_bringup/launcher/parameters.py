"""Node parameters in launch files: typed values and parameter files.

A value that YAML already typed stays what it is. A string with substitutions is expanded
and then read by the rules of YAML, unless `type` says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from takt_bringup.launcher.context import Context
from takt_bringup.launcher.entity import Entity
from takt_bringup.launcher.errors import LaunchError, Where
from takt_bringup.launcher.substitutions import Template, parse_template

_SCALARS = (bool, int, float, str)
_TYPES: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}


@dataclass(frozen=True)
class ParameterFile:
    """`param: [{from: file}]`."""

    path: Template
    substitute: bool
    where: Where


@dataclass(frozen=True)
class ParameterTree:
    """`param: [{name: ..., value: ...}]`, or nested below a name."""

    name: Template
    value: Any
    type: str | None
    children: tuple[ParameterTree, ...]
    where: Where


def parse_parameter(entity: Entity) -> ParameterFile | ParameterTree:
    """Parse one item of `param`."""
    if entity.has("from"):
        if entity.has("name"):
            raise entity.error("`name` and `from` exclude each other")
        path = parse_template(entity.text("from"), entity.where)
        substitute = entity.optional("allow_substs", bool, " (not a string)") or False
        entity.finish()
        return ParameterFile(path, substitute, entity.where)
    return _parse_tree(entity)


def _parse_tree(entity: Entity) -> ParameterTree:
    name = parse_template(entity.text("name"), entity.where)
    kind = entity.optional_text("type")
    base = (kind or "").removeprefix("list_of_")
    if kind is not None and kind != "yaml" and base not in _TYPES:
        allowed = [*_TYPES, *(f"list_of_{name}" for name in _TYPES), "yaml"]
        raise entity.error(f"`type` is `{kind}`; allowed are {', '.join(allowed)}")
    children = tuple(_parse_tree(child) for child in entity.entities("param"))
    value = _parse_value(entity.any_value("value"), entity)
    if (value is None) == (not children):
        raise entity.error("needs either `value` or nested `param`")
    entity.finish()
    return ParameterTree(name, value, kind, children, entity.where)


def _parse_value(value: Any, entity: Entity) -> Any:
    if isinstance(value, str):
        return parse_template(value, entity.where)
    if isinstance(value, list):
        return [_parse_value(item, entity) for item in value]
    if value is None or isinstance(value, _SCALARS):
        return value
    raise entity.error(f"`value` is {value!r}; it must be a scalar or a list of scalars")


def evaluate_tree(tree: ParameterTree, context: Context) -> dict[str, Any]:
    """Return the parameters of a tree; nested names are joined by dots."""
    name = context.expand(tree.name)
    if not tree.children:
        return {name: _evaluate(tree, context)}
    found: dict[str, Any] = {}
    for child in tree.children:
        for inner, value in evaluate_tree(child, context).items():
            found[f"{name}.{inner}"] = value
    return found


def _evaluate(tree: ParameterTree, context: Context) -> Any:
    value = tree.value
    if isinstance(value, list):
        items = [_evaluate_scalar(item, context) for item in value]
        return _check_list(items, tree)
    if isinstance(value, Template) and not value.is_literal:
        return _typed(context.expand(value), tree)
    return _check_type(_evaluate_scalar(value, context), tree)


def _evaluate_scalar(value: Any, context: Context) -> Any:
    if isinstance(value, Template):
        text = context.expand(value)
        return text if value.is_literal else yaml.safe_load(text)
    return value


def _typed(text: str, tree: ParameterTree) -> Any:
    """Read the text of an expanded string."""
    if tree.type == "str" or text == "":
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LaunchError(tree.where, f"`{text}` is not a YAML value; use `type: str`") from error
    if tree.type == "float" and type(value) is int:
        value = float(value)
    if isinstance(value, list):
        return _check_list(value, tree)
    return _check_type(value, tree)


def _check_type(value: Any, tree: ParameterTree) -> Any:
    wanted = _TYPES.get(tree.type or "")
    if wanted is not None and type(value) is not wanted:
        raise LaunchError(tree.where, f"`value` is {value!r}, which is not of type `{tree.type}`")
    if (tree.type or "").startswith("list_of_"):
        raise LaunchError(tree.where, f"`value` is {value!r}, which is not a list")
    if not isinstance(value, _SCALARS):
        raise LaunchError(tree.where, f"`value` is {value!r}; it must be a scalar or a list")
    return value


def _check_list(items: Sequence[Any], tree: ParameterTree) -> list[Any]:
    kinds = {type(item) for item in items}
    if len(kinds) > 1 or not kinds <= set(_SCALARS):
        raise LaunchError(
            tree.where, f"`value` is {list(items)!r}; the items of a list must be of one type"
        )
    wanted = _TYPES.get((tree.type or "").removeprefix("list_of_"))
    if tree.type not in (None, "yaml") and (
        not (tree.type or "").startswith("list_of_") or kinds - {wanted}
    ):
        raise LaunchError(tree.where, f"`value` is {list(items)!r}, not of type `{tree.type}`")
    return list(items)


def parameter_file_text(node: str, parameters: dict[str, Any]) -> str:
    """Return a ROS parameter file for one node (`/**` for any)."""
    return yaml.safe_dump({node: {"ros__parameters": parameters}}, default_flow_style=False)
