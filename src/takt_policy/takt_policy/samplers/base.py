"""What samplers, networks and guidance share: one picture of all denoising policies.

A sample is a mixture of a clean chunk and noise, ``x = signal * clean + noise * eps``. Diffusion
keeps the power (``signal^2 + noise^2 = 1``), flow matching the sum (``signal + noise = 1``). A
network's prediction, whatever it is, implies an estimate of the clean chunk; guidance changes
that estimate; samplers step with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Level:
    """How noisy samples are; one level for all of them (R = 1), or one for each (R = B).

    Attributes:
        time: (R,) what the network gets.
        signal: (R, 1, 1) float32.
        noise: (R, 1, 1) float32.
    """

    time: Array
    signal: Float
    noise: Float

    @property
    def tau(self) -> Float:
        """(R, 1, 1) 0 for noise, 1 for clean: the time of flow matching, and what corresponds
        to it in diffusion, where ``x / (signal + noise)`` is the same mixture."""
        tau: Float = self.signal / (self.signal + self.noise)
        return tau


@dataclass(frozen=True, eq=False)
class Estimate:
    """What the network takes samples for.

    Attributes:
        clean: (B, L, S), within the bundle's clip.
        noise: (B, L, S) as the network gave it, also where the clean estimate was clipped.
    """

    clean: Float
    noise: Float


class Denoiser(Protocol):
    """The network with all that pulls its estimates."""

    def estimate(self, sample: Float, level: Level) -> Estimate:
        """One run of the network(s) on samples (B, L, S); not guided."""

    def guide(self, clean: Float, level: Level) -> Float:
        """The guided clean estimates (B, L, S); a function of its arguments alone."""


class Sampler(Protocol):
    """Draws chunks in normalised action space, or latents."""

    @property
    def levels(self) -> Levels: ...

    def draw(
        self, denoiser: Denoiser, initial: Float, rng: np.random.Generator, skip: int = 0
    ) -> Float:
        """A chunk for each initial sample.

        Args:
            initial: (B, L, S) noise, or what is at level ``skip``.
            skip: so many levels at the noisy end are left out.
        """


@dataclass(frozen=True, eq=False)
class Levels:
    """From the noisiest level to the clean end, which is the last and needs no network.

    Attributes:
        time, signal, noise: (n + 1,) for n denoising steps.
        clean_time: what the network gets for a clean token.
    """

    time: Array
    signal: Array
    noise: Array
    clean_time: float

    @property
    def steps(self) -> int:
        return len(self.time) - 1

    def at(self, index: int | npt.NDArray[np.int64]) -> Level:
        """One level, or (R,) levels."""
        return self._single[index] if isinstance(index, int) else self._chosen(index)

    @cached_property
    def _single(self) -> list[Level]:
        # Every step asks for one of them, and making it takes as long as the step itself.
        return [self._chosen(index) for index in range(len(self.time))]

    def _chosen(self, index: npt.ArrayLike) -> Level:
        chosen = np.atleast_1d(np.asarray(index))
        return Level(
            self.time[chosen],
            self.signal[chosen].astype(np.float32)[:, None, None],
            self.noise[chosen].astype(np.float32)[:, None, None],
        )
