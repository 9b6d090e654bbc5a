"""What all guidance has in common: it changes the estimate of the clean chunk."""

from __future__ import annotations

from typing import Protocol

from takt_policy.samplers.base import Float, Level


class Guidance(Protocol):
    """Pulls a sample, without further calls of the network."""

    def guide(self, clean: Float, level: Level) -> Float:
        """The pulled clean estimates (B, L, S), a function of the arguments alone.

        That makes it safe to use in drafts and their verification alike
        (``takt_policy.samplers.speculative``).
        """
