"""Which topics of the graph are recorded."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

_WILDCARDS = frozenset("*?[")


class Selection:
    """Names and patterns; relative ones are below a namespace.

    Hidden topics (a name part that begins with `_`, as actions have) are only recorded if
    their name is given without wildcards.
    """

    def __init__(self, include: Iterable[str], exclude: Iterable[str], namespace: str) -> None:
        self._include = tuple(_absolute(pattern, namespace) for pattern in include)
        self._exclude = tuple(_absolute(pattern, namespace) for pattern in exclude)

    def wants(self, topic: str) -> bool:
        """Whether a topic, by its absolute name, is recorded."""
        if topic in self._include:
            return True
        if "/_" in topic or any(fnmatchcase(topic, pattern) for pattern in self._exclude):
            return False
        return any(fnmatchcase(topic, pattern) for pattern in self._include)

    def expected(self) -> tuple[str, ...]:
        """Topics that were named without wildcards, so that their absence can be reported."""
        return tuple(name for name in self._include if not _WILDCARDS & set(name))


def _absolute(pattern: str, namespace: str) -> str:
    if pattern.startswith("/"):
        return pattern
    return f"{namespace.rstrip('/')}/{pattern}"
