"""Drivers for dexterous hands with Dynamixel servos."""
