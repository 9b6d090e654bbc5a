"""Checkpoints of the original diffusion_policy repository."""

from takt_export.diffusion_policy.read import read_diffusion_policy

__all__ = ["read_diffusion_policy"]
