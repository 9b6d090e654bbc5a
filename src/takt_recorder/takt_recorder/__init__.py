"""Recording, repair, audit and replay of episodes as rosbag2 bags with MCAP storage."""

__version__ = "0.1.0"
