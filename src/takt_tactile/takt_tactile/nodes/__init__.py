"""The ROS side of takt_tactile."""
