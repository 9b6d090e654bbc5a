"""Between ROS messages and the types of takt_cameras: pure functions, in pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo

from takt_cameras.calibration import Intrinsics
from takt_core.conversions import header_to_ros


def camera_info_to_ros(intrinsics: Intrinsics, stamp_ns: int, frame_id: str) -> CameraInfo:
    return CameraInfo(
        header=header_to_ros(stamp_ns, frame_id),
        width=intrinsics.width,
        height=intrinsics.height,
        distortion_model=intrinsics.distortion_model,
        d=intrinsics.distortion.tolist(),
        k=intrinsics.camera_matrix.reshape(-1),
        r=intrinsics.rectification.reshape(-1),
        p=intrinsics.projection.reshape(-1),
    )


def camera_info_from_ros(message: Any) -> Intrinsics:
    return Intrinsics(
        width=message.width,
        height=message.height,
        camera_matrix=np.array(message.k, dtype=np.float64).reshape(3, 3),
        distortion_model=message.distortion_model,
        distortion=np.array(message.d, dtype=np.float64),
        rectification=np.array(message.r, dtype=np.float64).reshape(3, 3),
        projection=np.array(message.p, dtype=np.float64).reshape(3, 4),
    )
