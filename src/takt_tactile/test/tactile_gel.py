"""Synthetic gel images with dots at known places."""

from __future__ import annotations

import numpy as np

WIDTH, HEIGHT = 320, 240
ROWS, COLUMNS = 5, 7
PITCH_PX = 40.0
RADIUS_PX = 6.0


def rest_positions(turn_rad: float = 0.0) -> np.ndarray:
    """(ROWS, COLUMNS, 2) x, y [px], around the middle of the image."""
    row, column = np.indices((ROWS, COLUMNS))
    x = (column - (COLUMNS - 1) / 2) * PITCH_PX
    y = (row - (ROWS - 1) / 2) * PITCH_PX
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    turned = np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)
    return turned + np.array([WIDTH / 2, HEIGHT / 2])


def draw(positions: np.ndarray, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8: dark soft dots at (N, 2) on an unevenly lit gel."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    # A lamp at the left, as real gels have.
    light = 190.0 - 0.12 * x + 15.0 * np.cos(y / 80.0)
    dark = np.zeros((HEIGHT, WIDTH))
    for center_x, center_y in np.reshape(positions, (-1, 2)):
        distance = np.hypot(x - center_x, y - center_y)
        dark = np.maximum(dark, np.clip((RADIUS_PX + 1.0 - distance) / 2.0, 0.0, 1.0))
    image = light * (1.0 - 0.75 * dark)
    image = image + np.random.default_rng(seed).normal(0.0, noise, image.shape)
    grey = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return np.stack([grey, grey, grey], axis=-1)
