"""Scripted experts: they see the truth of the simulation, and show how a task is done."""
