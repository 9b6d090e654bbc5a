"""Checkpoints of LeRobot: ACT and Diffusion."""

from takt_export.lerobot.read import read_lerobot

__all__ = ["read_lerobot"]
