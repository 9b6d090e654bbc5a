"""Where the hole's rim and the peg's tip appear in each image: targets for the keypoints."""

from __future__ import annotations

import mujoco
import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose, quaternion_from_matrix
from takt_sim.simulation import Simulation
from takt_sim.tasks.peg_insertion import TIP_FROM_PEG, PegInsertion
from takt_sim.tasks.peg_objects import CHAMFER_M, HOLE_WIDTH_M

Float = npt.NDArray[np.float64]
COUNT = 6
"""Centre and four outer corners of the chamfer, then the tip of the peg."""

_REACH_M = HOLE_WIDTH_M / 2 + CHAMFER_M
HOLE_POINTS_M = _REACH_M * np.array(
    [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0], [-1.0, -1.0, 0.0], [1.0, -1.0, 0.0]]
)


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
    """Projects the points of one episode into a camera's image.

    Args:
        side: of the square images [pixels].
        moving: whether the camera is fixed to the tool.
    """

    def __init__(self, simulation: Simulation, camera: str, side: int, *, moving: bool) -> None:
        model = simulation.model
        self._side = side
        field_rad = np.deg2rad(float(model.cam_fovy[model.camera(camera).id]))
        self._focal_px = 0.5 * side / np.tan(field_rad / 2.0)
        base_from_camera = camera_pose(simulation, camera)
        self._camera = base_from_camera
        if moving:
            self._camera = simulation.robot.base_from_tcp.inverse() @ base_from_camera
        self._moving = moving

    def pixels(self, base_from_tcp: Pose, task: PegInsertion) -> Float:
        """(COUNT, 2) for a pose of the tool."""
        base_from_camera = base_from_tcp @ self._camera if self._moving else self._camera
        hole = task.base_from_hole
        rim = HOLE_POINTS_M @ hole.rotation().T + hole.position_m
        base_from_peg = base_from_tcp @ task.tcp_from_peg
        tip = base_from_peg.position_m + base_from_peg.rotation() @ TIP_FROM_PEG
        points = np.concatenate([rim, tip[None]])
        return project(points, base_from_camera.inverse(), self._focal_px, self._side)
