"""Implicit sampling of denoising diffusion models (Song et al., arXiv 2010.02502).

Without noise of its own it is the step of the probability flow, and with the levels of flow
matching it is the Euler step: ``signal' clean + noise' eps = x + (t' - t) velocity``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from takt_policy.samplers.base import Denoiser, Float, Levels


@dataclass(frozen=True, eq=False)
class Ddim:
    """Deterministic for ``eta`` 0; the initial noise alone decides the chunk.

    The predicted noise is used as the network gave it, also where the clean estimate was
    clipped, as Diffusion Policy does. Where the clean estimate was guided, the noise follows,
    so that the two still make up the sample.

    Attributes:
        eta: 0 deterministic, 1 as noisy as DDPM; for levels that keep the power.
    """

    levels: Levels
    eta: float = 0.0

    def draw(
        self, denoiser: Denoiser, initial: Float, rng: np.random.Generator, skip: int = 0
    ) -> Float:
        """A chunk for each initial sample (B, L, S), float32."""
        sample = initial
        for index in range(skip, self.levels.steps):
            level = self.levels.at(index)
            estimate = denoiser.estimate(sample, level)
            clean = denoiser.guide(estimate.clean, level)
            variance = self._variance(index)
            signal = float(self.levels.signal[index + 1])
            noise = math.sqrt(float(self.levels.noise[index + 1]) ** 2 - variance)
            sample = noise * estimate.noise
            if clean is not estimate.clean:
                # signal clean + noise (estimate.noise - ratio (clean - estimate.clean))
                back = noise * float(self.levels.signal[index] / self.levels.noise[index])
                sample, signal = sample + back * estimate.clean, signal - back
            sample = sample + signal * clean
            if variance > 0.0:
                fresh = rng.standard_normal(sample.shape, dtype=np.float32)
                sample = sample + math.sqrt(variance) * fresh
        return sample.astype(np.float32)

    def _variance(self, index: int) -> float:
        if self.eta == 0.0:
            return 0.0
        signal, noise = self.levels.signal[index : index + 2], self.levels.noise[index : index + 2]
        posterior = (noise[1] / noise[0]) ** 2 * (1.0 - (signal[0] / signal[1]) ** 2)
        return float(self.eta**2 * posterior)
