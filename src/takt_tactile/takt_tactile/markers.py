"""Finds the dots of a gel in an image, with sub-pixel centres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

# The background is an average over several dots' diameters, so that one dot hardly moves it.
_BACKGROUND_DIAMETERS = 6.0
# Share of the contrast threshold below which a pixel is noise and has no weight.
_NOISE_SHARE = 0.3
# Pixels around a dot that belong to its blurred edge.
_EDGE_PX = 2


@dataclass(frozen=True)
class MarkerStyle:
    """What the dots look like.

    Attributes:
        dark: darker than the gel.
        contrast: least difference to the gel [grey levels].
        minimum_area_px, maximum_area_px: of one dot [px^2].
    """

    dark: bool = True
    contrast: float = 25.0
    minimum_area_px: float = 12.0
    maximum_area_px: float = 2500.0


def detect(image: npt.NDArray[Any], style: MarkerStyle) -> Points:
    """The centres of all dots, (N, 2) [px]: x to the right, y down, pixel centres whole.

    A centre is the centroid of the dot's contrast against the gel around it, over the dot and
    its blurred edge; uneven illumination cancels as long as it is smooth.

    Args:
        image: (H, W, 3) uint8 RGB or (H, W) uint8 or float.
    """
    contrast = _contrast(image, style)
    mask = (contrast >= style.contrast).astype(np.uint8)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    area = statistics[:, cv2.CC_STAT_AREA]
    keep = (area >= style.minimum_area_px) & (area <= style.maximum_area_px)
    keep[0] = False
    keep &= ~_touches_edge(statistics, contrast.shape)
    kernel = np.ones((2 * _EDGE_PX + 1, 2 * _EDGE_PX + 1), dtype=np.uint8)
    grown = cv2.dilate(labels.astype(np.float32), kernel)
    # A pixel between two dots stays with the dot that it is part of.
    owner = np.where(labels > 0, labels, grown.astype(labels.dtype)).reshape(-1)
    # Most pixels belong to no dot.
    pixels = np.flatnonzero(owner)
    owner = owner[pixels]
    y, x = np.divmod(pixels, contrast.shape[1])
    weight = np.maximum(contrast.reshape(-1)[pixels] - _NOISE_SHARE * style.contrast, 0.0)
    total = np.bincount(owner, weight, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        center_x = np.bincount(owner, weight * x, count) / total
        center_y = np.bincount(owner, weight * y, count) / total
    centers: Points = np.stack([center_x, center_y], axis=1)[keep]
    return centers


def _contrast(image: npt.NDArray[Any], style: MarkerStyle) -> npt.NDArray[np.float32]:
    """How much each pixel stands out from the gel around it, positive for dots, (H, W)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    grey = np.asarray(grey, dtype=np.float32)
    diameter = 2.0 * np.sqrt(style.maximum_area_px / np.pi)
    size = int(min(_BACKGROUND_DIAMETERS * diameter, *grey.shape)) | 1
    background = cv2.blur(grey, (size, size), borderType=cv2.BORDER_REFLECT)
    return np.asarray(background - grey if style.dark else grey - background)


def _touches_edge(
    statistics: npt.NDArray[np.int32], shape: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Dots cut by the edge of the image have no centre."""
    left, top = statistics[:, cv2.CC_STAT_LEFT], statistics[:, cv2.CC_STAT_TOP]
    right = left + statistics[:, cv2.CC_STAT_WIDTH]
    bottom = top + statistics[:, cv2.CC_STAT_HEIGHT]
    touches: npt.NDArray[np.bool_] = (
        (left == 0) | (top == 0) | (right == shape[1]) | (bottom == shape[0])
    )
    return touches
