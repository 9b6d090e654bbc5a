"""Which key means what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """Keys that do one thing at a press."""

    TAKE_OVER = "take over"
    RELEASE = "release"
    STOP = "stop"
    RESET = "leave STOPPED"
    FASTER = "faster"
    SLOWER = "slower"
    FRAME = "axes of base or tool"
    CLOSE = "close gripper"
    OPEN = "open gripper"
    HELP = "this help"
    QUIT = "quit"


@dataclass(frozen=True)
class Axis:
    """A direction of the twist: ``index`` 0..5 (linear xyz, angular xyz) and its sign."""

    index: int
    sign: int


AXES: Mapping[str, Axis] = {
    "w": Axis(0, +1),
    "s": Axis(0, -1),
    "a": Axis(1, +1),
    "d": Axis(1, -1),
    "e": Axis(2, +1),
    "c": Axis(2, -1),
    "u": Axis(3, +1),
    "o": Axis(3, -1),
    "i": Axis(4, +1),
    "k": Axis(4, -1),
    "j": Axis(5, +1),
    "l": Axis(5, -1),
    "\x1b[A": Axis(0, +1),
    "\x1b[B": Axis(0, -1),
    "\x1b[D": Axis(1, +1),
    "\x1b[C": Axis(1, -1),
    "\x1b[5~": Axis(2, +1),
    "\x1b[6~": Axis(2, -1),
}

ACTIONS: Mapping[str, Action] = {
    "t": Action.TAKE_OVER,
    "r": Action.RELEASE,
    " ": Action.STOP,
    "R": Action.RESET,
    "+": Action.FASTER,
    "=": Action.FASTER,
    "-": Action.SLOWER,
    "f": Action.FRAME,
    "g": Action.CLOSE,
    "h": Action.OPEN,
    "?": Action.HELP,
    "q": Action.QUIT,
}

HELP = """\
  t  take over    r  release    space  stop    R  leave STOPPED    ?  this help    q  quit
  move    w s  x (or up, down)     a d  y (or left, right)     e c  z (or page up, down)
  turn    u o  about x             i k  about y                j l  about z
  + -  faster, slower    f  axes of base or tool    g h  close, open gripper
"""


def split_keys(text: str) -> tuple[list[str], str]:
    """Single keys and escape sequences out of what a terminal sent.

    Returns:
        The keys, and the beginning of a sequence whose end has not arrived yet.
    """
    keys: list[str] = []
    while text:
        if not text.startswith("\x1b"):
            keys.append(text[0])
            text = text[1:]
            continue
        length = _sequence_length(text)
        if length is None:
            return keys, text
        keys.append(text[:length])
        text = text[length:]
    return keys, ""


def _sequence_length(text: str) -> int | None:
    """Of the escape sequence at the beginning, or None if it is incomplete."""
    if len(text) == 1:
        return None
    if text[1] != "[":
        return 1
    for i, character in enumerate(text[2:], start=2):
        if "@" <= character <= "~":
            return i + 1
    return None
