"""The parts of bringup that need ROS."""
