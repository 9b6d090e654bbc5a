"""Ancestral sampling of denoising diffusion models (Ho et al., arXiv 2006.11239)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from takt_policy.samplers.base import Float, Predict, clean_estimate
from takt_policy.samplers.schedule import NoiseSchedule


@dataclass(frozen=True, eq=False)
class Ddpm:
    """Stochastic; each step draws from the posterior given the estimated clean sample.

    The variance is the posterior's own (the smaller of the two choices in the paper). With
    fewer calls than noise levels, a step spans several levels and the same formulas hold for
    their product.

    Attributes:
        calls: network calls per draw.
        clip: bound on the estimated clean sample, or None.
    """

    schedule: NoiseSchedule
    calls: int
    clip: float | None = 1.0

    def draw(self, predict: Predict, initial: Float, rng: np.random.Generator) -> Float:
        """A chunk for each initial noise (B, H, D), float32."""
        sample = initial
        for level, following in self.schedule.levels(self.calls):
            clean = clean_estimate(sample, predict(sample, level), level, self.schedule, self.clip)
            if following < 0:
                return clean
            mean, deviation = self.posterior(clean, sample, level, following)
            noise = rng.standard_normal(sample.shape, dtype=np.float32)
            sample = (mean + deviation * noise).astype(np.float32)
        return sample

    def posterior(
        self, clean: Float, sample: Float, level: int, following: int
    ) -> tuple[Float, float]:
        """Mean and standard deviation of the next sample (eq. 7 of the paper)."""
        now, then = self.schedule.signal(level), self.schedule.signal(following)
        kept = now / then
        from_clean = math.sqrt(then) * (1.0 - kept) / (1.0 - now)
        from_sample = math.sqrt(kept) * (1.0 - then) / (1.0 - now)
        variance = (1.0 - then) / (1.0 - now) * (1.0 - kept)
        mean = (from_clean * clean + from_sample * sample).astype(np.float32)
        return mean, math.sqrt(variance)
