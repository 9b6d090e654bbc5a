"""Dynamixel servos: their control table, their models, the port and the bus."""
