"""What /diagnostics and the log say of the policy's state: each thing once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from takt_policy.runtime import State

PERIOD_S = 1.0
PATIENCE_S = 0.5
"""Waiting for less than this is part of any start, and no warning [s]."""

_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Shown:
    """What is to be said now.

    Attributes:
        words: state and reason. Only the numbers of a reason change while it lasts; the words
            keep those of its beginning, or a log would repeat it again and again.
        brief: it may be over in a moment.
    """

    words: str
    brief: bool


class ShownState:
    """Decides when to say something: at a change of state, else once a second."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._since_s = self._again_s = 0.0
        self._words = ""

    def look(self, state: State, reason: str, now_s: float) -> Shown | None:
        """To be called often, with a steady time [s]; None if there is nothing to say."""
        if state != self._state:
            self._state, self._since_s = state, now_s
        elif now_s < self._again_s:
            return None
        brief = state is State.WAITING and now_s - self._since_s < PATIENCE_S
        self._again_s = now_s + (PATIENCE_S if brief else PERIOD_S)
        words = state.name + (f": {reason}" if reason else "")
        if _NUMBER.sub("", words) != _NUMBER.sub("", self._words):
            self._words = words
        return Shown(self._words, brief)
