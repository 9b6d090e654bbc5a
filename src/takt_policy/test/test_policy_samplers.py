"""Samplers against theory: closed forms, statistics, and independent formulations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_analytic import Mixture

from takt_policy.bundle.schema import SamplerSpec, flow_sampler
from takt_policy.samplers import (
    Ddim,
    Ddpm,
    Estimate,
    Float,
    Level,
    Levels,
    NetworkDenoiser,
    NoiseSchedule,
    make_levels,
    make_sampler,
)
from takt_policy.samplers.denoiser import estimate_from
from takt_policy.samplers.levels import diffusion_levels, flow_levels, spaced
from takt_policy.samplers.schedule import (
    linear_betas,
    scaled_linear_betas,
    squared_cosine_betas,
)

MEAN, DEVIATION = 0.3, 0.2
SCHEDULE = NoiseSchedule.squared_cosine(100)


class Gaussian:
    """The exact posterior mean for data N(MEAN, DEVIATION^2)."""

    def estimate(self, sample: Float, level: Level) -> Estimate:
        signal, noise = level.signal, level.noise
        power = (signal * DEVIATION) ** 2 + noise**2
        eps = (noise * (sample - signal * MEAN) / power).astype(np.float32)
        # At pure noise of a flow (signal 0) the estimate is the mean.
        clean = MEAN + signal * DEVIATION**2 / power * (sample - signal * MEAN)
        return Estimate(clean.astype(np.float32), eps)

    def guide(self, clean: Float, level: Level) -> Float:
        return clean


def test_schedule_follows_the_published_formula() -> None:
    """Cumulated signal is the squared cosine itself until the cap acts at the last level."""
    u = (np.arange(100) + 1) / 100
    power = np.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
    wanted = power / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    np.testing.assert_allclose(SCHEDULE.alpha_bar[:-1], wanted[:-1], rtol=1e-10)
    betas = squared_cosine_betas(100)
    assert betas[-1] == 0.999
    assert np.all(np.diff(SCHEDULE.alpha_bar) < 0)


def test_other_schedules_are_linear_in_the_variance_or_the_deviation() -> None:
    linear, scaled = linear_betas(50, 1e-4, 0.02), scaled_linear_betas(50, 1e-4, 0.02)
    for betas in (linear, scaled):
        assert betas[0] == pytest.approx(1e-4)
        assert betas[-1] == pytest.approx(0.02)
    np.testing.assert_allclose(np.diff(linear, 2), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.diff(np.sqrt(scaled), 2), 0.0, atol=1e-12)
    for betas, kind in ((linear, "linear"), (scaled, "scaled_linear")):
        spec = SamplerSpec("ddim", 50, 10, kind, 1e-4, 0.02)  # type: ignore[arg-type]
        np.testing.assert_allclose(NoiseSchedule.of(spec).alpha_bar, np.cumprod(1 - betas))


def test_spacings() -> None:
    assert spaced(100, 4, "leading").tolist() == [75, 50, 25, 0]
    assert spaced(100, 16, "leading")[0] == 90
    assert spaced(100, 4, "trailing").tolist() == [99, 74, 49, 24]
    assert spaced(100, 4, "linspace").tolist() == [99, 66, 33, 0]
    assert spaced(100, 3, "trailing").tolist() == [99, 66, 32]


@given(
    levels=st.integers(1, 200),
    steps=st.integers(1, 200),
    spacing=st.sampled_from(["leading", "trailing", "linspace"]),
)
def test_every_spacing_falls_within_the_levels(levels: int, steps: int, spacing: str) -> None:
    steps = min(steps, levels)
    found = spaced(levels, steps, spacing)
    assert len(found) == steps
    assert np.all(np.diff(found) < 0)
    assert found.min() >= 0
    assert found.max() < levels


def test_levels_end_clean() -> None:
    for levels in (diffusion_levels(SCHEDULE, 7), flow_levels(7), flow_levels(7, "data_to_noise")):
        assert levels.steps == 7
        assert (levels.signal[-1], levels.noise[-1]) == (1.0, 0.0)
        tau = [float(levels.at(index).tau[0, 0, 0]) for index in range(8)]
        assert np.all(np.diff(tau) > 0)


def test_time_of_a_flow_runs_as_the_bundle_says() -> None:
    np.testing.assert_allclose(flow_levels(4).time, [0, 0.25, 0.5, 0.75, 1])
    backward = flow_levels(4, "data_to_noise", 1000.0)
    np.testing.assert_allclose(backward.time, [1000, 750, 500, 250, 0])
    assert (flow_levels(4, time_scale=10.0).clean_time, backward.clean_time) == (10.0, 0.0)


def test_noise_is_added_per_level() -> None:
    clean = np.ones((2, 3, 4))
    noisy = SCHEDULE.add_noise(clean, np.zeros_like(clean), np.array([0, 99]))
    np.testing.assert_allclose(noisy[0], math.sqrt(SCHEDULE.alpha_bar[0]))
    np.testing.assert_allclose(noisy[1], math.sqrt(SCHEDULE.alpha_bar[99]))


@given(seed=st.integers(0, 2**31), angle=st.floats(0.05, 1.5))
def test_every_prediction_implies_the_same_estimate(seed: int, angle: float) -> None:
    rng = np.random.default_rng(seed)
    clean, eps = rng.standard_normal((2, 3, 4, 2), dtype=np.float32)
    for signal, noise, kinds in (
        (math.cos(angle), math.sin(angle), ("epsilon", "sample", "v")),
        (angle / 2, 1 - angle / 2, ("velocity",)),
    ):
        level = _level(signal, noise)
        sample = level.signal * clean + level.noise * eps
        predictions = {
            "epsilon": eps,
            "sample": clean,
            "v": level.signal * eps - level.noise * clean,
            "velocity": clean - eps,
        }
        for kind in kinds:
            found = estimate_from(kind, sample, predictions[kind], level)
            np.testing.assert_allclose(found.clean, clean, atol=2e-4)
            np.testing.assert_allclose(found.noise, eps, atol=2e-4)


def _level(signal: float, noise: float) -> Level:
    one = np.ones((1, 1, 1), np.float32)
    return Level(np.array([0.5]), np.float32(signal) * one, np.float32(noise) * one)


@pytest.mark.parametrize("kind", ["epsilon", "sample", "v"])
def test_the_same_policy_in_another_prediction_gives_the_same_chunk(kind: str) -> None:
    """A network of each kind for one Gaussian; only float32 tells them apart."""
    initial = np.random.default_rng(0).standard_normal((2, 4, 3), dtype=np.float32)
    spec = SamplerSpec("ddim", 100, 10, prediction=kind, clip=None)  # type: ignore[arg-type]

    def network(sample: Float, time: Any) -> Float:
        level = diffusion_levels(SCHEDULE, 100).at(99 - np.asarray(time).astype(int))
        exact = Gaussian().estimate(sample, level)
        v = level.signal * exact.noise - level.noise * exact.clean
        return {"epsilon": exact.noise, "sample": exact.clean, "v": v}[kind]

    rng = np.random.default_rng(0)
    drawn = make_sampler(spec).draw(NetworkDenoiser(spec, [network]), initial, rng)
    wanted = Ddim(diffusion_levels(SCHEDULE, 10)).draw(Gaussian(), initial, rng)
    np.testing.assert_allclose(drawn, wanted, atol=1e-3)


@pytest.mark.parametrize("direction", ["noise_to_data", "data_to_noise"])
def test_a_flow_is_sampled_by_euler_steps(direction: str) -> None:
    """Against a plain loop in the network's own time."""
    spec = flow_sampler(8, direction, 100.0)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    target, gain = rng.standard_normal((2, 4, 3), dtype=np.float32)
    forward = direction == "noise_to_data"

    def network(sample: Float, time: Any) -> Float:
        t = np.asarray(time, np.float32)[:, None, None] / 100.0
        velocity = np.tanh(gain * sample + t) + target
        return (velocity if forward else -velocity).astype(np.float32)

    initial = rng.standard_normal((2, 4, 3), dtype=np.float32)
    denoiser = NetworkDenoiser(spec, [network])
    drawn = make_sampler(spec).draw(denoiser, initial, rng)
    x = initial.astype(np.float64)
    for step in range(8):
        t = step / 8 if forward else 1 - step / 8
        slope = network(x.astype(np.float32), np.full(2, t * 100.0))
        x = x + (1 if forward else -1) / 8 * slope
    np.testing.assert_allclose(drawn, x, atol=1e-5)
    assert (denoiser.network_calls, denoiser.rounds) == (16, 8)


