"""Message definitions as the installed interface packages carry them.

A bag stands alone: it contains the text of every type with all types nested in it. The
text and the type's hash come from `share/<package>/msg` of the ament prefixes.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SEPARATOR = "=" * 80
_TIME = "builtin_interfaces/Time"
_INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_PRIMITIVES = _INTEGERS | {"bool", "byte", "char", "float32", "float64", "string", "wstring"}
_FIELD = re.compile(r"^([A-Za-z][\w/]*)(<=\d+)?(\[[^\]]*\])?\s+([a-zA-Z]\w*)\s*(=)?")


@dataclass(frozen=True)
class Definition:
    """What a bag has to say about one type.

    Attributes:
        type_name: e.g. `takt_msgs/msg/ArmState`.
        text: the definition, with those of all nested types behind separators; empty if the
            type's package is not installed with its sources.
        type_hash: `RIHS01_...`, empty if unknown.
        stamped: the first member, or the first of the first, is a time: the stamp.
    """

    type_name: str
    text: str = ""
    type_hash: str = ""
    stamped: bool = False


@dataclass(frozen=True)
class _Field:
    type_name: str
    is_array: bool


def ament_prefixes() -> tuple[Path, ...]:
    """Where interface packages are installed, nearest overlay first."""
    listed = [Path(entry) for entry in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if entry]
    return tuple(dict.fromkeys([*listed, Path(sys.prefix)]))


def find_definition(type_name: str, prefixes: Sequence[Path] | None = None) -> Definition:
    """The definition of `package/msg/Name`; without text if it is not installed."""
    return _find(type_name, tuple(ament_prefixes() if prefixes is None else prefixes))


@lru_cache(maxsize=256)
def _find(type_name: str, prefixes: tuple[Path, ...]) -> Definition:
    root = _read(type_name, prefixes)
    if root is None:
        return Definition(type_name)
    texts = {_short(type_name): root}
    waiting = [_short(type_name)]
    while waiting:
        name = waiting.pop(0)
        for nested in _fields(texts[name], package=name.split("/")[0]):
            if nested.type_name in _PRIMITIVES or nested.type_name in texts:
                continue
            text = _read(nested.type_name, prefixes)
            if text is None:
                return Definition(type_name)
            texts[nested.type_name] = text
            waiting.append(nested.type_name)
    parts = [root] + [
        f"{SEPARATOR}\nMSG: {name}\n{text}"
        for name, text in texts.items()
        if name != _short(type_name)
    ]
    return Definition(
        type_name,
        "\n".join(part.rstrip("\n") for part in parts) + "\n",
        _read_hash(type_name, prefixes),
        _starts_with_time(_short(type_name), texts),
    )


def _starts_with_time(name: str, texts: dict[str, str]) -> bool:
    fields = _fields(texts[name], package=name.split("/")[0])
    if not fields or fields[0].is_array:
        return False
    first = fields[0].type_name
    return first == _TIME or (first in texts and _starts_with_time(first, texts))


def _fields(text: str, package: str) -> list[_Field]:
    """Members of a definition in order, nested types as `package/Name`."""
    found = []
    for line in text.splitlines():
        match = _FIELD.match(line.split("#", 1)[0].strip())
        if match is None or match.group(5):
            continue
        name = match.group(1)
        if name not in _PRIMITIVES:
            name = _short(name) if "/" in name else f"{package}/{name}"
            name = "std_msgs/Header" if match.group(1) == "Header" else name
        found.append(_Field(name, match.group(3) is not None))
    return found


def _short(type_name: str) -> str:
    """`package/Name`, as definitions name nested types."""
    parts = type_name.split("/")
    return f"{parts[0]}/{parts[-1]}"


def _path(type_name: str, suffix: str, prefixes: tuple[Path, ...]) -> Path | None:
    package, name = _short(type_name).split("/")
    for prefix in prefixes:
        path = prefix / "share" / package / "msg" / f"{name}{suffix}"
        if path.is_file():
            return path
    return None


def _read(type_name: str, prefixes: tuple[Path, ...]) -> str | None:
    path = _path(type_name, ".msg", prefixes)
    return None if path is None else path.read_text(encoding="utf-8")


def _read_hash(type_name: str, prefixes: tuple[Path, ...]) -> str:
    path = _path(type_name, ".json", prefixes)
    if path is None:
        return ""
    package, name = _short(type_name).split("/")
    for entry in json.loads(path.read_text(encoding="utf-8")).get("type_hashes", []):
        if entry.get("type_name") == f"{package}/msg/{name}":
            return str(entry.get("hash_string", ""))
    return ""
