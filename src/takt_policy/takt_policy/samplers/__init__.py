"""Samplers: how one chunk is drawn from a network, outside the graph and in numpy."""

from __future__ import annotations

import numpy as np

from takt_policy.bundle.schema import SamplerSpec
from takt_policy.samplers.base import Denoiser, Estimate, Float, Level, Levels, Sampler
from takt_policy.samplers.ddim import Ddim
from takt_policy.samplers.ddpm import Ddpm
from takt_policy.samplers.denoiser import NetworkDenoiser, Run
from takt_policy.samplers.levels import make_levels
from takt_policy.samplers.schedule import NoiseSchedule
from takt_policy.samplers.speculative import Speculative

__all__ = [
    "Ddim",
    "Ddpm",
    "Denoiser",
    "Estimate",
    "Float",
    "Level",
    "Levels",
    "NetworkDenoiser",
    "NoiseSchedule",
    "Sampler",
    "Speculative",
    "draw_plain",
    "make_levels",
    "make_sampler",
]


def make_sampler(spec: SamplerSpec, drafts: int = 0) -> Sampler:
    """The sampler that a bundle (or an override of it) asks for.

    Args:
        drafts: of DDPM: steps drafted per run of the network; 0: no speculation.
    """
    levels = make_levels(spec)
    if spec.kind == "ddpm":
        return Speculative(levels, drafts) if drafts else Ddpm(levels)
    return Ddim(levels, spec.eta if spec.kind == "ddim" else 0.0)


def draw_plain(
    spec: SamplerSpec, run: Run, chunk: tuple[int, int], rng: np.random.Generator
) -> Float:
    """One chunk (L, S) as the bundle itself says, neither warm-started nor guided.

    Args:
        run: the network with its condition, see ``PolicyModel.denoiser``.
    """
    initial = rng.standard_normal((1, *chunk), dtype=np.float32)
    first: Float = make_sampler(spec).draw(NetworkDenoiser(spec, [run]), initial, rng)[0]
    return first