def _exact_ddpm_moments(levels: Levels) -> tuple[float, float]:
    """Mean and variance after sampling, carried in closed form as all steps are linear."""
    mean, variance = 0.0, 1.0
    for index in range(levels.steps):
        now, then = levels.signal[index] ** 2, levels.signal[index + 1] ** 2
        power = now * DEVIATION**2 + 1 - now
        gain = math.sqrt(now) * DEVIATION**2 / power  # E[x0|x] = MEAN + gain (x - sqrt(now) MEAN)
        if then == 1.0:
            return MEAN + gain * (mean - math.sqrt(now) * MEAN), gain**2 * variance
        a = math.sqrt(then) * (1 - now / then) / (1 - now)
        b = math.sqrt(now / then) * (1 - then) / (1 - now)
        mean = a * (MEAN + gain * (mean - math.sqrt(now) * MEAN)) + b * mean
        variance = (a * gain + b) ** 2 * variance + (1 - then) / (1 - now) * (1 - now / then)
    raise AssertionError("no last level")


@pytest.mark.parametrize("steps", [100, 25])
def test_ddpm_draws_from_the_distribution(steps: int) -> None:
    """40,000 draws: the mean is known to 0.001, the deviation to 0.0007 (one sigma)."""
    rng = np.random.default_rng(1)
    initial = rng.standard_normal((2500, 4, 4), dtype=np.float32)
    levels = diffusion_levels(SCHEDULE, steps)
    drawn = Ddpm(levels).draw(Gaussian(), initial, rng)
    mean, variance = _exact_ddpm_moments(levels)
    count = drawn.size
    assert abs(drawn.mean() - mean) < 5 * math.sqrt(variance / count)
    assert abs(drawn.std() - math.sqrt(variance)) < 5 * math.sqrt(variance / (2 * count))
    if steps == 100:
        assert mean == pytest.approx(MEAN, abs=0.01)
        assert math.sqrt(variance) == pytest.approx(DEVIATION, rel=0.1)


