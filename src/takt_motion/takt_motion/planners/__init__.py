"""Backends that find a collision-free path of the joints; see ``interface.Planner``."""
