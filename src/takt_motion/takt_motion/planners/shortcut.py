"""Makes a path of the joints shorter: straight from place to place wherever that is free.

Random shortcuts between any two points of a path (Geraerts and Overmars, IJRR 2007), then every
corner is left out that can be.
"""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Array
from takt_motion.planners.interface import Space

_ROUNDS = 60
# Corners nearer than this are one [rad].
_SAME_RAD = 1e-6


def shorten(corners: Array, space: Space, rng: np.random.Generator) -> Array:
    """(k, n) corners of a free path to those of a shorter one with the same ends."""
    corners = _without_corners(corners, space)
    for _ in range(_ROUNDS):
        if len(corners) == 2:
            break
        corners = _one_shortcut(corners, space, rng)
    return _without_corners(corners, space)


def path_length(corners: Array) -> float:
    """Of the joints' path [rad]."""
    return float(np.linalg.norm(np.diff(corners, axis=0), axis=1).sum())


def _one_shortcut(corners: Array, space: Space, rng: np.random.Generator) -> Array:
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    low, high = sorted(rng.uniform(0.0, ends[-1], 2))
    i = min(int(np.searchsorted(ends, low, side="right")) - 1, len(lengths) - 1)
    j = min(int(np.searchsorted(ends, high, side="right")) - 1, len(lengths) - 1)
    if i == j:
        return corners
    first = corners[i] + (corners[i + 1] - corners[i]) * ((low - ends[i]) / lengths[i])
    second = corners[j] + (corners[j + 1] - corners[j]) * ((high - ends[j]) / lengths[j])
    if not space.is_free_between(first, second):
        return corners
    return _distinct(np.vstack([corners[: i + 1], first, second, corners[j + 1 :]]))


def _without_corners(corners: Array, space: Space) -> Array:
    """Go from each corner to the farthest later one that is free on the straight way."""
    kept = [0]
    while kept[-1] < len(corners) - 1:
        here = kept[-1]
        later = range(len(corners) - 1, here + 1, -1)
        there = (k for k in later if space.is_free_between(corners[here], corners[k]))
        kept.append(next(there, here + 1))
    return _distinct(corners[kept])


def _distinct(corners: Array) -> Array:
    """Without corners that repeat the one before or the end."""
    kept = [corners[0]]
    for corner in corners[1:-1]:
        if min(np.linalg.norm(corner - kept[-1]), np.linalg.norm(corner - corners[-1])) > _SAME_RAD:
            kept.append(corner)
    return np.vstack([*kept, corners[-1]])
