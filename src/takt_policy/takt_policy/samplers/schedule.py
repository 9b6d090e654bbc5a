"""The noise schedule of a diffusion model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """Signal left at each noise level.

    Attributes:
        alpha_bar: (T,) fraction of signal power left at level t, falling.
    """

    alpha_bar: Array

    @staticmethod
    def squared_cosine(steps: int) -> NoiseSchedule:
        alpha_bar = np.cumprod(1.0 - squared_cosine_betas(steps), dtype=np.float64)
        return NoiseSchedule(alpha_bar)

    @property
    def steps(self) -> int:
        return len(self.alpha_bar)

    def levels(self, calls: int) -> list[tuple[int, int]]:
        """Pairs (level, next level) from noisy to clean; -1 stands for no noise.

        Evenly spaced from level 0 up, as in Diffusion Policy: with fewer calls than levels
        the noisiest levels, where the predicted noise says little, are left out.
        """
        stride = self.steps // calls
        down = [index * stride for index in range(calls)][::-1]
        return list(zip(down, [*down[1:], -1], strict=True))

    def signal(self, level: int) -> float:
        """alpha_bar at a level; 1 for level -1."""
        return 1.0 if level < 0 else float(self.alpha_bar[level])

    def add_noise(self, clean: npt.ArrayLike, noise: npt.ArrayLike, level: npt.ArrayLike) -> Array:
        """``sqrt(alpha_bar) clean + sqrt(1 - alpha_bar) noise``; levels (B,) for (B, ...)."""
        clean_values = np.asarray(clean, np.float64)
        signal = self.alpha_bar[np.asarray(level)]
        signal = signal.reshape(signal.shape + (1,) * (clean_values.ndim - signal.ndim))
        return np.asarray(
            np.sqrt(signal) * clean_values + np.sqrt(1.0 - signal) * np.asarray(noise, np.float64)
        )
