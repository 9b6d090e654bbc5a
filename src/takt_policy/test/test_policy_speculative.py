"""Autospeculative decoding has the distribution of DDPM, in fewer rounds; these tests would see it
if it had not.

Along the axis of a mixture of two Gaussians, 20,000 draws are compared with the exact distribution
of DDPM by Kolmogorov's distance: by chance it exceeds 0.0158 once in 10,000 times. Across the axis
the exact deviation is known, and an estimate from as many draws is off by more than 2.5 % once in
a million times. Power: dropping the reflection moves the distribution by 0.06, and would be missed
with a probability below 1e-30 (Dvoretzky, Kiefer, Wolfowitz); a deviation wrong by 5 % is 5
standard errors beyond the limit, and would be missed with a probability below 1e-6.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from policy_analytic import Law, Mixture, ddpm_deviation, ddpm_law
from scipy.stats import kstwobign, norm

from takt_policy.bundle.schema import SamplerSpec
from takt_policy.guidance.realtime import RealTimeGuidance
from takt_policy.samplers import Ddpm, Float, Level, NoiseSchedule, Speculative, make_sampler
from takt_policy.samplers import speculative as module
from takt_policy.samplers.levels import diffusion_levels

Array = npt.NDArray[np.float64]

LEVELS = diffusion_levels(NoiseSchedule.squared_cosine(100), 20)
AXIS = np.array([[0.5, -0.5], [0.5, 0.5]])
ACROSS = np.array([[0.5, 0.5], [-0.5, 0.5]])
DRAWS = 20_000
FARTHEST = float(kstwobign.isf(1e-4)) / math.sqrt(DRAWS)
WIDEST = float(norm.isf(0.5e-6)) / math.sqrt(2 * DRAWS)


@pytest.fixture(scope="module")
def law() -> Law:
    return ddpm_law(Mixture(AXIS), LEVELS)


class _AlwaysAccepts(Speculative):
    """Broken: drafts are never doubted."""

    def _verify(self, drafts: Any, true: Float, rng: np.random.Generator) -> Any:
        class Sure:
            def random(self, shape: tuple[int, ...]) -> Array:
                return np.full(shape, 1.0 - 1e-16)

        return super()._verify(drafts, true, Sure())  # type: ignore[arg-type]


def _is_ddpm(sampler: Ddpm | Speculative, law: Law) -> bool:
    """Whether draws of a sampler pass both tests."""
    rng = np.random.default_rng(1)
    initial = rng.standard_normal((DRAWS, 2, 2), dtype=np.float32)
    mixture = Mixture(AXIS)
    drawn = sampler.draw(mixture, initial, rng).astype(np.float64)
    along, across = (np.sum(drawn * axis, axis=(1, 2)) for axis in (AXIS, ACROSS))
    wrong = float(across.std()) / ddpm_deviation(mixture, LEVELS) - 1.0
    return law.distance(along) < FARTHEST and abs(wrong) < WIDEST


@pytest.mark.parametrize("drafts", [2, 8])
def test_it_draws_from_the_distribution_of_ddpm(law: Law, drafts: int) -> None:
    assert _is_ddpm(Speculative(LEVELS, drafts), law)


def test_ddpm_itself_passes(law: Law) -> None:
    assert _is_ddpm(Ddpm(LEVELS), law)


def test_the_test_sees_a_missing_reflection(law: Law, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_reflection", lambda apart, noise: np.zeros_like(noise))
    assert not _is_ddpm(Speculative(LEVELS, 8), law)


def test_the_test_sees_a_deviation_wrong_by_five_percent(law: Law) -> None:
    sampler = Speculative(LEVELS, 8)
    posterior = sampler._posterior
    sampler._posterior = replace(posterior, deviation=posterior.deviation * np.float32(1.05))
    assert not _is_ddpm(sampler, law)


def test_the_test_sees_drafts_that_are_never_doubted(law: Law) -> None:
    assert not _is_ddpm(_AlwaysAccepts(LEVELS, 8), law)


def test_a_network_that_is_always_the_same_needs_the_fewest_rounds() -> None:
    """With a constant clean estimate every draft is right: 1 + ceil(19 / 8) rounds for 20 steps."""

    class Constant(Mixture):
        def estimate(self, sample: Float, level: Level) -> Any:
            found = super().estimate(sample, level)
            return replace(found, clean=np.full_like(sample, 0.25))

    constant = Constant(AXIS)
    rng = np.random.default_rng(0)
    initial = rng.standard_normal((1, 2, 2), dtype=np.float32)
    drawn = Speculative(LEVELS, 8).draw(constant, initial, rng)
    np.testing.assert_array_equal(drawn, np.float32(0.25))
    assert constant.rounds == 1 + math.ceil(19 / 8)


@pytest.mark.parametrize("drafts", [2, 4, 16])
def test_fewer_rounds_and_never_more(drafts: int) -> None:
    """100 steps; by the mean of 12 chunks. Printed with -s."""
    sampler = make_sampler(SamplerSpec("ddpm", 100, 100, clip=None), drafts)
    axis = np.random.default_rng(3).standard_normal((16, 9))
    axis /= np.linalg.norm(axis)
    rounds, calls = [], []
    for seed in range(12):
        mixture, rng = Mixture(axis), np.random.default_rng(seed)
        sampler.draw(mixture, rng.standard_normal((1, 16, 9), dtype=np.float32), rng)
        rounds.append(mixture.rounds)
        calls.append(mixture.calls)
    assert max(rounds) <= 100
    factor = 100 / float(np.mean(rounds))
    print(f"{drafts} drafts: {factor:.2f} times fewer rounds, {np.mean(calls) / 100:.2f} the work")
    assert factor > {2: 1.5, 4: 2.0, 16: 2.5}[drafts]


def test_chunks_of_one_batch_do_not_disturb_each_other(law: Law) -> None:
    """Chains that are done early, or alone, stay distributed as they should: fewest, then many."""
    rng = np.random.default_rng(2)
    mixture = Mixture(AXIS)
    few = [
        Speculative(LEVELS, 5).draw(mixture, rng.standard_normal((1, 2, 2), dtype=np.float32), rng)
        for _ in range(150)
    ]
    along = np.sum(np.concatenate(few) * AXIS, axis=(1, 2))
    assert law.distance(along) < float(kstwobign.isf(1e-4)) / math.sqrt(150)


def test_guidance_is_in_drafts_and_verification_alike() -> None:
    """Pulled all the way to a target, the speculative chunk is the target, as with plain DDPM."""

    class Pulled(Mixture):
        guidance = RealTimeGuidance(
            np.full((2, 2), 0.5, np.float32), np.ones((2, 1), np.float32), 5.0
        )

        def guide(self, clean: Float, level: Level) -> Float:
            return self.guidance.guide(clean, level)

    means = []
    for sampler in (Ddpm(LEVELS), Speculative(LEVELS, 6)):
        rng = np.random.default_rng(5)
        initial = rng.standard_normal((3000, 2, 2), dtype=np.float32)
        drawn = sampler.draw(Pulled(AXIS), initial, rng)
        means.append((drawn.mean(axis=0), drawn.std(axis=0)))
    np.testing.assert_allclose(means[0][0], means[1][0], atol=0.02)
    np.testing.assert_allclose(means[0][1], means[1][1], rtol=0.08)
    assert abs(means[0][0].mean() - 0.5) < 0.2


def test_a_warm_start_skips_levels() -> None:
    mixture, rng = Mixture(AXIS), np.random.default_rng(0)
    sampler = Speculative(LEVELS, 4)
    start = rng.standard_normal((2, 2, 2), dtype=np.float32)
    assert sampler.draw(mixture, start, rng, skip=19).shape == (2, 2, 2)
    assert mixture.rounds == 1
    sampler.draw(mixture, start, rng, skip=16)
    assert mixture.rounds <= 1 + 4
