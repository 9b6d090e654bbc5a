"""Between ROS messages and the types of takt: pure functions, in pairs."""

from takt_core.conversions.basic import (
    array7_from_ros,
    duration_to_ros,
    header_to_ros,
    pose_from_ros,
    pose_to_ros,
    stamp_from_ros,
    stamp_to_ros,
    twist_from_ros,
    twist_to_ros,
    wrench_from_ros,
    wrench_to_ros,
)
from takt_core.conversions.chunks import chunk_from_ros, chunk_to_ros
from takt_core.conversions.images import image_from_ros, image_to_ros
from takt_core.conversions.samples import sample_from_ros
from takt_core.conversions.trajectories import (
    hand_trajectory_from_ros,
    hand_trajectory_to_ros,
    trajectory_from_ros,
    trajectory_to_ros,
)

__all__ = [
    "array7_from_ros",
    "chunk_from_ros",
    "chunk_to_ros",
    "duration_to_ros",
    "hand_trajectory_from_ros",
    "hand_trajectory_to_ros",
    "header_to_ros",
    "image_from_ros",
    "image_to_ros",
    "pose_from_ros",
    "pose_to_ros",
    "sample_from_ros",
    "stamp_from_ros",
    "stamp_to_ros",
    "trajectory_from_ros",
    "trajectory_to_ros",
    "twist_from_ros",
    "twist_to_ros",
    "wrench_from_ros",
    "wrench_to_ros",
]
