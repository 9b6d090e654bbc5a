"""Analytic costs of where a chunk takes the tool, with their gradients.

Positions are in the base frame, (..., 3) in metres. Each cost is half a squared distance, so
that its gradient is the displacement, in metres, that would undo it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class PositionCost(Protocol):
    """A cost of single positions; a chunk's cost is the sum over its actions."""

    def value(self, positions_m: Array) -> Array:
        """(...) [m^2] of positions (..., 3)."""

    def gradient(self, positions_m: Array) -> Array:
        """(..., 3) [m] of positions (..., 3)."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """Distance to a polyline (a drawn path), as in ITPS (arXiv 2411.16627).

    Attributes:
        points_m: (P, 3) its corners.
        reach_m: beyond this distance the pull no longer grows.
    """

    points_m: Array
    reach_m: float

    def value(self, positions_m: Array) -> Array:
        return huber(positions_m - self._nearest(positions_m), self.reach_m)

    def gradient(self, positions_m: Array) -> Array:
        return huber_gradient(positions_m - self._nearest(positions_m), self.reach_m)

    def _nearest(self, positions_m: Array) -> Array:
        start, along = self.points_m[:-1], np.diff(self.points_m, axis=0)
        power = np.maximum(np.sum(along**2, axis=1), 1e-18)
        offset = positions_m[..., None, :] - start
        fraction = np.clip(np.sum(offset * along, axis=-1) / power, 0.0, 1.0)
        candidates = start + fraction[..., None] * along
        distance = np.linalg.norm(positions_m[..., None, :] - candidates, axis=-1)
        best = np.argmin(distance, axis=-1)[..., None, None]
        nearest: Array = np.take_along_axis(candidates, best, axis=-2)[..., 0, :]
        return nearest


@dataclass(frozen=True, eq=False)
class KeepOutSphere:
    """Depth within a sphere.

    Attributes:
        center_m: (3,).
        radius_m: including any margin.
    """

    center_m: Array
    radius_m: float

    def value(self, positions_m: Array) -> Array:
        distance = np.linalg.norm(positions_m - self.center_m, axis=-1)
        return _half_square(np.maximum(self.radius_m - distance, 0.0))

    def gradient(self, positions_m: Array) -> Array:
        offset = positions_m - self.center_m
        distance = np.linalg.norm(offset, axis=-1, keepdims=True)
        depth = np.maximum(self.radius_m - distance, 0.0)
        # At the very centre all ways out are equally long; up is as good as any.
        outwards = np.where(
            distance > 1e-9, offset / np.maximum(distance, 1e-9), np.array([0.0, 0.0, 1.0])
        )
        gradient: Array = -depth * outwards
        return gradient


@dataclass(frozen=True, eq=False)
class KeepOutBox:
    """Depth below the nearest face of a box along the base's axes.

    Attributes:
        low_m, high_m: (3,) corners, including any margin.
    """

    low_m: Array
    high_m: Array

    def value(self, positions_m: Array) -> Array:
        return _half_square(np.maximum(self._depths(positions_m).min(axis=-1), 0.0))

    def gradient(self, positions_m: Array) -> Array:
        depths = self._depths(positions_m)
        face = np.argmin(depths, axis=-1)
        depth = np.maximum(np.take_along_axis(depths, face[..., None], axis=-1), 0.0)
        outwards = np.concatenate([-np.eye(3), np.eye(3)])[face]
        gradient: Array = -depth * outwards
        return gradient

    def _depths(self, positions_m: Array) -> Array:
        """(..., 6) below each face, positive inside: low x, y, z, then high."""
        return np.concatenate([positions_m - self.low_m, self.high_m - positions_m], axis=-1)


@dataclass(frozen=True, eq=False)
class KeepOutHalfSpace:
    """Depth below a plane.

    Attributes:
        point_m: (3,) on the plane, including any margin.
        normal: (3,) of length 1, to the side that is allowed.
    """

    point_m: Array
    normal: Array

    def value(self, positions_m: Array) -> Array:
        return _half_square(self._depth(positions_m))

    def gradient(self, positions_m: Array) -> Array:
        gradient: Array = -self._depth(positions_m)[..., None] * self.normal
        return gradient

    def _depth(self, positions_m: Array) -> Array:
        return np.maximum((self.point_m - positions_m) @ self.normal, 0.0)


@dataclass(frozen=True, eq=False)
class GoalPosition:
    """Distance to a point.

    Attributes:
        position_m: (3,).
        reach_m: beyond this distance the pull no longer grows.
    """

    position_m: Array
    reach_m: float

    def value(self, positions_m: Array) -> Array:
        return huber(positions_m - self.position_m, self.reach_m)

    def gradient(self, positions_m: Array) -> Array:
        return huber_gradient(positions_m - self.position_m, self.reach_m)


def _half_square(depth: Array) -> Array:
    half: Array = 0.5 * depth**2
    return half


def huber(offset: Array, reach: float) -> Array:
    """Half the squared length up to ``reach``, then linear."""
    length = np.linalg.norm(offset, axis=-1)
    return np.asarray(np.where(length <= reach, 0.5 * length**2, reach * (length - 0.5 * reach)))


def huber_gradient(offset: Array, reach: float) -> Array:
    length = np.linalg.norm(offset, axis=-1, keepdims=True)
    gradient: Array = offset * np.minimum(1.0, reach / np.maximum(length, 1e-12))
    return gradient
