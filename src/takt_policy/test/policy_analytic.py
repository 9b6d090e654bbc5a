"""Denoisers that are known exactly, for tests of samplers and guidance."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from takt_policy.samplers import Estimate, Float, Level, Levels

Array = npt.NDArray[np.float64]


@dataclass(eq=False)
class Mixture:
    """The exact posterior mean for data that is a mixture of two Gaussians.

    Their means are ``offset`` to both sides of ``centre`` along the unit vector ``axis`` (L, S),
    each with the same deviation in all directions. Along the axis it is a mixture in one
    dimension, across it a Gaussian, and noise mixes neither.

    Attributes:
        share: weight of the Gaussian on the positive side.
        calls, rounds: counted like those of ``NetworkDenoiser``.
    """

    axis: Array
    offset: float = 0.6
    centre: float = 0.1
    share: float = 0.35
    deviation: float = 0.25
    calls: int = field(default=0, init=False)
    rounds: int = field(default=0, init=False)

    def estimate(self, sample: Float, level: Level) -> Estimate:
        self.calls += len(sample)
        self.rounds += 1
        signal, noise = level.signal.astype(np.float64), level.noise.astype(np.float64)
        along = np.sum(sample * self.axis, axis=(1, 2), keepdims=True)
        across = sample - along * self.axis
        power = (signal * self.deviation) ** 2 + noise**2
        clean = signal * self.deviation**2 / power * across
        clean = clean + self.mean_along(along, signal, noise) * self.axis
        implied = (sample - signal * clean) / np.maximum(noise, 1e-12)
        return Estimate(clean.astype(np.float32), implied.astype(np.float32))

    def guide(self, clean: Float, level: Level) -> Float:
        return clean

    def mean_along(self, x: Array, signal: Array, noise: Array) -> Array:
        """E[x0 | x] of the part along the axis."""
        power = (signal * self.deviation) ** 2 + noise**2
        high, low = self.centre + self.offset, self.centre - self.offset
        odds = math.log(self.share / (1.0 - self.share)) + (
            (x - signal * low) ** 2 - (x - signal * high) ** 2
        ) / (2.0 * power)
        prefer = 0.5 * (1.0 + np.tanh(0.5 * odds))
        mean = prefer * high + (1.0 - prefer) * low
        gain = signal * self.deviation**2 / power
        result: Array = mean + gain * (x - signal * mean)
        return result


@dataclass(frozen=True, eq=False)
class Law:
    """A distribution in one dimension, on a grid.

    Attributes:
        place: (n,) rising.
        below: (n,) probability of less than that.
    """

    place: Array
    below: Array

    def distance(self, drawn: npt.ArrayLike) -> float:
        """Kolmogorov's: greatest difference between the distribution functions."""
        values = np.sort(np.asarray(drawn, np.float64).ravel())
        wanted = np.interp(values, self.place, self.below, left=0.0, right=1.0)
        count = len(values)
        above = np.arange(1, count + 1) / count - wanted
        under = wanted - np.arange(count) / count
        return float(max(above.max(), under.max()))


def ddpm_law(mixture: Mixture, levels: Levels, points: int = 801) -> Law:
    """What DDPM draws along the mixture's axis, by carrying its density through all steps."""
    grid = np.linspace(-3.6, 3.6, points)
    density = np.exp(-0.5 * grid**2)
    density /= density.sum()
    for index in range(levels.steps):
        signal, noise = levels.signal[index], levels.noise[index]
        then_signal, then_noise = levels.signal[index + 1], levels.noise[index + 1]
        clean = mixture.mean_along(grid, np.array(signal), np.array(noise))
        if then_noise == 0.0:
            # The last step maps monotonously, so probabilities stay and places move.
            below = np.cumsum(density) - 0.5 * density
            return Law(clean, below)
        kept = (signal / then_signal) ** 2
        ratio = (then_noise / noise) ** 2
        mean = then_signal * (1 - kept) / noise**2 * clean + signal / then_signal * ratio * grid
        spread = math.sqrt(ratio * (1 - kept))
        step = np.exp(-0.5 * ((grid[:, None] - mean) / spread) ** 2)
        density = (step / step.sum(axis=0)) @ density
    raise AssertionError("the last level is clean")


def ddpm_deviation(mixture: Mixture, levels: Levels) -> float:
    """Standard deviation of what DDPM draws across the mixture's axis: all steps are linear."""
    variance = 1.0
    for index in range(levels.steps):
        signal, noise = levels.signal[index], levels.noise[index]
        then_signal, then_noise = levels.signal[index + 1], levels.noise[index + 1]
        gain = signal * mixture.deviation**2 / ((signal * mixture.deviation) ** 2 + noise**2)
        kept = (signal / then_signal) ** 2
        ratio = (then_noise / noise) ** 2
        slope = then_signal * (1 - kept) / noise**2 * gain + signal / then_signal * ratio
        variance = slope**2 * variance + ratio * (1 - kept)
    return float(math.sqrt(variance))
