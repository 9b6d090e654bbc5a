"""Tasks: their objects, their start, and when they have succeeded or failed."""