@pytest.mark.parametrize("levels", [diffusion_levels(SCHEDULE, 100), flow_levels(100)])
def test_deterministic_samplers_draw_from_the_distribution(levels: Levels) -> None:
    rng = np.random.default_rng(2)
    initial = rng.standard_normal((2500, 4, 4), dtype=np.float32)
    drawn = Ddim(levels).draw(Gaussian(), initial, rng)
    assert drawn.mean() == pytest.approx(MEAN, abs=0.01)
    assert drawn.std() == pytest.approx(DEVIATION, rel=0.1)


def test_deterministic_samplers_find_both_modes() -> None:
    axis = np.full((1, 1), 1.0)
    rng = np.random.default_rng(3)
    initial = rng.standard_normal((20_000, 1, 1), dtype=np.float32)
    for levels in (diffusion_levels(SCHEDULE, 50), flow_levels(50)):
        drawn = Ddim(levels).draw(Mixture(axis, deviation=0.05), initial, rng)
        assert float(np.mean(drawn > 0.1)) == pytest.approx(0.35, abs=0.02)


@given(seed=st.integers(0, 2**31), steps=st.sampled_from([1, 2, 5, 16, 100]))
@settings(max_examples=20, deadline=None)
def test_ddim_equals_the_rescaled_ode(seed: int, steps: int) -> None:
    """Song et al., eq. 13: Euler steps of d(x / sqrt(a)) = e d(sqrt((1 - a) / a))."""
    initial = np.random.default_rng(seed).standard_normal((1, 3, 2), dtype=np.float32)
    levels = diffusion_levels(SCHEDULE, steps)
    drawn = Ddim(levels).draw(Gaussian(), initial, np.random.default_rng(0))
    scaled, sigma = initial / levels.signal[0], levels.noise[0] / levels.signal[0]
    for index in range(steps):
        sample = (scaled * levels.signal[index]).astype(np.float32)
        noise = Gaussian().estimate(sample, levels.at(index)).noise
        after_sigma = levels.noise[index + 1] / levels.signal[index + 1]
        scaled, sigma = scaled + (after_sigma - sigma) * noise, after_sigma
    np.testing.assert_allclose(drawn, scaled, atol=2e-4)


