"""Warm start: begin at the previous chunk instead of noise, and run only the last steps.

Real-time iteration for diffusion policies (arXiv 2508.05396): the previous chunk, shifted to the
new times, is noised to a low level and denoised from there. It can get stuck: at a low level a
network hardly questions what it is given. So a chunk is drawn in full every so often, when the
observation has changed a lot, and when a discrete action (an open gripper) is to change: at low
levels that could never happen, as its two values are far apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import PolicySpec
from takt_policy.guidance.anchor import Anchor
from takt_policy.samplers.base import Denoiser, Float, Levels

PROBE_TAU = 0.3
"""At this mixture the sample says little of a discrete action, and the observation decides."""


@dataclass(frozen=True)
class WarmStart:
    """When and how a chunk begins at the previous one.

    Attributes:
        steps: last denoising steps that are run.
        refresh: every so many chunks one is drawn in full.
        threshold: greatest relative change of the condition.
    """

    steps: int
    refresh: int
    threshold: float

    def allowed(self, condition: Float, before: Float | None, warm_chunks: int) -> bool:
        """Whether the previous chunk may serve as a start, as far as it is known before.

        Args:
            condition, before: of this observation and of the previous chunk's.
            warm_chunks: since the last chunk that was drawn in full.
        """
        if before is None or before.shape != condition.shape or warm_chunks + 1 >= self.refresh:
            return False
        change = float(np.linalg.norm(condition - before))
        return change <= self.threshold * float(np.linalg.norm(before))


@dataclass(frozen=True, eq=False)
class Discrete:
    """Dimensions with two values.

    Attributes:
        index: (n,) among the D dimensions.
        threshold: (n,) normalised, between the two values.
    """

    index: npt.NDArray[np.int64]
    threshold: Float

    @staticmethod
    def of(spec: PolicySpec) -> Discrete:
        """The ``open`` groups of a policy."""
        spans = [(group, span) for group, span in spec.spans() if group.kind == "open"]
        return Discrete(
            np.array([span.start for _, span in spans], np.int64),
            np.array([group.threshold for group, _ in spans], np.float32),
        )

    def decided(self, tokens: Float) -> npt.NDArray[np.bool_]:
        """(..., n) on which side tokens (..., D) are."""
        sides: npt.NDArray[np.bool_] = tokens[..., self.index] > self.threshold
        return sides


def discrete_change(
    denoiser: Denoiser, levels: Levels, anchor: Anchor, noise: Float, discrete: Discrete
) -> bool:
    """Whether the observation asks for another discrete action than the previous chunk.

    One run of the network at a noisy level, from the previous chunk with its discrete
    dimensions half way, so that they say nothing.

    Args:
        noise: (B, L, S) standard normal.
    """
    tau = levels.signal[:-1] / (levels.signal[:-1] + levels.noise[:-1])
    level = levels.at(int(np.argmin(np.abs(tau - PROBE_TAU))))
    sample = level.signal * anchor.tokens + level.noise * noise
    sample[..., discrete.index] = level.signal * discrete.threshold
    wanted = discrete.decided(denoiser.estimate(sample, level).clean)
    changed = wanted != discrete.decided(anchor.tokens)
    return bool(np.any(changed[:, anchor.covered]))


def warm_sample(levels: Levels, steps: int, anchor: Anchor, noise: Float) -> Float:
    """(B, L, S) the previous chunk at the level from which ``steps`` steps are left."""
    level = levels.at(levels.steps - steps)
    sample: Float = level.signal * anchor.tokens + level.noise * noise
    return sample
