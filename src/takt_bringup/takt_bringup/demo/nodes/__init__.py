"""The demo's ROS client; nothing else of the demo imports ROS."""
