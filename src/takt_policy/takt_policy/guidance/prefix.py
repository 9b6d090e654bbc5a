"""Continuing the chunk that is being executed with a network trained for it.

Training-time real-time chunking (arXiv 2512.05964): the network was trained with a noise level per
token and clean tokens at the chunk's beginning; at each step the tokens that are already
decided are put in their place, clean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_policy.samplers.base import Float, Level


@dataclass(frozen=True, eq=False)
class CleanPrefix:
    """The first tokens of the chunk, known.

    Attributes:
        tokens: (d, S) normalised, d at least 1.
        time: what the network gets for a clean token.
    """

    tokens: Float
    time: float

    def clamp(
        self, sample: Float, time: npt.NDArray[np.float64]
    ) -> tuple[Float, npt.NDArray[np.float64]]:
        """Samples (B, L, S) and times (B, L) with the prefix in its place."""
        sample, time = sample.copy(), time.copy()
        sample[:, : len(self.tokens)] = self.tokens
        time[:, : len(self.tokens)] = self.time
        return sample, time

    def guide(self, clean: Float, level: Level) -> Float:
        """The estimate of the prefix is the prefix."""
        clean = clean.copy()
        clean[:, : len(self.tokens)] = self.tokens
        return clean
