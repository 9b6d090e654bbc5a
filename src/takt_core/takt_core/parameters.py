"""Parameters declared once, as fields of a frozen dataclass.

The ROS descriptors, the validation and the reference in the documentation all come from
the same declaration::

    @dataclass(frozen=True)
    class ArbiterParameters:
        policy_timeout_s: float = parameter(
            0.1, unit="s", minimum=0.02, maximum=1.0, description="..."
        )

Allowed types: bool, int, float, str and tuples of one of them.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from takt_core.errors import TaktError

T = TypeVar("T")
_METADATA = "takt"
_SCALARS = (bool, int, float, str)


@dataclass(frozen=True)
class Declaration:
    """What is known of one parameter besides its value."""

    name: str
    kind: type
    is_tuple: bool
    default: Any
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[Any, ...] | None
    length: int | None
    description: str

    def allowed(self) -> str:
        """In words, for messages and documentation."""
        kind = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        words = kind[self.kind]
        if self.is_tuple:
            count = "" if self.length is None else f"{self.length} "
            words = f"a list of {count}values, each {words}"
        if self.choices is not None:
            words += f" of {', '.join(map(repr, self.choices))}"
        if self.minimum is not None or self.maximum is not None:
            low = "-inf" if self.minimum is None else f"{self.minimum:g}"
            high = "inf" if self.maximum is None else f"{self.maximum:g}"
            words += f" from {low} to {high}"
        return words + (f" [{self.unit}]" if self.unit else "")


def parameter(
    default: Any,
    *,
    description: str,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[Any] | None = None,
    length: int | None = None,
) -> Any:
    """A dataclass field that declares a parameter; ``length`` fixes that of a tuple."""
    metadata = {
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": None if choices is None else tuple(choices),
        "length": length,
        "description": description,
    }
    return dataclasses.field(default=default, metadata={_METADATA: metadata})


def declarations(cls: type) -> tuple[Declaration, ...]:
    """All parameters of a parameter dataclass, in order.

    Raises:
        TypeError: a field has a type that ROS parameters cannot have.
    """
    hints = typing.get_type_hints(cls)
    found = []
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        is_tuple = typing.get_origin(hint) is tuple
        kind = typing.get_args(hint)[0] if is_tuple else hint
        if kind not in _SCALARS or _METADATA not in field.metadata:
            raise TypeError(f"{cls.__name__}.{field.name}: {hint} is not declared by parameter()")
        found.append(
            Declaration(
                name=field.name,
                kind=kind,
                is_tuple=is_tuple,
                default=field.default,
                **field.metadata[_METADATA],
            )
        )
    return tuple(found)


def from_mapping(cls: type[T], values: Mapping[str, Any], source: str) -> T:
    """An instance of a parameter dataclass from names and values, validated.

    Args:
        source: where the values came from, for the message: a file, a node's name.

    Raises:
        TaktError: an unknown name, a wrong type, a value out of range.
    """
    known = {declaration.name: declaration for declaration in declarations(cls)}
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise TaktError(
                f"{source}: unknown parameter {name!r}{hint} Allowed are {', '.join(known)}"
            )
    checked = {name: check(known[name], value, source) for name, value in values.items()}
    return cls(**checked)


def check(declaration: Declaration, value: Any, source: str) -> Any:
    """The value in the declared type.

    Raises:
        TaktError: it is not allowed; the message names parameter, value, and what is.
    """
    if declaration.is_tuple:
        # rclpy gives arrays of numbers as array.array, others as lists.
        plain = value.tolist() if hasattr(value, "tolist") else value
        is_list = isinstance(plain, Sequence) and not isinstance(plain, str)
        items = plain if is_list else None
        if items is not None and declaration.length in (None, len(items)):
            return tuple(_check_item(declaration, item, value, source) for item in items)
        raise _refusal(declaration, value, source)
    return _check_item(declaration, value, value, source)


def _check_item(declaration: Declaration, item: Any, value: Any, source: str) -> Any:
    kind: Any = declaration.kind
    if kind is float and isinstance(item, int) and not isinstance(item, bool):
        item = float(item)
    if type(item) is not kind:
        raise _refusal(declaration, value, source)
    if kind is float and math.isnan(item):
        raise _refusal(declaration, value, source)
    too_low = declaration.minimum is not None and item < declaration.minimum
    too_high = declaration.maximum is not None and item > declaration.maximum
    foreign = declaration.choices is not None and item not in declaration.choices
    if too_low or too_high or foreign:
        raise _refusal(declaration, value, source)
    return item


def _refusal(declaration: Declaration, value: Any, source: str) -> TaktError:
    return TaktError(
        f"{source}: parameter {declaration.name!r} is {value!r}; "
        f"allowed is {declaration.allowed()} ({declaration.description})"
    )


def reference_markdown(cls: type) -> str:
    """The parameters as a Markdown table, for the documentation."""
    lines = ["| parameter | default | allowed | meaning |", "|---|---|---|---|"]
    for declaration in declarations(cls):
        default = declaration.default
        shown = list(default) if declaration.is_tuple else default
        lines.append(
            f"| `{declaration.name}` | `{shown!r}` | {declaration.allowed()} "
            f"| {declaration.description} |"
        )
    return "\n".join(lines) + "\n"
