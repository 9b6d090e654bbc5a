"""What a check of the machine found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        topic: what was looked at.
        level: `WARN`: something will be slower or missing; `FAIL`: takt does not run.
        found: what there is.
        advice: what to do about it; empty if nothing.
    """

    topic: str
    level: Level
    found: str
    advice: str = ""


def ok(topic: str, found: str) -> Finding:
    return Finding(topic, Level.OK, found)


def warn(topic: str, found: str, advice: str) -> Finding:
    return Finding(topic, Level.WARN, found, advice)


def fail(topic: str, found: str, advice: str) -> Finding:
    return Finding(topic, Level.FAIL, found, advice)
