"""Real-time chunking: the new chunk continues the one that is being executed.

Inpainting guidance of arXiv 2506.07339 (after Pokle et al., arXiv 2310.04432), with the error of
the clean estimate in place of its product with the network's Jacobian, so that it needs no
backward pass. Written for the clean estimate, it serves flow matching and diffusion alike:
``v + w e`` there is ``clean + (1 - tau) w e`` here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from takt_policy.guidance.anchor import Anchor
from takt_policy.samplers.base import Float, Level

SMALLEST_TAU = 1e-6
"""At tau 0 the weight is infinite, so that the bound on it acts."""


@dataclass(frozen=True, eq=False)
class RealTimeGuidance:
    """Pulls the clean estimate towards the previous chunk.

    Attributes:
        target: (L, S) the previous chunk in the new one's terms.
        weights: (L, 1) 1 for actions that are decided, 0 where there is no target.
        greatest: bound on the guidance weight (beta of the paper).
    """

    target: Float
    weights: Float
    greatest: float

    @staticmethod
    def of(anchor: Anchor, greatest: float) -> RealTimeGuidance:
        return RealTimeGuidance(anchor.tokens, soft_weights(anchor)[:, None], greatest)

    def guide(self, clean: Float, level: Level) -> Float:
        """The pulled estimates of (B, L, S)."""
        guided: Float = clean + _pull(level, self.greatest) * self.weights * (self.target - clean)
        return guided


@lru_cache(maxsize=256)
def _pull(level: Level, greatest: float) -> Float:
    """``(1 - tau) min(beta, (1 - tau) / (tau r^2))`` with the paper's r; (R, 1, 1).

    Kept, as the levels of a sampler are the same for every chunk.
    """
    tau = np.maximum(level.tau, np.float32(SMALLEST_TAU))
    # r^2 = (1 - tau)^2 / (tau^2 + (1 - tau)^2)
    pull: Float = np.minimum((1.0 - tau) * greatest, (tau**2 + (1.0 - tau) ** 2) / tau)
    return pull


def soft_weights(anchor: Anchor) -> Float:
    """(L,) weights of the target: 1 while decided, falling to 0 where the previous chunk ends.

    Eq. 5 of the paper, with d the first action that is not decided and the end of what the
    previous chunk says in place of ``H - s``.
    """
    weights = anchor.decided.astype(np.float32)
    free = np.flatnonzero(anchor.covered & ~anchor.decided)
    if len(free):
        first, end = free[0], free[-1] + 1
        c = (end - free) / (end - first + 1)
        weights[free] = c * np.expm1(c) / math.expm1(1.0)
    return weights
