"""Real-time chunking against the paper's formulas in plain loops, and what it is for."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_policy.bundle.schema import SamplerSpec, flow_sampler
from takt_policy.guidance.anchor import Anchor
from takt_policy.guidance.prefix import CleanPrefix
from takt_policy.guidance.realtime import RealTimeGuidance, soft_weights
from takt_policy.samplers import Float, NetworkDenoiser, NoiseSchedule, make_sampler

Array = npt.NDArray[np.float64]
H, D = 16, 3


def _anchor(target: Float, delay: int, executed: int) -> Anchor:
    """The paper's situation: d actions decided, the last s without a counterpart."""
    index = np.arange(H)
    return Anchor(target, index < H - executed, index < delay)


def _paper_weights(delay: int, executed: int) -> list[float]:
    weights = []
    for i in range(H):
        if i < delay:
            weights.append(1.0)
        elif i < H - executed:
            c = (H - executed - i) / (H - executed - delay + 1)
            weights.append(c * (math.exp(c) - 1.0) / (math.e - 1.0))
        else:
            weights.append(0.0)
    return weights


def _paper_chunk(
    velocity: Any, noise: Float, target: Float, weights: list[float], taus: list[float], beta: float
) -> Array:
    """Guided inference of arXiv 2506.07339, number by number; taus from 0 (or more) to 1."""
    x = [[float(value) for value in row] for row in noise]
    for tau, following in pairwise(taus):
        v = velocity(np.array(x), tau)
        r2 = (1 - tau) ** 2 / (tau**2 + (1 - tau) ** 2)
        w = beta if tau == 0.0 else min(beta, (1 - tau) / (tau * r2))
        for i in range(H):
            for j in range(D):
                estimate = x[i][j] + (1 - tau) * v[i, j]
                e = (float(target[i, j]) - estimate) * weights[i]
                x[i][j] += (following - tau) * (v[i, j] + w * e)
    return np.array(x)


def _network(seed: int) -> Any:
    """A smooth velocity field on chunks (H, D)."""
    rng = np.random.default_rng(seed)
    mix, shift = rng.standard_normal((H, H)) / 4, rng.standard_normal((H, D)) / 2

    def velocity(x: Array, tau: float) -> Array:
        field: Array = np.tanh(mix @ x + tau) + shift - 0.5 * x
        return field

    return velocity


@pytest.mark.parametrize(("delay", "executed"), [(0, 1), (3, 4), (5, 8), (8, 8), (4, 11)])
@pytest.mark.parametrize("direction", ["noise_to_data", "data_to_noise"])
def test_flow_follows_the_paper(delay: int, executed: int, direction: str) -> None:
    velocity, rng = _network(delay), np.random.default_rng(1)
    noise, target = rng.standard_normal((2, H, D), dtype=np.float32)
    spec = flow_sampler(5, direction)  # type: ignore[arg-type]
    forward = direction == "noise_to_data"

    def network(sample: Float, time: Any) -> Float:
        t = float(np.asarray(time)[0])
        field = velocity(sample[0].astype(np.float64), t if forward else 1 - t)
        return (field if forward else -field)[None].astype(np.float32)

    guidance = RealTimeGuidance.of(_anchor(target, delay, executed), 5.0)
    denoiser = NetworkDenoiser(spec, [network], guidance=[guidance])
    drawn = make_sampler(spec).draw(denoiser, noise[None], rng)[0]
    taus = [step / 5 for step in range(6)]
    weights = _paper_weights(delay, executed)
    wanted = _paper_chunk(velocity, noise, target, weights, taus, 5.0)
    np.testing.assert_allclose(drawn, wanted, atol=1e-5)


@pytest.mark.parametrize("prediction", ["epsilon", "v", "sample"])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_diffusion_follows_the_paper_in_the_time_of_flows(prediction: str, spacing: str) -> None:
    """x / (signal + noise) is the flow's mixture at tau = signal / (signal + noise)."""
    velocity, rng = _network(7), np.random.default_rng(2)
    noise, target = rng.standard_normal((2, H, D), dtype=np.float32)
    schedule = NoiseSchedule.squared_cosine(100)
    spec = SamplerSpec(
        "ddim", 100, 10, prediction=prediction, spacing=spacing, clip=None,  # type: ignore[arg-type]
    )  # fmt: skip

    def network(sample: Float, time: Any) -> Float:
        power = schedule.alpha_bar[int(np.asarray(time)[0])]
        signal, sigma = math.sqrt(power), math.sqrt(1 - power)
        tau, x = signal / (signal + sigma), sample[0].astype(np.float64) / (signal + sigma)
        v = velocity(x, tau)
        clean, eps = x + (1 - tau) * v, x - tau * v
        found = {"epsilon": eps, "sample": clean, "v": signal * eps - sigma * clean}[prediction]
        return np.asarray(found)[None].astype(np.float32)

    guidance = RealTimeGuidance.of(_anchor(target, 3, 4), 5.0)
    sampler = make_sampler(spec)
    levels = sampler.levels
    total = levels.signal + levels.noise
    denoiser = NetworkDenoiser(spec, [network], guidance=[guidance])
    drawn = sampler.draw(denoiser, noise[None] * np.float32(total[0]), rng)[0]
    taus = [float(tau) for tau in levels.signal / total]
    wanted = _paper_chunk(velocity, noise, target, _paper_weights(3, 4), taus, 5.0)
    # float32 networks at signal 0.002 ask for a little more room than the flow.
    np.testing.assert_allclose(drawn, wanted, atol=1e-5 if spacing == "leading" else 1e-3)


