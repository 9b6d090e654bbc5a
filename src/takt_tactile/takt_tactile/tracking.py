"""Follows every dot of the reference from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from takt_tactile.markers import Points
from takt_tactile.reference import Reference

# A dot may move so far between two frames, as a share of the pitch.
_REACH = 0.5
# Neighbouring dots may move so differently, as a share of the pitch.
_NEIGHBOUR_TOLERANCE = 0.5
# With fewer dots followed, the next frame is matched as if it were the first.
_LEAST_VALID = 0.3


@dataclass(frozen=True)
class DisplacementField:
    """The skin at one time.

    Attributes:
        displacement_m: (rows, columns, 3) float32 [m] in the surface frame: x right and y up in
            the image, z into the skin. z is 0: dots seen by one camera do not tell it.
        position_m: (rows, columns, 2) float32 [m], xy at rest from the middle of the grid.
        valid: (rows, columns); false where the dot was not found, and the displacement is the
            median of its neighbours'.
    """

    displacement_m: npt.NDArray[np.float32]
    position_m: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]


class Tracker:
    """Matches detections to the reference, each where it was last seen."""

    def __init__(self, reference: Reference, mm_per_pixel: float) -> None:
        self._reference = reference
        # The image's y points down, the surface's up.
        self._m_per_px = 1e-3 * mm_per_pixel * np.array([1.0, -1.0])
        self._displacement_px = np.zeros_like(reference.position_px)
        middle = reference.position_px.reshape(-1, 2).mean(axis=0)
        self._position_m = ((reference.position_px - middle) * self._m_per_px).astype(np.float32)

    def track(self, points: Points) -> DisplacementField:
        """The field for the dots detected in the next frame, (N, 2) [px]."""
        measured, found = self._match(points)
        valid = found & self._agrees(measured, found)
        filled = _neighbour_median(measured, valid)
        self._displacement_px = np.where(valid[..., None], measured, filled)
        displacement_m = np.zeros((*valid.shape, 3), dtype=np.float32)
        displacement_m[..., :2] = self._displacement_px * self._m_per_px
        if valid.mean() < _LEAST_VALID:
            self._displacement_px = np.zeros_like(self._displacement_px)
        return DisplacementField(displacement_m, self._position_m, valid)

    def _match(self, points: Points) -> tuple[Points, npt.NDArray[np.bool_]]:
        """(rows, columns, 2) displacement [px] and whether a detection was found for it.

        A match must be mutual: the detection nearest to where the dot is expected, and the
        expectation nearest to that detection.
        """
        shape = self._reference.present.shape
        if len(points) == 0:
            return np.zeros((*shape, 2)), np.zeros(shape, dtype=bool)
        expected = (self._reference.position_px + self._displacement_px).reshape(-1, 2)
        distance, nearest = cKDTree(points).query(expected)
        _, back = cKDTree(expected).query(points)
        mutual = back[nearest] == np.arange(len(expected))
        near = distance < _REACH * self._reference.pitch_px
        found = (mutual & near).reshape(shape) & self._reference.present
        moved = points[nearest].reshape(*shape, 2) - self._reference.position_px
        return np.where(found[..., None], moved, 0.0), found

    def _agrees(
        self, displacement_px: Points, found: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """(rows, columns) whether a dot moved like its neighbours: a mix-up does not."""
        difference = displacement_px - _neighbour_median(displacement_px, found)
        limit = _NEIGHBOUR_TOLERANCE * self._reference.pitch_px
        agrees: npt.NDArray[np.bool_] = np.linalg.norm(difference, axis=-1) < limit
        return agrees


def _neighbour_median(values: Points, valid: npt.NDArray[np.bool_]) -> Points:
    """(rows, columns, 2) median over the valid ones of the 8 neighbours; without, over all."""
    padded = np.pad(
        np.where(valid[..., None], values, np.nan), ((1, 1), (1, 1), (0, 0)), constant_values=np.nan
    )
    rows, columns = valid.shape
    shifted = [
        padded[row : row + rows, column : column + columns]
        for row in range(3)
        for column in range(3)
        if (row, column) != (1, 1)
    ]
    everywhere = np.median(values[valid], axis=0) if valid.any() else np.zeros(2)
    stack = np.stack(shifted)
    lonely = np.isnan(stack).all(axis=(0, 3))
    stack[:, lonely] = everywhere
    median: Points = np.nanmedian(stack, axis=0)
    return median
