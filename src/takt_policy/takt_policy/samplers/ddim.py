"""Implicit sampling of denoising diffusion models (Song et al., arXiv 2010.02502)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from takt_policy.samplers.base import Float, Predict, clean_estimate
from takt_policy.samplers.schedule import NoiseSchedule


@dataclass(frozen=True, eq=False)
class Ddim:
    """Deterministic for ``eta`` 0; the initial noise alone decides the chunk.

    The predicted noise is used as the network gave it, also where the clean estimate was
    clipped, as Diffusion Policy does.

    Attributes:
        calls: network calls per draw.
        clip: bound on the estimated clean sample, or None.
        eta: 0 deterministic, 1 as noisy as DDPM.
    """

    schedule: NoiseSchedule
    calls: int
    clip: float | None = 1.0
    eta: float = 0.0

    def draw(self, predict: Predict, initial: Float, rng: np.random.Generator) -> Float:
        """A chunk for each initial noise (B, H, D), float32."""
        sample = initial
        for level, following in self.schedule.levels(self.calls):
            noise = predict(sample, level)
            clean = clean_estimate(sample, noise, level, self.schedule, self.clip)
            now, then = self.schedule.signal(level), self.schedule.signal(following)
            variance = self.eta**2 * (1.0 - then) / (1.0 - now) * (1.0 - now / then)
            sample = math.sqrt(then) * clean + math.sqrt(1.0 - then - variance) * noise
            if variance > 0.0:
                fresh = rng.standard_normal(sample.shape, dtype=np.float32)
                sample = sample + math.sqrt(variance) * fresh
            sample = sample.astype(np.float32)
        return sample
