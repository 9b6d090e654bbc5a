"""Where the points that a teacher names appear in each image: targets for the keypoints."""

from __future__ import annotations

import mujoco
import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose, quaternion_from_matrix
from takt_sim.simulation import Simulation
from takt_training.recipes.base import CameraPlace

Float = npt.NDArray[np.float64]


def camera_pose(simulation: Simulation, name: str) -> Pose:
    """base_from_camera now, MuJoCo's axes: looks along -z, y up in the image."""
    data: mujoco.MjData = simulation.data
    camera = data.camera(name)
    return Pose(np.array(camera.xpos), quaternion_from_matrix(camera.xmat.reshape(3, 3)))


def project(points_m: Float, camera_from_base: Pose, focal_px: float, side: int) -> Float:
    """(n, 3) points in base to (n, 2) pixel indices (column, row); NaN outside the image."""
    seen = points_m @ camera_from_base.rotation().T + camera_from_base.position_m
    depth = np.where(seen[:, 2] < -1e-3, -seen[:, 2], np.nan)
    column = side / 2 + focal_px * seen[:, 0] / depth - 0.5
    row = side / 2 - focal_px * seen[:, 1] / depth - 0.5
    pixels = np.stack([column, row], axis=1)
    outside = ~((pixels > -0.5) & (pixels < side - 0.5)).all(axis=1)
    pixels[outside] = np.nan
    return pixels


class PointProjector:
    """Projects points of one episode into a camera's image.

    Args:
        side: of the square images [pixels].
    """

    def __init__(self, simulation: Simulation, place: CameraPlace, side: int) -> None:
        model = simulation.model
        self._side = side
        field_rad = np.deg2rad(float(model.cam_fovy[model.camera(place.camera).id]))
        self._focal_px = 0.5 * side / np.tan(field_rad / 2.0)
        self._moving = place.moving
        base_from_camera = camera_pose(simulation, place.camera)
        self._camera = base_from_camera
        if place.moving:
            self._camera = simulation.robot.base_from_tcp.inverse() @ base_from_camera

    def pixels(self, points_m: Float, base_from_tcp: Pose) -> Float:
        """(P, 2) of points (P, 3) in base, for a pose of the tool."""
        base_from_camera = base_from_tcp @ self._camera if self._moving else self._camera
        return project(points_m, base_from_camera.inverse(), self._focal_px, self._side)
