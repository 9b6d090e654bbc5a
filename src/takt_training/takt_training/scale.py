"""How much of everything a training takes."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.errors import TaktError


@dataclass(frozen=True)
class Scale:
    """How much of everything.

    Attributes:
        episodes, per_shard: demonstrations.
        felt_episodes, felt_per_shard: those with touch and disturbances.
        see_steps: optimiser steps of the cameras' networks.
        steps: of the heads, as a part of what each takes.
        evaluation_episodes: of the evaluation of each bundle.
    """

    name: str
    episodes: int
    per_shard: int
    felt_episodes: int
    felt_per_shard: int
    see_steps: int
    steps: float
    evaluation_episodes: int

    @staticmethod
    def named(name: str) -> Scale:
        """``full`` makes the published policies; ``tiny`` only shows that the stages work."""
        scales = {
            "full": Scale("full", 280, 7, 320, 8, 1000, 1.0, 150),
            "tiny": Scale("tiny", 20, 5, 4, 2, 20, 0.007, 2),
        }
        if name not in scales:
            raise TaktError(f"scale {name!r}; allowed: {', '.join(scales)}")
        return scales[name]
