"""Where the tool begins an episode: around a home pose that the tasks share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takt_core.geometry import Pose, matrix_from_rotation_vector, quaternion_from_matrix
from takt_core.parameters import parameter

HOME = Pose(np.array([0.45, 0.0, 0.25]), np.array([1.0, 0.0, 0.0, 0.0]))


@dataclass(frozen=True)
class StartRanges:
    """How far the start is from home, at most; parameters of every task."""

    start_range_m: tuple[float, ...] = parameter(
        (0.03, 0.03, 0.02), unit="m", length=3, description="of the start around home, each way"
    )
    start_yaw_range_rad: float = parameter(
        float(np.deg2rad(6.0)), unit="rad", description="of the tool's turn, each way"
    )
    start_tilt_range_rad: float = parameter(
        float(np.deg2rad(2.0)), unit="rad", description="of the tool's tilt, each way"
    )

    def draw_start(self, rng: np.random.Generator) -> Pose:
        """base_from_tcp at the start; six draws."""
        position = HOME.position_m + rng.uniform(-1.0, 1.0, 3) * np.asarray(self.start_range_m)
        turn = rng.uniform(-1.0, 1.0, 3) * np.array(
            [self.start_tilt_range_rad, self.start_tilt_range_rad, self.start_yaw_range_rad]
        )
        rotation = matrix_from_rotation_vector(turn) @ HOME.rotation()
        return Pose(position, quaternion_from_matrix(rotation))
