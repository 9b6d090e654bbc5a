"""Composition: what is mixed, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_scene import observe

from takt_policy.bundle import Bundle
from takt_policy.bundle.schema import ActionGroup, Horizons, SamplerSpec, flow_sampler
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.guidance.compose import check_partner, mixture_weights
from takt_policy.samplers import Float, Level, NetworkDenoiser, make_levels
from takt_policy.testing import straight_chunk, write_tiny_bundle

BundleOf = Callable[..., Bundle]


@pytest.mark.parametrize("family", ["diffusion", "flow"])
def test_the_mixture_of_two_known_chunks_is_their_mean(
    bundle_of: BundleOf, tmp_path: Path, family: str
) -> None:
    """Exact denoisers of single chunks: the mixed estimate is the weighted mean at each step."""
    main = bundle_of(family)
    spec = main.spec
    sideways = straight_chunk(spec, (0.004, 0.0, 0.0))
    other = write_tiny_bundle(tmp_path / "other.takt", family, clean=sideways)  # type: ignore[arg-type]
    execution = Execution(compose=(str(other.path),), compose_weights=(0.25, 0.75))
    mixed = PolicyEngine(main, execution).plan(observe(main))
    wanted = 0.25 * straight_chunk(spec, (0.0, 0.0, -0.002)) + 0.75 * sideways
    np.testing.assert_allclose(mixed.raw, wanted, atol=5e-3)
    steps = spec.require_sampler().inference_steps
    assert (mixed.network_calls, mixed.rounds) == (2 * steps, 2 * steps)


def test_a_policy_mixed_with_itself_is_itself(bundle_of: BundleOf) -> None:
    main = bundle_of()
    alone = PolicyEngine(main).plan(observe(main))
    execution = Execution(compose=(str(main.path), str(main.path)))
    mixed = PolicyEngine(main, execution).plan(observe(main))
    np.testing.assert_allclose(mixed.raw, alone.raw, atol=1e-5)


def test_another_normaliser_of_an_input_is_translated(bundle_of: BundleOf, tmp_path: Path) -> None:
    """The same policy with touch measured in other units must stay the same."""
    main = bundle_of()
    condition = PolicyEngine(main).plan(observe(main)).condition
    execution = Execution(compose=(str(main.path),))
    partner = PolicyEngine(main, execution)._partners[0]
    seen: list[Any] = []
    partner._model.encode = lambda arrays: seen.append(arrays) or condition  # type: ignore
    normalizer = main.normalizers["wrench"]
    partner._units["wrench"] = (normalizer, replace(normalizer, scale=2.0 * normalizer.scale))
    arrays = observe(main).arrays
    partner.run(arrays)
    np.testing.assert_allclose(seen[0]["wrench"], 0.5 * arrays["wrench"], atol=1e-6)
    np.testing.assert_array_equal(seen[0]["image"], arrays["image"])


@given(share=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_predictions_are_mixed_before_anything_else(share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spec = SamplerSpec("ddim", 100, 10, clip=None)
    sample, a, b = rng.standard_normal((3, 2, 4, 3), dtype=np.float32)
    level: Level = make_levels(spec).at(4)

    def fixed(values: Float) -> Any:
        return lambda x, t: values

    mixed = NetworkDenoiser(spec, [fixed(a), fixed(b)], (share, 1 - share))
    single = NetworkDenoiser(spec, [fixed((share * a + (1 - share) * b).astype(np.float32))])
    found, wanted = mixed.estimate(sample, level), single.estimate(sample, level)
    np.testing.assert_allclose(found.clean, wanted.clean, atol=1e-5)


DIFFERENT: list[tuple[dict[str, Any], str]] = [
    ({"family": "flow"}, "the family differs, flow against diffusion"),
    ({"sampler": SamplerSpec("ddim", 50, 8)}, "sampler's training_steps differs, 50 against 100"),
    ({"sampler": SamplerSpec("ddim", 100, 8, "linear")}, "sampler's betas differs"),
    ({"sampler": SamplerSpec("ddim", 100, 8, prediction="v")}, "sampler's prediction differs"),
    ({"horizons": Horizons(2, 12, 8, 0.1)}, "length of the chunk differs, 12 against 16"),
    ({"horizons": Horizons(1, 16, 8, 0.1)}, "observation's time differs, 0 against 1"),
    ({"horizons": Horizons(2, 16, 8, 0.05)}, "the time between actions differs"),
    (
        {"actions": (ActionGroup("arm", "pose"), ActionGroup("gripper", "width"))},
        "the layout of the actions differs",
    ),
    ({"goal": ("goal_point",)}, "input 'goal_point' differs.*against None"),
]


@pytest.mark.parametrize(("changes", "why"), DIFFERENT)
def test_what_cannot_be_mixed_is_refused_saying_what_differs(
    bundle_of: BundleOf, changes: dict[str, Any], why: str
) -> None:
    main, other = bundle_of(), bundle_of(**changes)
    with pytest.raises(PolicyError, match=why):
        PolicyEngine(main, Execution(compose=(str(other.path),)))


def test_other_units_of_the_actions_are_refused(bundle_of: BundleOf) -> None:
    main = bundle_of()
    normalizer = main.normalizers["action"]
    other = replace(
        main,
        normalizers={**main.normalizers, "action": replace(normalizer, scale=2 * normalizer.scale)},
    )
    with pytest.raises(PolicyError, match=r"normaliser of the actions \(scale\) differs"):
        check_partner(main, other)


def test_directions_of_time_must_agree(bundle_of: BundleOf) -> None:
    main = bundle_of("flow")
    other = replace(main, spec=replace(main.spec, sampler=flow_sampler(5, "data_to_noise")))
    with pytest.raises(PolicyError, match="sampler's direction differs"):
        check_partner(main, other)


def test_fewer_inputs_and_other_steps_of_inference_are_no_hindrance(bundle_of: BundleOf) -> None:
    main = bundle_of(goal=("goal_point",))
    other = bundle_of(sampler=SamplerSpec("ddpm", 100, 50, clip=None))
    check_partner(main, other)


def test_weights() -> None:
    assert mixture_weights((), 4) == (0.25,) * 4
    assert mixture_weights((0.2, 0.8), 2) == (0.2, 0.8)
    with pytest.raises(PolicyError, match="2 numbers that add up to 1, the bundle's own weight"):
        mixture_weights((0.2, 0.7), 2)