def test_ddim_with_full_noise_is_ddpm() -> None:
    """With eta 1 and no clipping, both formulations give the same step for the same noise."""
    initial = np.random.default_rng(3).standard_normal((4, 16, 10), dtype=np.float32)
    levels = diffusion_levels(SCHEDULE, 20)
    a = Ddpm(levels).draw(Gaussian(), initial, np.random.default_rng(4))
    b = Ddim(levels, 1.0).draw(Gaussian(), initial, np.random.default_rng(4))
    np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("kind", ["ddpm", "ddim"])
def test_clipping_bounds_the_result_and_its_absence_does_not(kind: str) -> None:
    alpha = SCHEDULE.alpha_bar

    def far(sample: Float, time: Any) -> Float:
        level = alpha[np.asarray(time).astype(int)][:, None, None]
        return ((sample - np.sqrt(level) * 5.0) / np.sqrt(1 - level)).astype(np.float32)

    for clip, wanted in ((1.0, 1.0), (None, 5.0)):
        spec = SamplerSpec(kind, 100, 10, clip=clip)  # type: ignore[arg-type]
        initial = np.zeros((1, 2, 2), np.float32)
        denoiser = NetworkDenoiser(spec, [far])
        drawn = make_sampler(spec).draw(denoiser, initial, np.random.default_rng(0))
        np.testing.assert_allclose(drawn, wanted, atol=1e-3)


@pytest.mark.parametrize("spec", [
    SamplerSpec("ddpm", 100, 7), SamplerSpec("ddim", 100, 7), flow_sampler(7),
])  # fmt: skip
def test_seed_decides_and_steps_can_be_skipped(spec: SamplerSpec) -> None:
    sampler = make_sampler(spec)
    assert sampler.levels.steps == make_levels(spec).steps == 7
    initial = np.ones((1, 4, 2), np.float32)

    def draw(seed: int, skip: int = 0) -> tuple[npt.NDArray[np.float32], int]:
        mixture = Mixture(np.eye(4, 2) / math.sqrt(2))
        return sampler.draw(mixture, initial, np.random.default_rng(seed), skip), mixture.rounds

    first, rounds = draw(5)
    assert rounds == 7
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, draw(5)[0])
    assert np.array_equal(first, draw(6)[0]) == (spec.kind != "ddpm")
    assert draw(5, skip=4)[1] == 3


def test_a_prefix_network_gets_a_time_for_each_token() -> None:
    spec = flow_sampler(2, prefix=True)
    times = []

    def network(sample: Float, time: Any) -> Float:
        times.append(np.asarray(time))
        return np.zeros_like(sample)

    initial = np.zeros((3, 5, 2), np.float32)
    make_sampler(spec).draw(NetworkDenoiser(spec, [network]), initial, np.random.default_rng(0))
    assert [one.shape for one in times] == [(3, 5), (3, 5)]
    np.testing.assert_array_equal(times[1], 0.5)
