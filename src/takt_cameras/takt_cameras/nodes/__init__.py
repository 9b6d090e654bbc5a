"""The ROS side of takt_cameras."""
