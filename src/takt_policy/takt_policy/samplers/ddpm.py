"""Ancestral sampling of denoising diffusion models (Ho et al., arXiv 2006.11239)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takt_policy.samplers.base import Denoiser, Float, Levels


@dataclass(frozen=True, eq=False)
class Posterior:
    """Gaussian of the next sample given this one and the clean chunk (eq. 7 of the paper).

    The variance is the posterior's own (the smaller of the two choices in the paper). With
    fewer steps than the training's levels, a step spans several of them and the same formulas
    hold for their product.

    Attributes:
        from_clean, from_sample: (n,) weights of both in the mean.
        deviation: (n,) standard deviation; 0 in the last step.
    """

    from_clean: Float
    from_sample: Float
    deviation: Float

    @staticmethod
    def of(levels: Levels) -> Posterior:
        signal, noise = levels.signal[:-1], levels.noise[:-1]
        then_signal, then_noise = levels.signal[1:], levels.noise[1:]
        kept = (signal / then_signal) ** 2
        ratio = (then_noise / noise) ** 2
        return Posterior(
            (then_signal * (1.0 - kept) / noise**2).astype(np.float32),
            (signal / then_signal * ratio).astype(np.float32),
            np.sqrt(ratio * (1.0 - kept)).astype(np.float32),
        )

    def mean(self, clean: Float, sample: Float, index: int) -> Float:
        """Of the sample after step ``index``; clean and sample are (..., L, S)."""
        mean: Float = self.from_clean[index] * clean + self.from_sample[index] * sample
        return mean


class Ddpm:
    """Stochastic: each step draws from the posterior given the estimated clean sample."""

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self.posterior = Posterior.of(levels)

    def draw(
        self, denoiser: Denoiser, initial: Float, rng: np.random.Generator, skip: int = 0
    ) -> Float:
        """A chunk for each initial sample (B, L, S), float32."""
        sample = initial
        for index in range(skip, self.levels.steps):
            level = self.levels.at(index)
            clean = denoiser.guide(denoiser.estimate(sample, level).clean, level)
            if index == self.levels.steps - 1:
                # No noise is left, so the posterior is the clean estimate itself.
                return clean.astype(np.float32)
            noise = rng.standard_normal(sample.shape, dtype=np.float32)
            mean = self.posterior.mean(clean, sample, index)
            sample = mean + self.posterior.deviation[index] * noise
        return sample
