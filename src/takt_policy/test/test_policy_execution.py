"""What goes together, and what is refused with which reason."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from takt_core.parameters import declarations, from_mapping
from takt_policy.bundle.schema import ActionGroup, PolicySpec
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.execution_check import check_execution
from takt_policy.testing import tiny_spec

DIFFUSION, FLOW, DIRECT = tiny_spec(), tiny_spec("flow"), tiny_spec("direct")
LATENT = tiny_spec(decode=True)
JOINTS = tiny_spec(actions=(ActionGroup("arm", "joints", names=("a", "b")),))
DELTA = tiny_spec(actions=(ActionGroup("arm", "pose", "delta"),))

REFUSED: list[tuple[PolicySpec, dict[str, Any], str]] = [
    (FLOW, {"sampler": "ddim"}, "its family is flow.*Allowed: flow"),
    (DIFFUSION, {"sampler": "flow"}, "its family is diffusion.*Allowed: ddpm, ddim"),
    (DIFFUSION, {"sampler_steps": 101}, "fewer noise levels.*Allowed: 1 to 100"),
    (FLOW, {"sampler_steps": 1001}, "Allowed: 1 to 1000"),
    (DIFFUSION, {"sampler": "ddpm", "eta": 0.5}, "eta is the noise of ddim"),
    (FLOW, {"eta": 0.5}, "and flow none"),
    (DIFFUSION, {"speculate": 8}, "only those of ddpm are noisy.*sampler to 'ddpm'"),
    (FLOW, {"speculate": 8}, "only those of ddpm are noisy"),
    (DIFFUSION, {"sampler": "ddpm", "speculate": 1}, "one draft per round is ddpm itself"),
    (DIFFUSION, {"warm_start": 8}, "8 steps in all.*Allowed: 1 to 7"),
    (DIFFUSION, {"execute": 1.6}, "reach 1.5 s.*Allowed: 0.1 to 1.5"),
    (DIFFUSION, {"execute": 0.05}, "Allowed: 0.1 to 1.5"),
    (DIFFUSION, {"execute": 0.1, "reserve": 0}, "over before it is planned.*'synchronous'"),
    (DIRECT, {"execute": 0.1, "reserve": 0, "schedule": "ensembling"}, "none in reserve"),
    (DIFFUSION, {"choose": "coherence"}, "nothing to choose from"),
    (DIFFUSION, {"candidates": 4}, "drawn for nothing"),
    (DIFFUSION, {"uncertainty": "spread"}, "one sample has no spread"),
    (DIFFUSION, {"candidates": 4, "choose": "critic"}, "it has no critic.onnx"),
    (DIFFUSION, {"uncertainty": "energy"}, "it has no energy.onnx"),
    (DIFFUSION, {"schedule": "rtc", "rtc_mode": "trained"}, "not trained with clean prefixes"),
    (DIFFUSION, {"compose": ("a",), "compose_weights": (0.5, 0.4)}, "2 numbers that add up to 1"),
    (DIFFUSION, {"compose_weights": (0.5, 0.5)}, "1 numbers that add up to 1"),
    (LATENT, {"schedule": "rtc"}, "latents.*cannot be put into their terms"),
    (LATENT, {"warm_start": 2}, "cannot be shifted in time"),
    (LATENT, {"steer": "x"}, "no gradient"),
    (LATENT, {"compose": ("x",)}, "nothing in common"),
    (JOINTS, {"steer": "x"}, "joint angles"),
    (DELTA, {"steer": "x"}, "moves all later ones"),
    (DIRECT, {"schedule": "rtc"}, "no sampling that could be pulled.*ensembling"),
    (DIRECT, {"candidates": 4, "uncertainty": "spread"}, "the same each time"),
    (DIRECT, {"uncertainty": "spread"}, "without samples that could spread"),
    (DIRECT, {"choose": "coherence"}, "nothing to choose from"),
    (DIRECT, {"sampler": "ddim"}, "without a sampler"),
    (DIRECT, {"sampler_steps": 4}, "without steps"),
    (DIRECT, {"eta": 0.5}, "without noise"),
    (DIRECT, {"warm_start": 2}, "without steps to save"),
    (DIRECT, {"speculate": 2}, "without steps to draft"),
    (DIRECT, {"compose": ("x",)}, "only noisy samples can be mixed"),
    (DIRECT, {"steer": "x"}, "past what was learned"),
]


@pytest.mark.parametrize(("spec", "settings", "why"), REFUSED)
def test_what_is_not_possible_is_refused_with_the_reason(
    spec: PolicySpec, settings: dict[str, Any], why: str
) -> None:
    with pytest.raises(PolicyError, match=why):
        check_execution(Execution(**settings), spec)


@pytest.mark.parametrize("spec", [DIFFUSION, FLOW, DIRECT, LATENT, JOINTS, DELTA])
def test_the_default_is_always_possible(spec: PolicySpec) -> None:
    check_execution(Execution(), spec)


def test_what_theory_allows_goes_together() -> None:
    """Every sampler with every guidance and schedule, where nothing above speaks against it."""
    samplers: list[dict[str, Any]] = [
        {},
        {"sampler": "ddpm", "sampler_steps": 50},
        {"sampler": "ddpm", "speculate": 4},
        {"sampler": "ddpm", "speculate": 4, "warm_start": 5},
        {"sampler": "ddim", "eta": 1.0},
        {"warm_start": 3},
    ]
    guidance: list[dict[str, Any]] = [
        {},
        {"steer": "costs.yaml"},
        {"compose": ("b",), "compose_weights": (0.3, 0.7)},
        {"candidates": 4, "choose": "coherence"},
        {"candidates": 4, "uncertainty": "spread"},
    ]
    schedules: list[dict[str, Any]] = [
        {"schedule": name} for name in ("synchronous", "asynchronous", "ensembling", "rtc")
    ]
    for one, two, three in product(samplers, guidance, schedules):
        check_execution(Execution(**one, **two, **three), DIFFUSION)


def test_direct_policies_have_their_schedules() -> None:
    for schedule in ("synchronous", "asynchronous", "ensembling"):
        check_execution(Execution(schedule=schedule), DIRECT)


def test_trained_prefixes_where_the_bundle_has_them() -> None:
    spec = tiny_spec("flow", prefix=True)
    for mode in ("auto", "guidance", "trained"):
        check_execution(Execution(schedule="rtc", rtc_mode=mode), spec)


def test_every_choice_is_a_declared_parameter() -> None:
    names = {one.name for one in declarations(Execution)}
    assert {"sampler", "warm_start", "speculate", "schedule", "compose", "steer"} <= names
    made = from_mapping(Execution, {"compose": ["a", "b"], "execute": 1}, "test")
    assert made == Execution(compose=("a", "b"), execute=1.0)
    assert Execution(eta=-1.0) == Execution()
