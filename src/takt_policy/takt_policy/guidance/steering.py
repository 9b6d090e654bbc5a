"""Steering by analytic costs of where the tool goes (ITPS, arXiv 2411.16627).

At each denoising step the clean estimate follows the costs' gradient. Costs are in metres of the
base frame and their gradient reaches the normalised numbers by the chain rule; the step is scaled
back by the squares of the normaliser's scales, so that a step of scale 1 moves the estimated
positions by just the gradient, whatever the bundle's units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_policy.guidance.costs import PositionCost
from takt_policy.guidance.positions import ToolPositions
from takt_policy.samplers.base import Float, Level

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightedCost:
    """One cost among several.

    Attributes:
        weight: factor.
        rising: whether it matters more towards the chunk's end, as a goal does: from 0 for the
            action of the reference time to 1 for the last.
    """

    cost: PositionCost
    weight: float = 1.0
    rising: bool = False

    def weights(self, length: int, first: int) -> Array:
        """(H,) of each action."""
        if not self.rising:
            return np.full(length, self.weight)
        return self.weight * np.clip((np.arange(length) - first) / (length - 1 - first), 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Steering:
    """Guidance by costs, for one chunk.

    Attributes:
        costs: their sum is what counts.
        positions: from normalised numbers to metres.
        first: index of the action of the reference time.
        free: (H,) False for actions that are decided already.
        scale: how far each step follows the gradient.
    """

    costs: Sequence[WeightedCost]
    positions: ToolPositions
    first: int
    free: npt.NDArray[np.bool_]
    scale: float

    def value(self, tokens: Float) -> Array:
        """(B,) cost [m^2] of normalised chunks (B, H, D)."""
        places = self.positions.of(tokens)
        total = np.zeros(len(tokens))
        for one in self.costs:
            total += one.cost.value(places) @ one.weights(places.shape[1], self.first)
        return total

    def gradient(self, tokens: Float) -> Array:
        """(B, H, D) derivative of the cost by the normalised numbers."""
        return self.positions.pulled_back(self._displacements(tokens))

    def guide(self, clean: Float, level: Level) -> Float:
        """The estimates (B, H, D) after a step against the gradient."""
        step = self.scale * self.gradient(clean) / self.positions.metric
        guided: Float = (clean - np.where(self.free[:, None], step, 0.0)).astype(np.float32)
        return guided

    def _displacements(self, tokens: Float) -> Array:
        """(B, H, 3) derivative of the cost by the positions [m]."""
        places = self.positions.of(tokens)
        total = np.zeros_like(places)
        for one in self.costs:
            weights = one.weights(places.shape[1], self.first)
            total += weights[:, None] * one.cost.gradient(places)
        return total
