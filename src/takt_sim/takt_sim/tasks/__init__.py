"""Tasks: their objects, their start, and when they have succeeded or failed."""

from takt_sim.tasks.registry import TASK_NAMES, make_task

__all__ = ["TASK_NAMES", "make_task"]
