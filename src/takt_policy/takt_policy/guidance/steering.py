"""Steering by analytic costs of where the tool goes (ITPS, arXiv 2411.16627).

At each denoising step the clean estimate follows the costs' gradient. Costs of positions are in
metres of the base frame, those of orientations in the policy's own rotation numbers; the gradient
reaches the normalised numbers by the chain rule. The step is scaled back by the squares of the
normaliser's scales, so that a step of scale 1 moves the estimated positions by just the gradient,
whatever the bundle's units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import PolicySpec
from takt_policy.guidance.costs import PositionCost
from takt_policy.guidance.positions import ToolPositions
from takt_policy.guidance.rotations import RotationCost, RotationGoal
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
        return self.weight * (rising(length, first) if self.rising else np.ones(length))


@dataclass(frozen=True, eq=False)
class SteeringCosts:
    """What a steering file asks for.

    Attributes:
        positions: costs of the tool's position.
        rotations: goals of its orientation.
    """

    positions: tuple[WeightedCost, ...]
    rotations: tuple[RotationGoal, ...] = ()


@dataclass(frozen=True, eq=False)
class Steering:
    """Guidance by costs, for one chunk.

    Attributes:
        costs: of positions.
        rotations: of orientations; the sum of all is what counts.
        positions: from normalised numbers to metres.
        first: index of the action of the reference time.
        free: (H,) False for actions that are decided already.
        scale: how far each step follows the gradient.
    """

    costs: Sequence[WeightedCost]
    rotations: Sequence[RotationCost]
    positions: ToolPositions
    first: int
    free: npt.NDArray[np.bool_]
    scale: float

    @staticmethod
    def of(
        asked: SteeringCosts,
        spec: PolicySpec,
        normalizer: Normalizer,
        reference_pose: Pose,
        free: npt.NDArray[np.bool_],
        scale: float,
    ) -> Steering:
        """For one observation; the policy's actions are not joints and not delta."""
        rotations = [
            RotationCost.of_policy(spec, normalizer, reference_pose, goal)
            for goal in asked.rotations
        ]
        positions = ToolPositions.of_policy(spec, normalizer, reference_pose)
        first = spec.horizons.first
        return Steering(asked.positions, rotations, positions, first, free, scale)

    def value(self, tokens: Float) -> Array:
        """(B,) cost of normalised chunks (B, H, D)."""
        places = self.positions.of(tokens)
        length = places.shape[1]
        total = np.zeros(len(tokens))
        for one in self.costs:
            total += one.cost.value(places) @ one.weights(length, self.first)
        for turn in self.rotations:
            total += turn.value(tokens) @ rising(length, self.first)
        return total

    def gradient(self, tokens: Float) -> Array:
        """(B, H, D) derivative of the cost by the normalised numbers."""
        places = self.positions.of(tokens)
        length = places.shape[1]
        pulls = np.zeros_like(places)
        for one in self.costs:
            pulls += one.weights(length, self.first)[:, None] * one.cost.gradient(places)
        gradient = self.positions.pulled_back(pulls)
        for turn in self.rotations:
            gradient[..., turn.span] += rising(length, self.first)[:, None] * turn.gradient(tokens)
        return gradient

    def guide(self, clean: Float, level: Level) -> Float:
        """The estimates (B, H, D) after a step against the gradient."""
        metric = self.positions.metric
        for turn in self.rotations:
            metric[turn.span] = turn.scale**2
        step = np.where(self.free[:, None], self.scale * self.gradient(clean) / metric, 0.0)
        return np.asarray(clean - step, np.float32)


def rising(length: int, first: int) -> Array:
    """(H,) from 0 for the action of the reference time to 1 for the last."""
    return np.clip((np.arange(length) - first) / max(length - 1 - first, 1), 0.0, 1.0)
