"""What all samplers share: the network as a function, and the estimate of the clean sample."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from takt_policy.samplers.schedule import NoiseSchedule

Float = npt.NDArray[np.float32]


class Predict(Protocol):
    """The network: noise (B, H, D) in a sample (B, H, D) at a noise level."""

    def __call__(self, sample: Float, level: int) -> Float: ...


class Sampler(Protocol):
    """Draws chunks in normalised action space."""

    @property
    def calls(self) -> int:
        """Network calls per draw."""

    def draw(self, predict: Predict, initial: Float, rng: np.random.Generator) -> Float:
        """A chunk for each initial noise (B, H, D)."""


def clean_estimate(
    sample: Float, noise: Float, level: int, schedule: NoiseSchedule, clip: float | None
) -> Float:
    """The clean sample that the predicted noise implies, clipped to [-clip, clip]."""
    signal = schedule.signal(level)
    clean = (sample - math.sqrt(1.0 - signal) * noise) / math.sqrt(signal)
    if clip is not None:
        clean = np.clip(clean, -clip, clip)
    return clean.astype(np.float32)
