"""Homing and planned, collision-aware moves of the arm."""
