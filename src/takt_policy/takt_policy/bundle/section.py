"""Reading a YAML mapping strictly: every key is known, every value is of its kind.

A misspelt key that is silently ignored is how a policy runs with other settings than its
author thinks. Each error names the file, the key, what was found and what is allowed.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from takt_policy.errors import BundleError

_REQUIRED = object()


class _Loader(yaml.SafeLoader):
    """YAML without duplicate keys."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            line = key_node.start_mark.line + 1
            raise BundleError(f"key {key!r} is given twice (line {line}); keep one of them")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        BundleError: the file is missing, is no YAML, or holds something else than a mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise BundleError(
            f"{path} does not exist; a bundle is a folder with a policy.yaml"
        ) from None
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BundleError(f"{path} is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise BundleError(f"{path} holds {_kind(content)}; it must be a mapping of keys to values")
    return content


class Section:
    """One mapping of a file, read key by key; ``finish`` refuses what nobody asked for.

    Args:
        values: the mapping as YAML gave it.
        source: the file, for messages.
        where: dotted path of this mapping within the file; empty for the file itself.
    """

    def __init__(self, values: Any, source: str, where: str = "") -> None:
        self._source = source
        self._where = where
        self._asked: set[str] = set()
        if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
            raise BundleError(
                f"{source}: {where or 'the file'} is {_kind(values)}; "
                "it must be a mapping with text keys"
            )
        self._values: dict[str, Any] = values

    def names(self) -> list[str]:
        return list(self._values)

    def has(self, key: str) -> bool:
        """Whether the key is given, with a value other than null."""
        self._asked.add(key)
        return self._values.get(key) is not None

    def given(self, key: str) -> bool:
        """Whether the key is there, where null would be a mistake.

        Raises:
            BundleError: it is there, but empty.
        """
        if key in self._values and self._values[key] is None:
            raise self.error(key, None, f"a mapping (if it needs no keys, `{key}: {{}}`)")
        return self.has(key)

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        value = self._get(key, default, "text")
        if not isinstance(value, str):
            raise self.error(key, value, "text (put it in quotes if it looks like a number)")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts."""
        wanted = "a list of different texts, at least one"
        values = self._get(key, _REQUIRED, wanted)
        good = isinstance(values, list) and all(isinstance(value, str) for value in values)
        if not good or not values or len(set(values)) != len(values):
            raise self.error(key, values, wanted)
        return tuple(values)

    def boolean(self, key: str, default: Any = _REQUIRED) -> bool:
        value = self._get(key, default, "true or false")
        if not isinstance(value, bool):
            raise self.error(key, value, "true or false")
        return value

    def choice(self, key: str, allowed: Iterable[str], default: Any = _REQUIRED) -> str:
        options = list(allowed)
        wanted = "one of " + ", ".join(options)
        value = self._get(key, default, wanted)
        if value not in options:
            raise self.error(key, value, wanted)
        return str(value)

    def integer(self, key: str, minimum: int, default: Any = _REQUIRED) -> int:
        wanted = f"a whole number of at least {minimum}"
        value = self._get(key, default, wanted)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise self.error(key, value, wanted)
        return value

    def number(
        self, key: str, above: float = -math.inf, default: Any = _REQUIRED, at_least: bool = False
    ) -> float:
        """A finite number greater than ``above``, or equal to it if ``at_least``."""
        wanted = "a number"
        if above > -math.inf:
            wanted += f" {'of at least' if at_least else 'above'} {above:g}"
        return self._as_number(key, self._get(key, default, wanted), above, wanted, at_least)

    def integers(self, key: str, minimum: int) -> tuple[int, ...]:
        wanted = f"a list of whole numbers of at least {minimum}, e.g. [3, 96, 96]"
        values = self._get(key, _REQUIRED, wanted)
        if not isinstance(values, list) or not values:
            raise self.error(key, values, wanted)
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
                raise self.error(key, values, wanted)
        return tuple(values)

    def numbers(self, key: str, length: int) -> tuple[float, ...]:
        wanted = f"a list of {length} numbers"
        values = self._get(key, _REQUIRED, wanted)
        if not isinstance(values, list) or len(values) != length:
            raise self.error(key, values, wanted)
        return tuple(self._as_number(key, value, -math.inf, wanted, True) for value in values)

    def numbers_or_one(self, key: str, length: int) -> tuple[float, ...]:
        """A list of numbers, or one number that stands for all of them."""
        if isinstance(self._values.get(key), list):
            return self.numbers(key, length)
        return (self.number(key),) * length

    def section(self, key: str, default: Any = _REQUIRED) -> Section:
        value = self._get(key, default, "a mapping")
        return Section(value, self._source, self._path(key))

    def finish(self) -> None:
        """Refuses keys that were not asked for."""
        for key in self._values:
            if key in self._asked:
                continue
            allowed = sorted(self._asked)
            close = difflib.get_close_matches(key, allowed, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise BundleError(
                f"{self._source}: unknown key {self._path(key)!r}{hint} "
                f"Allowed here: {', '.join(allowed) or 'none'}"
            )

    def error(self, key: str, found: Any, wanted: str) -> BundleError:
        """An error about one of this section's keys."""
        return BundleError(f"{self._source}: {self._path(key)!r} is {found!r}; allowed: {wanted}")

    def _as_number(self, key: str, value: Any, above: float, wanted: str, at_least: bool) -> float:
        if isinstance(value, str) and _looks_like_a_number(value):
            raise self.error(
                key, value, f"{wanted}; YAML reads this as text, write it as {float(value):.1e}"
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(key, value, wanted)
        inside = value >= above if at_least else value > above
        if not math.isfinite(value) or not inside:
            raise self.error(key, value, wanted)
        return float(value)

    def _get(self, key: str, default: Any, wanted: str) -> Any:
        self._asked.add(key)
        value = self._values.get(key)
        if value is None:
            if default is _REQUIRED:
                raise BundleError(f"{self._source}: {self._path(key)!r} is missing; give {wanted}")
            return default
        return value

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key


def _looks_like_a_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping with keys that are not text"
    return {"list": "a list", "str": "text"}.get(type(value).__name__, f"a {type(value).__name__}")
