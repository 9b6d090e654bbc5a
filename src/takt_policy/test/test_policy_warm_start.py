"""Warm starts: fewer steps from the previous chunk, and full sampling when that would be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from policy_scene import SECOND_NS, observe

from takt_policy.bundle import Bundle
from takt_policy.bundle.schema import ActionGroup, SamplerSpec
from takt_policy.engine import PolicyEngine
from takt_policy.execution import Execution
from takt_policy.guidance.anchor import Anchor
from takt_policy.samplers import Ddim, Estimate, Float, Level, Levels, make_levels
from takt_policy.samplers.warm_start import (
    Discrete,
    WarmStart,
    discrete_change,
    warm_sample,
)

BundleOf = Callable[..., Bundle]
STEP_NS = 100_000_000


def test_the_tail_alone_is_run_from_the_shifted_chunk(bundle_of: BundleOf) -> None:
    bundle = bundle_of()
    engine = PolicyEngine(bundle, Execution(warm_start=2))
    first = engine.plan(observe(bundle))
    assert (first.network_calls, first.warm_chunks) == (8, 0)
    later = observe(bundle, SECOND_NS + 4 * STEP_NS)
    second = engine.plan(later, previous=first)
    assert (second.network_calls, second.rounds, second.warm_chunks) == (2, 2, 1)
    # The network knows its chunk at any level, so that it comes out from a warm start, too.
    np.testing.assert_allclose(second.raw, first.raw, atol=5e-3)


def test_every_so_often_a_chunk_is_drawn_in_full(bundle_of: BundleOf) -> None:
    bundle = bundle_of("flow")
    engine = PolicyEngine(bundle, Execution(warm_start=1, warm_start_refresh=3))
    calls, previous = [], None
    for index in range(7):
        observation = observe(bundle, SECOND_NS + index * STEP_NS)
        previous = engine.plan(observation, previous=previous)
        calls.append(previous.network_calls)
    assert calls == [5, 1, 1, 5, 1, 1, 5]


def test_a_changed_observation_is_planned_in_full(bundle_of: BundleOf) -> None:
    bundle = bundle_of()
    engine = PolicyEngine(bundle, Execution(warm_start=2, warm_start_threshold=0.1))
    first = engine.plan(observe(bundle))
    assert first.condition is not None
    same = engine.plan(observe(bundle, SECOND_NS + STEP_NS), previous=first)
    assert same.network_calls == 2
    other = replace(first, condition=1.2 * first.condition)
    assert engine.plan(observe(bundle), previous=other).network_calls == 8


def test_a_chunk_that_is_over_is_no_start(bundle_of: BundleOf) -> None:
    bundle = bundle_of()
    engine = PolicyEngine(bundle, Execution(warm_start=2))
    first = engine.plan(observe(bundle))
    much_later = observe(bundle, SECOND_NS + 60 * STEP_NS)
    assert engine.plan(much_later, previous=first).network_calls == 8


@pytest.mark.parametrize(
    ("change", "warm_chunks", "allowed"),
    [(0.0, 0, True), (0.29, 0, True), (0.31, 0, False), (0.0, 3, True), (0.0, 4, False)],
)
def test_when_it_is_allowed(change: float, warm_chunks: int, allowed: bool) -> None:
    warm = WarmStart(steps=2, refresh=5, threshold=0.3)
    before = np.full((1, 4), 2.0, np.float32)
    after = before.copy()
    after[0, 0] += change * 4.0  # the norm is 4
    assert warm.allowed(after, before, warm_chunks) == allowed
    assert not warm.allowed(after, None, warm_chunks)
    assert not warm.allowed(after, before[:, :3], warm_chunks)


class TwoValues:
    """The exact denoiser of data -1 or +1 (within 0.05), for an observation that prefers one."""

    def __init__(self, prefers: float, certainty: float) -> None:
        self._odds = prefers * np.log(certainty / (1 - certainty))

    def estimate(self, sample: Float, level: Level) -> Estimate:
        power = (0.05 * level.signal) ** 2 + level.noise**2
        log_odds = self._odds + 2.0 * level.signal * sample / power
        likely = np.tanh(0.5 * log_odds)
        clean = likely + level.signal * 0.05**2 / power * (sample - level.signal * likely)
        noise = (sample - level.signal * clean) / level.noise
        return Estimate(clean.astype(np.float32), noise.astype(np.float32))

    def guide(self, clean: Float, level: Level) -> Float:
        return clean


LEVELS: dict[str, Levels] = {
    "diffusion": make_levels(SamplerSpec("ddim", 100, 16)),
    "flow": make_levels(SamplerSpec("flow", inference_steps=16)),
}
GRIPPER = Discrete(np.array([1]), np.zeros(1, np.float32))


def _closed_gripper() -> Anchor:
    tokens = np.stack([np.linspace(-0.2, 0.2, 16), np.full(16, -1.0)], axis=1)
    every = np.ones(16, np.bool_)
    return Anchor(tokens.astype(np.float32), every, ~every)


def _noise(seed: int, shape: tuple[int, ...] = (1, 16, 2)) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("family", LEVELS)
def test_a_warm_start_alone_can_never_open_a_gripper(family: str) -> None:
    """Why discrete actions need the probe: the observation is sure, and yet nothing changes."""
    levels = LEVELS[family]
    start = warm_sample(levels, 3, _closed_gripper(), _noise(0))
    drawn = Ddim(levels).draw(
        TwoValues(1.0, 0.999), start, np.random.default_rng(0), levels.steps - 3
    )
    assert np.all(drawn[..., 1] < 0)


@pytest.mark.parametrize("family", LEVELS)
@pytest.mark.parametrize(("prefers", "changes"), [(1.0, True), (-1.0, False)])
def test_the_probe_sees_that_the_gripper_is_to_open(
    family: str, prefers: float, changes: bool
) -> None:
    """However little the observation prefers it: what was before says nothing in the probe."""
    for seed, certainty in product(range(10), (0.99, 0.55)):
        found = discrete_change(
            TwoValues(prefers, certainty), LEVELS[family], _closed_gripper(), _noise(seed), GRIPPER
        )
        assert found == changes


def test_a_policy_with_a_gripper_is_probed_once_more(bundle_of: BundleOf) -> None:
    """One run more than the tail; or than all steps, where the gripper is to change."""
    actions = (ActionGroup("arm", "pose", "observation"), ActionGroup("gripper", "open"))
    bundle = bundle_of(actions=actions)
    engine = PolicyEngine(bundle, Execution(warm_start=2))
    first = engine.plan(observe(bundle))
    settled = first.raw.copy()
    settled[:, 9] = 1.0 if first.raw[0, 9] > 0 else -1.0
    later = observe(bundle, SECOND_NS + STEP_NS)
    calls = []
    for sign in (1.0, -1.0):
        raw = settled.copy()
        raw[:, 9] *= sign
        actions_before = first.reference.decode(engine._codec, raw)
        before = replace(first, raw=raw, corrected=raw, actions=actions_before)
        calls.append(engine.plan(later, previous=before).network_calls)
    assert calls == [1 + 2, 1 + 8]
