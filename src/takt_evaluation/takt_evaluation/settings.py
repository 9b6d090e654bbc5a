"""Settings from the command line: ``name=rtc,schedule=rtc,rtc_weight=5``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from takt_core.errors import TaktError
from takt_core.parameters import Declaration, declarations, from_mapping
from takt_policy.execution import Execution

LIST_SEPARATOR = ":"


def parse_setting(text: str) -> tuple[str, Execution]:
    """A name and an execution from ``field=value,...``; values of lists are separated by ``:``.

    Without ``name=...`` the setting is called what it says; the empty text is "default".

    Raises:
        TaktError: a field is unknown, or its value is not allowed.
    """
    source = f"--setting {text!r}"
    pairs = _pairs(text, source)
    name = pairs.pop("name", None) or " ".join(f"{k}={v}" for k, v in pairs.items())
    known = {one.name: one for one in declarations(Execution)}
    values = {
        key: _typed(known[key], value) if key in known else value for key, value in pairs.items()
    }
    return name or "default", from_mapping(Execution, values, source)


def parse_task_options(texts: Sequence[str]) -> dict[str, Any]:
    """Options of a task from ``name=value`` texts; values as in YAML.

    Raises:
        TaktError: a text is not of that form.
    """
    options: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            options[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            equals = ""
        if not equals or not name.strip():
            raise TaktError(f"--task-option {text!r} is not of the form name=value")
    return options


def parse_delays(text: str) -> list[float]:
    """Seconds, separated by commas.

    Raises:
        TaktError: one is not a number from 0 to 10.
    """
    try:
        delays = [float(part) for part in text.split(",")]
    except ValueError:
        delays = [-1.0]
    if not all(0.0 <= delay <= 10.0 for delay in delays):
        raise TaktError(f"--delay {text!r}; allowed are numbers from 0 to 10 [s], as 0,0.05,0.1")
    return delays


def _pairs(text: str, source: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key:
            raise TaktError(f"{source}: {part!r} is not of the form field=value")
        if key in pairs:
            raise TaktError(f"{source}: {key} is given twice")
        pairs[key] = value
    return pairs


def _typed(declaration: Declaration, text: str) -> Any:
    """The text as the field's type; what does not fit is left for the check to refuse."""
    if declaration.is_tuple:
        parts = text.split(LIST_SEPARATOR) if text else []
        return [_scalar(declaration.kind, part) for part in parts]
    return _scalar(declaration.kind, text)


def _scalar(kind: type, text: str) -> Any:
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text
