"""The untouched skin: which dot is which, and where it rests."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from takt_core.errors import TaktError
from takt_tactile.markers import MarkerStyle, Points, detect

# How far a dot may be from where its neighbour says, as a share of their distance.
_STEP_TOLERANCE = 0.35
# A reference with more dots missing is no reference.
_LEAST_PRESENT = 0.8
_STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))


@dataclass(frozen=True)
class Reference:
    """The grid of dots at rest.

    Attributes:
        position_px: (rows, columns, 2) x, y in the image [px]; a dot that was not seen has the
            place that its neighbours imply.
        present: (rows, columns) whether it was seen.
        pitch_px: distance between neighbours [px].
    """

    position_px: Points
    present: npt.NDArray[np.bool_]
    pitch_px: float


class ReferenceCollector:
    """Averages the first frames: the mean image has less noise than any of them."""

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._sum: npt.NDArray[np.float64] | None = None
        self._count = 0

    def add(self, image: npt.NDArray[Any]) -> bool:
        """Takes an image; whether there are enough."""
        pixels = np.asarray(image, dtype=np.float64)
        self._sum = pixels if self._sum is None else self._sum + pixels
        self._count += 1
        return self._count >= self._frames

    def mean(self) -> npt.NDArray[np.float32]:
        """The average image, in the shape of the images."""
        assert self._sum is not None, "add() comes before mean()"
        return np.asarray(self._sum / self._count, dtype=np.float32)


def load_image(path: str, width: int, height: int) -> npt.NDArray[np.uint8]:
    """An image file of the untouched skin, (H, W, 3) RGB.

    Raises:
        TaktError: it is no image, or of another size than the camera's.
    """
    image = cv2.imread(path, cv2.IMREAD_COLOR) if Path(path).is_file() else None
    if image is None:
        raise TaktError(
            f"reference {path!r} is no image that can be read; change the parameter 'reference'"
        )
    if image.shape[:2] != (height, width):
        raise TaktError(
            f"reference {path!r} is {image.shape[1]}x{image.shape[0]}, the camera delivers "
            f"{width}x{height}. Take it again or change 'width' and 'height'"
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def make_reference(
    image: npt.NDArray[Any], rows: int, columns: int, style: MarkerStyle
) -> Reference:
    """The grid in an image of the untouched skin.

    Raises:
        TaktError: the dots found do not make a grid of this size.
    """
    points = detect(image, style)
    advice = "Change 'rows', 'columns', 'contrast' or the areas, or clean the skin"
    if len(points) < _LEAST_PRESENT * rows * columns:
        raise TaktError(
            f"the reference shows {len(points)} markers, {rows}x{columns} = {rows * columns} are "
            f"expected (at least {_LEAST_PRESENT:.0%}). {advice}"
        )
    index, pitch_px = _grid_indices(points)
    found_rows, found_columns = (index.max(axis=0) + 1).tolist()
    if (found_rows, found_columns) != (rows, columns):
        raise TaktError(
            f"the markers in the reference make a grid of {found_rows}x{found_columns}, "
            f"{rows}x{columns} are expected. {advice}"
        )
    present = np.zeros((rows, columns), dtype=bool)
    position = _fitted_grid(points, index, rows, columns)
    row, column = index[index[:, 0] >= 0].T
    present[row, column] = True
    position[row, column] = points[index[:, 0] >= 0]
    if present.mean() < _LEAST_PRESENT:
        raise TaktError(
            f"only {present.sum()} markers of the reference lie on one grid of {rows}x{columns}. "
            f"{advice}"
        )
    return Reference(position, present, pitch_px)


def _grid_indices(points: Points) -> tuple[npt.NDArray[np.intp], float]:
    """(N, 2) row and column of each dot, -1 off the grid, and the pitch [px].

    Walks from the middle dot to its neighbours, so that a slowly bent grid is followed.
    """
    tree = cKDTree(points)
    distance, neighbour = tree.query(points, k=2)
    pitch_px = float(np.median(distance[:, 1]))
    # Directions to the nearest neighbours agree modulo 90 degrees.
    to_neighbour = points[neighbour[:, 1]] - points
    angle = np.arctan2(to_neighbour[:, 1], to_neighbour[:, 0])
    turn = np.angle(np.mean(np.exp(4j * angle))) / 4.0
    right = pitch_px * np.array([np.cos(turn), np.sin(turn)])
    down = np.array([-right[1], right[0]])
    index = np.full((len(points), 2), np.iinfo(np.intp).min, dtype=np.intp)
    start = _start(tree, points, right, down, pitch_px)
    index[start] = 0
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for row_step, column_step in _STEPS:
            there = points[here] + row_step * down + column_step * right
            off, candidate = tree.query(there)
            unseen = index[candidate, 0] == np.iinfo(np.intp).min
            if off < _STEP_TOLERANCE * pitch_px and unseen:
                index[candidate] = index[here] + (row_step, column_step)
                queue.append(int(candidate))
    reached = index[:, 0] != np.iinfo(np.intp).min
    index[reached] -= index[reached].min(axis=0)
    index[~reached] = -1
    return index, pitch_px


def _start(tree: cKDTree, points: Points, right: Points, down: Points, pitch_px: float) -> int:
    """The dot with the most neighbours, in doubt the most central; dirt has none."""
    neighbours = np.zeros(len(points))
    for row_step, column_step in _STEPS:
        off, _ = tree.query(points + row_step * down + column_step * right)
        neighbours += off < _STEP_TOLERANCE * pitch_px
    eccentricity = np.linalg.norm(points - points.mean(axis=0), axis=1)
    return int(np.argmax(neighbours - eccentricity / (eccentricity.max() + 1.0)))


def _fitted_grid(points: Points, index: npt.NDArray[np.intp], rows: int, columns: int) -> Points:
    """(rows, columns, 2): a plane grid through the dots, by least squares."""
    on_grid = index[:, 0] >= 0
    design = np.column_stack([index[on_grid], np.ones(on_grid.sum())])
    solution, *_ = np.linalg.lstsq(design, points[on_grid], rcond=None)
    row, column = np.indices((rows, columns))
    fitted: Points = np.stack([row, column, np.ones_like(row)], axis=-1) @ solution
    return fitted
