"""A bus of Dynamixel servos that do not exist, for tests and for trying things out."""
