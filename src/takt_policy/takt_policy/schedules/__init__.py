"""Schedules: when inference runs and which of its actions are committed."""
