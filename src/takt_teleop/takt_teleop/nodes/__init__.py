"""The ROS nodes of this package; nothing else here imports ROS."""
