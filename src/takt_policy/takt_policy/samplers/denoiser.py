"""From a network's prediction to the estimate of the clean chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import SamplerSpec
from takt_policy.guidance.base import Guidance
from takt_policy.guidance.prefix import CleanPrefix
from takt_policy.samplers.base import Estimate, Float, Level

Run = Callable[[Float, npt.ArrayLike], Float]
"""One network with its condition: samples (B, L, S) and times (B,) or (B, L) to predictions."""


def estimate_from(kind: str, sample: Float, prediction: Float, level: Level) -> Estimate:
    """Clean chunk and noise that a prediction implies, not clipped.

    Args:
        kind: ``epsilon`` the noise, ``sample`` the clean chunk, ``v`` (Salimans & Ho,
            arXiv 2202.00512) ``signal eps - noise clean``; ``velocity`` of flow matching,
            ``clean - eps``.
    """
    signal, noise = level.signal, level.noise
    if kind == "epsilon":
        return Estimate(
            np.divide(sample - noise * prediction, signal, dtype=np.float32), prediction
        )
    clean: Float
    implied: Float
    if kind == "sample":
        clean = prediction
        implied = np.divide(sample - signal * prediction, noise, dtype=np.float32)
    elif kind == "v":
        clean, implied = signal * sample - noise * prediction, noise * sample + signal * prediction
    else:
        clean, implied = sample + noise * prediction, sample - signal * prediction
    return Estimate(clean, implied)


@dataclass(eq=False)
class NetworkDenoiser:
    """One or several networks and what pulls their estimates, for one chunk.

    Attributes:
        spec: what the networks predict, and the bound on the clean estimate.
        runs: the networks.
        weights: (len(runs),) of their predictions in the mixture; together 1 (GPC,
            arXiv 2510.01068; PoCo, arXiv 2402.02511).
        guidance: applied in this order.
        prefix: clean tokens at the chunk's beginning, of a network trained with them.
        network_calls: samples evaluated so far.
        rounds: runs so far, one after the other.
    """

    spec: SamplerSpec
    runs: Sequence[Run]
    weights: Sequence[float] = (1.0,)
    guidance: Sequence[Guidance] = ()
    prefix: CleanPrefix | None = None
    network_calls: int = field(default=0, init=False)
    rounds: int = field(default=0, init=False)

    def estimate(self, sample: Float, level: Level) -> Estimate:
        """Of samples (B, L, S); clean is clipped as the bundle says."""
        time = level.time
        if len(time) != len(sample):
            time = np.broadcast_to(time, len(sample))
        if self.spec.prefix:
            time = np.repeat(time[:, None], sample.shape[1], axis=1)
        if self.prefix is not None:
            sample, time = self.prefix.clamp(sample, time)
        prediction = self._predict(sample, time)
        found = estimate_from(self.spec.prediction, sample, prediction, level)
        if self.spec.clip is None:
            return found
        return Estimate(found.clean.clip(-self.spec.clip, self.spec.clip), found.noise)

    def guide(self, clean: Float, level: Level) -> Float:
        for one in self.guidance:
            clean = one.guide(clean, level)
        return clean if self.prefix is None else self.prefix.guide(clean, level)

    def _predict(self, sample: Float, time: npt.NDArray[np.float64]) -> Float:
        self.network_calls += len(sample) * len(self.runs)
        self.rounds += len(self.runs)
        if len(self.runs) == 1:
            prediction = self.runs[0](sample, time)
        else:
            parts = [
                np.float32(weight) * run(sample, time)
                for weight, run in zip(self.weights, self.runs, strict=True)
            ]
            prediction = np.sum(parts, axis=0, dtype=np.float32)
        backwards = self.spec.prediction == "velocity" and self.spec.direction == "data_to_noise"
        return -prediction if backwards else prediction
