"""Samplers against theory: closed forms, statistics, and an independent formulation."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_policy.bundle.schema import SamplerSpec
from takt_policy.samplers import Ddim, Ddpm, NoiseSchedule, make_sampler
from takt_policy.samplers.schedule import squared_cosine_betas

Float = npt.NDArray[np.float32]
MEAN, DEVIATION = 0.3, 0.2
SCHEDULE = NoiseSchedule.squared_cosine(100)


def _gaussian(sample: Float, level: int) -> Float:
    """The exact noise prediction for data N(MEAN, DEVIATION^2)."""
    signal = SCHEDULE.signal(level)
    power = signal * DEVIATION**2 + 1.0 - signal
    return (math.sqrt(1.0 - signal) * (sample - math.sqrt(signal) * MEAN) / power).astype(
        np.float32
    )


def test_schedule_follows_the_published_formula() -> None:
    """Cumulated signal is the squared cosine itself until the cap acts at the last level."""
    u = (np.arange(100) + 1) / 100
    power = np.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
    wanted = power / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    np.testing.assert_allclose(SCHEDULE.alpha_bar[:-1], wanted[:-1], rtol=1e-10)
    betas = squared_cosine_betas(100)
    assert betas[-1] == 0.999
    assert np.all(np.diff(SCHEDULE.alpha_bar) < 0)


def test_levels_are_evenly_spaced_and_end_clean() -> None:
    assert SCHEDULE.levels(4) == [(75, 50), (50, 25), (25, 0), (0, -1)]
    assert SCHEDULE.levels(100)[0] == (99, 98)
    assert SCHEDULE.levels(16)[0][0] == 90
    assert SCHEDULE.levels(1) == [(0, -1)]


def test_noise_is_added_per_level() -> None:
    clean = np.ones((2, 3, 4))
    noisy = SCHEDULE.add_noise(clean, np.zeros_like(clean), np.array([0, 99]))
    np.testing.assert_allclose(noisy[0], math.sqrt(SCHEDULE.alpha_bar[0]))
    np.testing.assert_allclose(noisy[1], math.sqrt(SCHEDULE.alpha_bar[99]))


def _exact_ddpm_moments(calls: int) -> tuple[float, float]:
    """Mean and variance after sampling, carried in closed form as all steps are linear."""
    mean, variance = 0.0, 1.0
    for level, following in SCHEDULE.levels(calls):
        now, then = SCHEDULE.signal(level), SCHEDULE.signal(following)
        power = now * DEVIATION**2 + 1 - now
        gain = math.sqrt(now) * DEVIATION**2 / power  # E[x0|x] = MEAN + gain (x - sqrt(now) MEAN)
        if following < 0:
            return MEAN + gain * (mean - math.sqrt(now) * MEAN), gain**2 * variance
        a = math.sqrt(then) * (1 - now / then) / (1 - now)
        b = math.sqrt(now / then) * (1 - then) / (1 - now)
        mean = a * (MEAN + gain * (mean - math.sqrt(now) * MEAN)) + b * mean
        variance = (a * gain + b) ** 2 * variance + (1 - then) / (1 - now) * (1 - now / then)
    raise AssertionError("no last level")


@pytest.mark.parametrize("calls", [100, 25])
def test_ddpm_draws_from_the_distribution(calls: int) -> None:
    """40,000 draws: the mean is known to 0.001, the deviation to 0.0007 (one sigma)."""
    rng = np.random.default_rng(1)
    initial = rng.standard_normal((2500, 4, 4), dtype=np.float32)
    drawn = Ddpm(SCHEDULE, calls, None).draw(_gaussian, initial, rng)
    mean, variance = _exact_ddpm_moments(calls)
    count = drawn.size
    assert abs(drawn.mean() - mean) < 5 * math.sqrt(variance / count)
    assert abs(drawn.std() - math.sqrt(variance)) < 5 * math.sqrt(variance / (2 * count))
    if calls == 100:
        assert mean == pytest.approx(MEAN, abs=0.01)
        assert math.sqrt(variance) == pytest.approx(DEVIATION, rel=0.1)


def test_ddim_with_all_levels_draws_from_the_distribution() -> None:
    rng = np.random.default_rng(2)
    initial = rng.standard_normal((2500, 4, 4), dtype=np.float32)
    drawn = Ddim(SCHEDULE, 100, None).draw(_gaussian, initial, rng)
    assert drawn.mean() == pytest.approx(MEAN, abs=0.01)
    assert drawn.std() == pytest.approx(DEVIATION, rel=0.1)


@given(seed=st.integers(0, 2**31), calls=st.sampled_from([1, 2, 5, 16, 100]))
@settings(max_examples=20, deadline=None)
def test_ddim_equals_the_rescaled_ode(seed: int, calls: int) -> None:
    """Song et al., eq. 13: Euler steps of d(x / sqrt(a)) = e d(sqrt((1 - a) / a))."""
    initial = np.random.default_rng(seed).standard_normal((1, 3, 2), dtype=np.float32)
    rng = np.random.default_rng(0)
    drawn = Ddim(SCHEDULE, calls, None).draw(_gaussian, initial, rng)
    start = SCHEDULE.signal(SCHEDULE.levels(calls)[0][0])
    scaled, sigma = initial / math.sqrt(start), math.sqrt((1 - start) / start)
    for level, following in SCHEDULE.levels(calls):
        signal, after = SCHEDULE.signal(level), SCHEDULE.signal(following)
        noise = _gaussian((scaled * math.sqrt(signal)).astype(np.float32), level)
        after_sigma = math.sqrt((1 - after) / after)
        scaled, sigma = scaled + (after_sigma - sigma) * noise, after_sigma
    np.testing.assert_allclose(drawn, scaled, atol=2e-4)


def test_ddim_with_full_noise_is_ddpm() -> None:
    """With eta 1 and no clipping, both formulations give the same step for the same noise."""
    initial = np.random.default_rng(3).standard_normal((4, 16, 10), dtype=np.float32)
    a = Ddpm(SCHEDULE, 20, None).draw(_gaussian, initial, np.random.default_rng(4))
    b = Ddim(SCHEDULE, 20, None, 1.0).draw(_gaussian, initial, np.random.default_rng(4))
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_clipping_bounds_the_result_and_its_absence_does_not() -> None:
    def far(sample: Float, level: int) -> Float:
        return (sample - math.sqrt(SCHEDULE.signal(level)) * 5.0) / math.sqrt(
            1 - SCHEDULE.signal(level)
        )

    initial = np.zeros((1, 2, 2), np.float32)
    rng = np.random.default_rng(0)
    for sampler, wanted in (
        (Ddpm(SCHEDULE, 10, 1.0), 1.0), (Ddpm(SCHEDULE, 10, None), 5.0),
        (Ddim(SCHEDULE, 10, 1.0), 1.0), (Ddim(SCHEDULE, 10, None), 5.0),
    ):  # fmt: skip
        np.testing.assert_allclose(sampler.draw(far, initial, rng), wanted, atol=1e-3)


@pytest.mark.parametrize("kind", ["ddpm", "ddim"])
def test_seed_decides_and_calls_are_counted(kind: str) -> None:
    sampler = make_sampler(SamplerSpec(kind, 100, 7))  # type: ignore[arg-type]
    calls = []

    def counted(sample: Float, level: int) -> Float:
        calls.append(level)
        return _gaussian(sample, level)

    initial = np.ones((1, 4, 2), np.float32)
    first = sampler.draw(counted, initial, np.random.default_rng(5))
    assert len(calls) == sampler.calls == 7
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, sampler.draw(_gaussian, initial, np.random.default_rng(5)))
    other = sampler.draw(_gaussian, initial, np.random.default_rng(6))
    assert np.array_equal(first, other) == (kind == "ddim")
