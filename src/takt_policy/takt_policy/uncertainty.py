"""How far several candidates for one chunk disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_policy.actions import Actions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spread:
    """Root mean square distance from the candidates' mean, per action.

    Attributes:
        position_m: (H,) of the tool's positions [m].
        rotation_rad: (H,) angle from the chordal mean of the tool's rotations [rad].
    """

    position_m: Array
    rotation_rad: Array


def spread(candidates: Sequence[Actions]) -> Spread:
    """Of at least two candidates for the same times."""
    poses = np.stack([one.poses for one in candidates])
    positions, quaternions = poses[..., :3], poses[..., 3:]
    apart = positions - positions.mean(axis=0)
    position_m = np.sqrt(np.mean(np.sum(apart**2, axis=2), axis=0))
    # The mean rotation is the greatest eigenvector of the quaternions' outer products, whatever
    # their signs (Markley et al., J. Guidance 30(4), 2007).
    outer = np.einsum("nhi,nhj->hij", quaternions, quaternions)
    mean = np.linalg.eigh(outer)[1][..., -1]
    # By the part across the mean: an arc cosine would lose angles below 1e-8.
    along = np.einsum("nhi,hi->nh", quaternions, mean)
    across = np.linalg.norm(quaternions - along[..., None] * mean, axis=2)
    angles = 2.0 * np.arctan2(across, np.abs(along))
    return Spread(position_m, np.sqrt(np.mean(angles**2, axis=0)))
