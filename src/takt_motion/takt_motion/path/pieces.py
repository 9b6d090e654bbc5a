"""A path of the joints with rounded corners: straight lines and blends, by way length.

A blend leaves the first line and enters the second a distance ``d`` from the corner. Its
direction turns as ``h(u) = 3 u^2 - 2 u^3``: tangent and curvature are continuous, so that the
acceleration of the joints is, and the path stays inside the triangle of its two ends and the
corner. The way ``s`` along it is that of the lines, 2 d in all.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from takt_core.geometry import Array
from takt_motion.planners.interface import Space

# The most of a line that one blend takes.
_SHARE = 0.45
# Blends are made smaller so often before the motion stops at the corner instead.
_HALVINGS = 5
# Pieces of a blend for the check of collisions: a blend of 0.3 rad is so near to them that no
# point of the robot is off by more than a hundredth of a usual margin.
_CHORDS = 64


@dataclass(frozen=True, eq=False)
class Line:
    """Straight from ``first`` (n,) along the unit vector ``direction`` (n,)."""

    first: Array
    direction: Array
    length: float

    def at(self, s: float) -> tuple[Array, Array, Array]:
        """Position, tangent and curvature at the way ``s`` from its start."""
        return self.first + s * self.direction, self.direction, np.zeros_like(self.direction)


@dataclass(frozen=True, eq=False)
class Blend:
    """Around ``corner`` (n,) from the direction ``before`` to ``after``, both unit vectors."""

    corner: Array
    before: Array
    after: Array
    reach: float

    @property
    def length(self) -> float:
        return 2.0 * self.reach

    def at(self, s: float) -> tuple[Array, Array, Array]:
        """Position, tangent and curvature at the way ``s`` from its start."""
        u = s / self.length
        turn = self.after - self.before
        start = self.corner - self.reach * self.before
        position = start + s * self.before + self.length * (u**3 - u**4 / 2.0) * turn
        tangent = self.before + (3.0 * u**2 - 2.0 * u**3) * turn
        return position, tangent, 6.0 * (u - u**2) * turn / self.length


Piece = Line | Blend


def rounded(corners: Array, space: Space, reach: float) -> tuple[Piece, ...]:
    """Round the corners (k, n) of a free path as far as that is free.

    Args:
        reach: of a blend from its corner, at most [rad].

    Returns:
        Lines with blends between them. Between two lines without a blend the motion has to stop.
        Empty if all corners are the same.
    """
    ways = np.diff(corners, axis=0)
    lengths = np.linalg.norm(ways, axis=1)
    kept = lengths > 0.0
    corners = np.vstack([corners[:1], corners[1:][kept]])
    ways, lengths = ways[kept], lengths[kept]
    directions = ways / lengths[:, None]
    blends: list[Blend | None] = []
    for k in range(1, len(corners) - 1):
        most = min(reach, _SHARE * lengths[k - 1], _SHARE * lengths[k])
        blends.append(_free_blend(corners[k], directions[k - 1], directions[k], most, space))
    pieces: list[Piece] = []
    for k, length in enumerate(lengths.tolist()):
        before = blends[k - 1] if k > 0 else None
        after = blends[k] if k < len(blends) else None
        begin = 0.0 if before is None else before.reach
        end = length - (0.0 if after is None else after.reach)
        pieces.append(Line(corners[k] + begin * directions[k], directions[k], end - begin))
        if after is not None:
            pieces.append(after)
    return tuple(pieces)


def _free_blend(
    corner: Array, before: Array, after: Array, reach: float, space: Space
) -> Blend | None:
    for _ in range(_HALVINGS):
        blend = Blend(corner, before, after, reach)
        chords = [blend.at(s)[0] for s in np.linspace(0.0, blend.length, _CHORDS + 1)]
        inner = chords[1:-1]
        if all(not space.touching(q) for q in inner) and all(
            space.is_free_between(a, b) for a, b in itertools.pairwise(chords)
        ):
            return blend
        reach /= 2.0
    return None
