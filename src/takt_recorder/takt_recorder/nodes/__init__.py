"""ROS nodes: the only place of this package, besides conversions, that imports rclpy."""
