"""Teleoperation devices, each without ROS: bytes or events in, a velocity out."""
