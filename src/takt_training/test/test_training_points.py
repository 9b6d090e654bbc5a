"""Projection of the taught points into an image."""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Pose
from takt_training.points import project


def test_a_point_ahead_is_in_the_middle_and_right_is_right() -> None:
    points = np.array([[0.0, 0.0, -1.0], [0.1, 0.0, -1.0], [0.0, 0.1, -1.0]])
    pixels = project(points, Pose.identity(), focal_px=100.0, side=96)
    assert np.allclose(pixels, [[47.5, 47.5], [57.5, 47.5], [47.5, 37.5]])


def test_points_behind_or_beside_the_image_are_not_in_view() -> None:
    points = np.array([[0.0, 0.0, 1.0], [2.0, 0.0, -1.0]])
    assert np.isnan(project(points, Pose.identity(), focal_px=100.0, side=96)).all()
