"""The engine: what it plans is known, repeats, and is refused where it is no plan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_scene import SECOND_NS, observe, pose

from takt_policy.bundle import Bundle
from takt_policy.engine import PolicyEngine, Prediction
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.providers import available_providers
from takt_policy.testing import straight_chunk, write_tiny_bundle

BundleOf = Callable[..., Bundle]

KNOWN: dict[str, tuple[dict[str, Any], Execution, int, int]] = {
    "its own": ({}, Execution(), 8, 8),
    "ddpm": ({}, Execution(sampler="ddpm", sampler_steps=12), 12, 12),
    "ddim": ({}, Execution(sampler="ddim", sampler_steps=12, eta=0.5), 12, 12),
    "speculative": ({}, Execution(sampler="ddpm", sampler_steps=20, speculate=5), 20, 5),
    "flow": ({"family": "flow"}, Execution(), 5, 5),
    "flow with more steps": ({"family": "flow"}, Execution(sampler_steps=9), 9, 9),
    "prefix": ({"family": "flow", "prefix": True}, Execution(schedule="rtc"), 5, 5),
    "direct": ({"family": "direct"}, Execution(), 1, 1),
    "critic": ({"critic": True}, Execution(candidates=3, choose="critic"), 24, 8),
    "coherence": ({}, Execution(candidates=3, choose="coherence"), 24, 8),
    "spread": ({}, Execution(candidates=4, uncertainty="spread"), 32, 8),
    "energy": ({"energy": True}, Execution(uncertainty="energy"), 8, 8),
}


@pytest.mark.parametrize("case", KNOWN)
def test_the_known_chunk_comes_out(bundle_of: BundleOf, case: str) -> None:
    options, execution, calls, rounds = KNOWN[case]
    bundle = bundle_of(**options)
    observation = observe(bundle)
    prediction = PolicyEngine(bundle, execution).plan(observation)
    wanted = straight_chunk(bundle.spec, (0.0, 0.0, -0.002))
    np.testing.assert_allclose(prediction.raw, wanted, atol=5e-3)
    assert (prediction.network_calls, prediction.rounds) == (calls, rounds)
    assert prediction.wall_ns > 0
    assert prediction.time_ns(1) == prediction.reference_ns == SECOND_NS
    assert prediction.times_ns.tolist() == [prediction.time_ns(i) for i in range(16)]
    moved = observation.reference_pose.inverse() @ prediction.actions.pose(11)
    np.testing.assert_allclose(moved.position_m, [0, 0, -0.02], atol=6e-4)
    assert prediction.actions.gripper_width_m is not None
    assert math.isnan(prediction.uncertainty) == (execution.uncertainty == "none")


EXECUTIONS = [
    ("diffusion", Execution(warm_start=2)),
    ("diffusion", Execution(schedule="rtc")),
    ("diffusion", Execution(sampler="ddpm", speculate=3, schedule="rtc", warm_start=4)),
    ("diffusion", Execution(candidates=3, choose="coherence")),
    ("flow", Execution(schedule="rtc", warm_start=2)),
    ("direct", Execution(schedule="ensembling")),
]


@pytest.mark.parametrize("index", range(len(EXECUTIONS)))
@settings(
    max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(seed=st.integers(0, 1000), draw=st.integers(1, 2**40), late_ms=st.integers(0, 900))
def test_a_chunk_is_a_function_of_observation_seed_draw_and_previous(
    bundle_of: BundleOf, index: int, seed: int, draw: int, late_ms: int
) -> None:
    family, execution = EXECUTIONS[index]
    bundle = bundle_of(family)
    first, second = observe(bundle), observe(bundle, SECOND_NS + late_ms * 1_000_000, seed=1)

    def plans(engine: PolicyEngine) -> list[Prediction]:
        before = engine.plan(first, draw=draw)
        commit_ns = second.reference_ns + 150_000_000
        after = engine.plan(second, draw=draw + 1, previous=before, commit_ns=commit_ns)
        return [before, after]

    used = PolicyEngine(bundle, execution, seed=seed)
    used.warm_up(1)
    used.plan(second)
    for ours, theirs in zip(
        plans(used), plans(PolicyEngine(bundle, execution, seed=seed)), strict=True
    ):
        np.testing.assert_array_equal(ours.raw, theirs.raw)
        np.testing.assert_array_equal(ours.actions.poses, theirs.actions.poses)


def test_plans_repeat_by_seed_and_draw(tiny_bundle: Bundle) -> None:
    engine, observation = PolicyEngine(tiny_bundle, seed=5), observe(tiny_bundle)
    first, second = engine.plan(observation), engine.plan(observation)
    assert (first.draw, second.draw) == (1, 2)
    assert np.abs(first.raw - second.raw).max() > 0
    np.testing.assert_array_equal(engine.plan(observation, draw=1).raw, first.raw)
    engine.reset(5)
    np.testing.assert_array_equal(engine.plan(observation).raw, first.raw)
    engine.reset(6)
    assert np.abs(engine.plan(observation).raw - first.raw).max() > 0


def test_warming_up_changes_no_draw(tiny_bundle: Bundle) -> None:
    engine, observation = PolicyEngine(tiny_bundle), observe(tiny_bundle)
    assert engine.warm_up() > 0
    warmed = engine.plan(observation)
    np.testing.assert_array_equal(warmed.raw, PolicyEngine(tiny_bundle).plan(observation).raw)


def test_initial_noise_can_be_given(tiny_bundle: Bundle) -> None:
    engine, observation = PolicyEngine(tiny_bundle), observe(tiny_bundle)
    size = tiny_bundle.spec.chunk
    noise = np.random.default_rng(9).standard_normal(size)
    given = engine.plan(observation, draw=1, noise=noise)
    np.testing.assert_array_equal(engine.plan(observation, draw=2, noise=noise).raw, given.raw)
    assert np.abs(engine.plan(observation, draw=1).raw - given.raw).max() > 0
    np.testing.assert_array_equal(engine.plan(observation, noise=noise[None]).raw, given.raw)
    with pytest.raises(PolicyError, match=r"shape \[3\]; allowed: \[16, 10\] or \[1, 16, 10\]"):
        engine.plan(observation, noise=np.zeros(3))


def test_a_direct_policy_takes_no_noise(bundle_of: BundleOf) -> None:
    bundle = bundle_of("direct")
    with pytest.raises(PolicyError, match="no initial noise"):
        PolicyEngine(bundle).plan(observe(bundle), noise=np.zeros((16, 10)))


def test_what_is_not_finite_is_no_plan(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "faulty.takt", faulty=True)
    with pytest.raises(PolicyError, match="NaN or infinite"):
        PolicyEngine(bundle).plan(observe(bundle))


def test_the_best_by_the_critic_is_taken(bundle_of: BundleOf) -> None:
    """Nearest to the known chunk; few steps, so that candidates differ."""
    bundle = bundle_of(critic=True)
    execution = Execution(candidates=6, choose="critic", sampler_steps=1, sampler="ddpm")
    prediction = PolicyEngine(bundle, execution).plan(observe(bundle))
    assert len(prediction.scores) == 6
    assert prediction.scores[prediction.chosen] == max(prediction.scores)


def test_uncertainty_is_what_was_asked_for(bundle_of: BundleOf) -> None:
    bundle = bundle_of(energy=True)
    spread = PolicyEngine(bundle, Execution(candidates=5, uncertainty="spread")).plan(
        observe(bundle)
    )
    assert spread.spread is not None
    assert spread.spread_rad is not None
    assert spread.spread.shape == spread.spread_rad.shape == (16,)
    executed = spread.spread[1:9]
    assert spread.uncertainty == pytest.approx(float(np.sqrt(np.mean(executed**2))))
    energy = PolicyEngine(bundle, Execution(uncertainty="energy")).plan(observe(bundle))
    wanted = straight_chunk(bundle.spec, (0.0, 0.0, -0.002))
    assert energy.uncertainty == pytest.approx(float(np.mean((energy.raw - wanted) ** 2)), abs=1e-6)


def test_providers() -> None:
    assert available_providers(["NoSuchProvider", "CPUExecutionProvider"]) == [
        "CPUExecutionProvider"
    ]
    with pytest.raises(PolicyError, match="none of the execution providers NoSuchProvider"):
        available_providers(["NoSuchProvider"])


def test_the_real_chunk_is_continued(bundle_of: BundleOf) -> None:
    """RTC between two chunks: the frozen part of the second is nearer to the first's."""
    bundle = bundle_of("flow")
    first = observe(bundle, at=pose(0))
    # The tool is 1 cm beside where the policy relates its straight line to.
    beside = replace(pose(0), position_m=pose(0).position_m + [0.01, 0, 0])
    second = observe(bundle, SECOND_NS + 400_000_000, at=beside)
    engine = PolicyEngine(bundle, Execution(schedule="rtc"))
    before = engine.plan(first)
    commit_ns = second.reference_ns + 200_000_000
    joined = engine.plan(second, previous=before, commit_ns=commit_ns)
    alone = engine.plan(second)
    decided = slice(1, 4)
    old = before.actions.poses[5:8, :3]
    off = [np.linalg.norm(one.actions.poses[decided, :3] - old) for one in (joined, alone)]
    assert off[0] < 0.3 * off[1]
    assert (joined.network_calls, joined.rounds) == (alone.network_calls, alone.rounds)
