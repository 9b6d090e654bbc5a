"""The noise schedule of a diffusion model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import SamplerSpec

Array = npt.NDArray[np.float64]


def squared_cosine_betas(steps: int, greatest: float = 0.999) -> Array:
    """Variances (steps,) of Nichol & Dhariwal (arXiv 2102.09672), eq. 17, capped.

    They follow from wanting the remaining signal power at time u in [0, 1] to be
    ``cos^2((u + 0.008) / 1.008 * pi / 2)``.
    """
    edges = np.arange(steps + 1, dtype=np.float64) / steps
    power = np.cos((edges + 0.008) / 1.008 * math.pi / 2) ** 2
    betas: Array = np.minimum(1.0 - power[1:] / power[:-1], greatest)
    return betas


def linear_betas(steps: int, start: float, end: float) -> Array:
    """Variances (steps,) rising evenly (Ho et al., arXiv 2006.11239)."""
    return np.linspace(start, end, steps)


def scaled_linear_betas(steps: int, start: float, end: float) -> Array:
    """Variances (steps,) whose square roots rise evenly (latent diffusion, arXiv 2112.10752)."""
    betas: Array = np.linspace(math.sqrt(start), math.sqrt(end), steps) ** 2
    return betas


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """Signal left at each noise level.

    Attributes:
        alpha_bar: (T,) fraction of signal power left at level t, falling.
    """

    alpha_bar: Array

    @staticmethod
    def squared_cosine(steps: int) -> NoiseSchedule:
        return NoiseSchedule.from_betas(squared_cosine_betas(steps))

    @staticmethod
    def from_betas(betas: Array) -> NoiseSchedule:
        return NoiseSchedule(np.cumprod(1.0 - betas, dtype=np.float64))

    @staticmethod
    def of(spec: SamplerSpec) -> NoiseSchedule:
        """The schedule that a diffusion bundle was trained with."""
        if spec.betas == "squaredcos_cap_v2":
            return NoiseSchedule.squared_cosine(spec.training_steps)
        make = linear_betas if spec.betas == "linear" else scaled_linear_betas
        return NoiseSchedule.from_betas(make(spec.training_steps, spec.beta_start, spec.beta_end))

    @property
    def steps(self) -> int:
        return len(self.alpha_bar)

    def signal(self, level: int) -> float:
        """alpha_bar at a level; 1 for level -1, which is clean."""
        return 1.0 if level < 0 else float(self.alpha_bar[level])

    def add_noise(self, clean: npt.ArrayLike, noise: npt.ArrayLike, level: npt.ArrayLike) -> Array:
        """``sqrt(alpha_bar) clean + sqrt(1 - alpha_bar) noise``; levels (B,) for (B, ...)."""
        clean_values = np.asarray(clean, np.float64)
        signal = self.alpha_bar[np.asarray(level)]
        signal = signal.reshape(signal.shape + (1,) * (clean_values.ndim - signal.ndim))
        return np.asarray(
            np.sqrt(signal) * clean_values + np.sqrt(1.0 - signal) * np.asarray(noise, np.float64)
        )
