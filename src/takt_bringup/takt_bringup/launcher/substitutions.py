"""Substitutions `$(name argument ...)` in strings: parsing and expanding.

The grammar is that of ROS 2 launch. Arguments are separated by one space; an argument is
bare or wholly in quotes; substitutions nest, also inside quotes; a backslash takes the
meaning from the character that follows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Protocol

from takt_bringup.launcher.errors import LaunchError, Where

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Expander(Protocol):
    """What performs one substitution."""

    def substitute(self, call: Call) -> str:
        """Return the text that stands for the call."""


@dataclass(frozen=True)
class Text:
    """Literal text."""

    text: str


@dataclass(frozen=True)
class Call:
    """One `$(name argument ...)`."""

    name: str
    arguments: tuple[Template, ...]
    where: Where


@dataclass(frozen=True)
class Template:
    """A string with substitutions in it; `source` is how it was written."""

    parts: tuple[Text | Call, ...]
    source: str = ""

    def expand(self, expander: Expander) -> str:
        return "".join(
            part.text if isinstance(part, Text) else expander.substitute(part)
            for part in self.parts
        )

    @property
    def is_literal(self) -> bool:
        return all(isinstance(part, Text) for part in self.parts)

    @property
    def literal(self) -> str:
        """Return the text of a template without substitutions."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


def parse_template(text: str, where: Where) -> Template:
    """Parse a string of a launch file."""
    return replace(_Parser(text, where).template(), source=text)


def unescape(text: str) -> str:
    """Drop the backslashes that escape."""
    return _ESCAPED.sub(r"\1", text)


class _Parser:
    def __init__(self, text: str, where: Where) -> None:
        self._text = text
        self._at = 0
        self._where = where

    def template(self) -> Template:
        return self._fragments(stop="", bare=False)

    def _error(self, problem: str) -> LaunchError:
        shown = self._text.strip().splitlines()[0] if self._text.strip() else self._text
        return LaunchError(self._where, f"{problem} at character {self._at + 1} of `{shown}`")

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _fragments(self, stop: str, bare: bool, quote: str = "") -> Template:
        """Read text and calls up to one of the characters in `stop`, or to the end."""
        parts: list[Text | Call] = []
        literal_text = ""
        while self._at < len(self._text):
            if self._peek() == "\\" and len(self._peek(2)) == 2:
                literal_text += self._peek(2)
                self._at += 2
            elif self._peek(2) == "$(":
                parts += [Text(unescape(literal_text))] if literal_text else []
                literal_text = ""
                parts.append(self._call(quote))
            elif self._peek() in stop:
                break
            elif bare and self._peek() in "()":
                raise self._error("a bracket has to be escaped or quoted")
            else:
                literal_text += self._peek()
                self._at += 1
        if literal_text or not parts:
            parts.append(Text(unescape(literal_text)))
        return Template(tuple(parts))

    def _call(self, quote: str) -> Call:
        self._at += 2
        name = _NAME.match(self._text, self._at)
        if name is None:
            raise self._error("a substitution has to begin with its name")
        self._at = name.end()
        arguments: list[Template] = []
        while self._peek() == " ":
            self._at += 1
            arguments.append(self._argument(quote))
        if self._peek() != ")":
            raise self._error(f"`$({name.group()}` has to end with `)`")
        self._at += 1
        return Call(name.group(), tuple(arguments), self._where)

    def _argument(self, quote: str) -> Template:
        mark = self._peek()
        if mark in ("'", '"') and not quote:
            self._at += 1
            value = self._fragments(stop=mark, bare=False, quote=mark)
            if self._peek() != mark:
                raise self._error(f"the quote {mark} is not closed")
            self._at += 1
            return value
        begin = self._at
        # Inside quotes only the quote that would close them is special.
        value = self._fragments(stop=" )" + (quote or "'\""), bare=True, quote=quote)
        if self._at == begin:
            raise self._error("an argument is missing")
        return value
