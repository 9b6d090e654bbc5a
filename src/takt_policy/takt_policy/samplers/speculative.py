"""Autospeculative decoding of DDPM (arXiv 2505.03983): the same distribution in fewer rounds.

Within a few steps the clean estimate hardly changes. So steps are drafted with the last
estimate frozen, one batched run of the network finds what the true means at all drafted states
would have been, and a draft is accepted with the probability that makes its distribution the
true one; the first that is not is replaced by its reflection (the maximal coupling of two
Gaussians of equal variance), and what was drafted after it is dropped.

The paper asks the network for an estimate, drafts, and asks again to verify. Here the run that
verifies also gives the next estimate to draft with, so that a round is one run of the network. The
first draft of a round may then be refused, too, but its reflection still counts: each round makes
at least one step, and there are never more rounds than DDPM has steps. A draft may rest on
anything that is known before its noise is drawn, so the distribution stays exact; likewise with
guidance, which is applied to drafted and true estimates alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_policy.samplers.base import Denoiser, Float, Levels
from takt_policy.samplers.ddpm import Posterior

Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Drafts:
    """Of one round, for B chains and K steps.

    Attributes:
        states: (B, K, L, S) from which each step starts; the first is where the chain is.
        steps: (B, K) the steps' numbers.
        valid: (B, K) False beyond the last step.
        means: (B, K, L, S) of the drafted next states.
        noise: (B, K, L, S) standard normal, of the same.
    """

    states: Float
    steps: Int
    valid: Bool
    means: Float
    noise: Float


class Speculative:
    """DDPM with up to ``drafts`` steps per run of the network.

    Attributes:
        drafts: steps drafted per round; the network sees that many samples per chunk at once.
    """

    def __init__(self, levels: Levels, drafts: int) -> None:
        self.levels = levels
        self.drafts = drafts
        self._posterior = Posterior.of(levels)

    def draw(
        self, denoiser: Denoiser, initial: Float, rng: np.random.Generator, skip: int = 0
    ) -> Float:
        """A chunk for each initial sample (B, L, S), float32."""
        last = self.levels.steps - 1
        level = self.levels.at(skip)
        guess = denoiser.estimate(initial, level).clean.copy()
        clean = denoiser.guide(guess, level)
        if skip == last:
            return clean.astype(np.float32)
        noise = rng.standard_normal(initial.shape, dtype=np.float32)
        sample = (
            self._posterior.mean(clean, initial, skip) + self._posterior.deviation[skip] * noise
        )
        steps = np.full(len(initial), skip + 1)
        result: Float = np.empty_like(sample)
        active = np.arange(len(initial))
        while len(active):
            drafts = self._draft(denoiser, sample[active], guess[active], steps[active], rng)
            clean = self._evaluate(denoiser, drafts)
            true = self._true_means(denoiser, drafts, clean)
            made, after = self._verify(drafts, true, rng)
            rows = np.arange(len(active))
            sample[active] = after
            # The estimate at the state that was refused is at the new state's own level.
            newest = np.minimum(made, drafts.valid.sum(axis=1) - 1)
            guess[active] = clean[rows, newest]
            steps[active] += made
            done = steps[active] > last
            result[active[done]] = after[done]
            active = active[~done]
        return result

    def _draft(
        self, denoiser: Denoiser, sample: Float, guess: Float, steps: Int, rng: np.random.Generator
    ) -> _Drafts:
        count = min(self.drafts, self.levels.steps - int(steps.min()))
        numbers = steps[:, None] + np.arange(count)
        valid = numbers < self.levels.steps
        numbers = np.minimum(numbers, self.levels.steps - 1)
        shape = (len(sample), count, *sample.shape[1:])
        states, means = np.empty(shape, np.float32), np.empty(shape, np.float32)
        noise = rng.standard_normal(shape, dtype=np.float32)
        guided = denoiser.guide(
            np.repeat(guess, count, axis=0), self.levels.at(numbers.reshape(-1))
        )
        from_clean, from_sample, deviation = (
            weight[numbers][..., None, None]
            for weight in (
                self._posterior.from_clean, self._posterior.from_sample, self._posterior.deviation
            )
        )  # fmt: skip
        known, moved = from_clean * guided.reshape(shape), deviation * noise
        state = sample
        for index in range(count):
            states[:, index] = state
            mean = known[:, index] + from_sample[:, index] * state
            means[:, index] = mean
            state = mean + moved[:, index]
        return _Drafts(states, numbers, valid, means, noise)

    def _evaluate(self, denoiser: Denoiser, drafts: _Drafts) -> Float:
        """(B, K, L, S) the network's clean estimates, in one run."""
        valid = drafts.valid
        clean = np.zeros_like(drafts.states)
        level = self.levels.at(drafts.steps[valid])
        clean[valid] = denoiser.estimate(drafts.states[valid], level).clean
        return clean

    def _true_means(self, denoiser: Denoiser, drafts: _Drafts, clean: Float) -> Float:
        valid = drafts.valid
        numbers = drafts.steps[valid]
        means = np.zeros_like(clean)
        guided = denoiser.guide(clean[valid], self.levels.at(numbers))
        means[valid] = self._mean(guided, drafts.states[valid], numbers)
        return means

    def _mean(self, clean: Float, sample: Float, steps: Int) -> Float:
        weights = (self._posterior.from_clean, self._posterior.from_sample)
        from_clean, from_sample = (one[steps][:, None, None] for one in weights)
        mean: Float = from_clean * clean + from_sample * sample
        return mean

    def _verify(self, drafts: _Drafts, true: Float, rng: np.random.Generator) -> tuple[Int, Float]:
        """Steps made (B,), at least one each, and the states after them (B, L, S)."""
        deviation = self._posterior.deviation[drafts.steps]
        # The last step has no noise: its mean is the chunk, and nothing is left to decide.
        final = deviation == 0.0
        spread = np.where(final, 1.0, deviation)[..., None, None].astype(np.float64)
        apart = (drafts.means - true).astype(np.float64) / spread
        noise = drafts.noise.astype(np.float64)
        # log of the density of the drafted state about the true mean, over that about the draft's
        ratio = -np.sum(apart * (noise + 0.5 * apart), axis=(2, 3))
        chance = np.log1p(-rng.random(ratio.shape))
        accepted = (chance <= ratio) & ~final & drafts.valid
        made = np.minimum(np.cumprod(accepted, axis=1).sum(axis=1) + 1, drafts.valid.sum(axis=1))
        rows, at = np.arange(len(made)), made - 1
        taken = accepted[rows, at]
        apart, noise = apart[rows, at], noise[rows, at]
        turned = noise - np.where(taken[:, None, None], -apart, _reflection(apart, noise))
        kept = np.where(final[rows, at], 0.0, deviation[rows, at])[:, None, None]
        after = true[rows, at] + kept * turned
        return made, after.astype(np.float32)


def _reflection(
    apart: npt.NDArray[np.float64], noise: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """``2 e (e . noise)`` with e the direction of ``apart``; (B, L, S)."""
    power = np.sum(apart**2, axis=(1, 2), keepdims=True)
    along = np.sum(apart * noise, axis=(1, 2), keepdims=True)
    reflection: npt.NDArray[np.float64] = 2.0 * apart * along / np.maximum(power, 1e-300)
    return reflection
