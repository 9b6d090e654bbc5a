"""The ROS side."""