@given(delay=st.integers(0, 8), executed=st.integers(1, 8))
def test_weights_are_the_papers(delay: int, executed: int) -> None:
    found = soft_weights(_anchor(np.zeros((H, D), np.float32), delay, executed))
    np.testing.assert_allclose(found, _paper_weights(delay, executed), atol=1e-6)
    assert np.all(np.diff(found) <= 1e-7)


def test_actions_before_the_previous_chunk_and_after_it_are_free() -> None:
    index = np.arange(H)
    covered = (index >= 2) & (index < 10)
    weights = soft_weights(Anchor(np.zeros((H, D), np.float32), covered, covered & (index < 5)))
    assert np.all(weights[:2] == 0)
    assert np.all(weights[2:5] == 1)
    assert np.all((weights[5:10] > 0) & (weights[5:10] < 1))
    assert np.all(weights[10:] == 0)


@given(seed=st.integers(0, 2**31), delay=st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_what_is_decided_is_continued(seed: int, delay: int) -> None:
    """A policy that would go elsewhere ends at the previous chunk where that is decided."""
    rng = np.random.default_rng(seed)
    own, target, noise = rng.standard_normal((3, H, D), dtype=np.float32)
    spec = flow_sampler(10)

    def network(sample: Float, time: Any) -> Float:
        tau = np.asarray(time, np.float32)[:, None, None]
        return ((own - sample) / (1 - tau)).astype(np.float32)

    anchor = _anchor(target, delay, 4)

    def chunk(guided: bool) -> Float:
        guidance = [RealTimeGuidance.of(anchor, 5.0)] if guided else []
        denoiser = NetworkDenoiser(spec, [network], guidance=guidance)
        found: Float = make_sampler(spec).draw(denoiser, noise[None], rng)[0]
        return found

    plain, guided = chunk(False), chunk(True)
    np.testing.assert_allclose(plain, own, atol=1e-4)
    apart = np.abs(own - target)
    off = np.abs(guided - target)
    assert np.all(off[:delay] <= 0.5 * apart[:delay] + 1e-4)
    np.testing.assert_allclose(guided[12:], own[12:], atol=1e-4)


@given(seed=st.integers(0, 2**31), length=st.integers(1, H))
@settings(max_examples=25, deadline=None)
def test_a_clean_prefix_is_seen_clean_and_kept(seed: int, length: int) -> None:
    """Training-time RTC: at each step the network sees the prefix with the clean time."""
    rng = np.random.default_rng(seed)
    tokens, noise = rng.standard_normal((2, H, D), dtype=np.float32)
    spec = flow_sampler(4, "data_to_noise", 10.0, prefix=True)
    sampler = make_sampler(spec)
    seen: list[tuple[Float, Array]] = []

    def network(sample: Float, time: Any) -> Float:
        seen.append((sample.copy(), np.array(time)))
        return np.tanh(sample)

    prefix = CleanPrefix(tokens[:length], sampler.levels.clean_time)
    denoiser = NetworkDenoiser(spec, [network], prefix=prefix)
    drawn = sampler.draw(denoiser, noise[None], rng)[0]
    np.testing.assert_array_equal(drawn[:length], tokens[:length])
    for step, (sample, time) in enumerate(seen):
        np.testing.assert_array_equal(sample[0, :length], tokens[:length])
        np.testing.assert_array_equal(time[0, :length], 0.0)
        np.testing.assert_allclose(time[0, length:], 10.0 * (1 - step / 4))
    # The rest is as it would be without: this network looks at each number alone.
    plain = sampler.draw(NetworkDenoiser(spec, [network]), noise[None], rng)[0]
    np.testing.assert_allclose(drawn[length:], plain[length:], atol=1e-6)


def test_guidance_calls_no_network() -> None:
    spec = flow_sampler(5)
    rng = np.random.default_rng(0)
    target, noise = rng.standard_normal((2, H, D), dtype=np.float32)
    anchor = _anchor(target, 3, 4)
    for guidance in ([], [RealTimeGuidance.of(anchor, 5.0)]):
        denoiser = NetworkDenoiser(spec, [lambda x, t: -x], guidance=guidance)
        make_sampler(spec).draw(denoiser, noise[None], rng)
        assert (denoiser.network_calls, denoiser.rounds) == (5, 5)
