"""Fast graphs: decoding again during a chunk, and corrections on top of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_scene import SECOND_NS, observe, touch

from takt_core.geometry import pose_error
from takt_policy.bundle import Bundle
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.testing import DECODE_ELAPSED_GAIN, DECODE_FORCE_GAIN, RESIDUAL_GAIN

BundleOf = Callable[..., Bundle]
STEP_NS = 100_000_000


def test_decoding_uses_the_newest_touch_for_what_is_ahead(bundle_of: BundleOf) -> None:
    bundle = bundle_of(decode=True)
    engine = PolicyEngine(bundle)
    assert engine.needs_fast
    assert engine.has_reflex
    planned = engine.plan(observe(bundle), fast=touch(bundle, value=0.2))
    assert planned.latent is not None
    now_ns = SECOND_NS + 3 * STEP_NS
    revised = engine.reflex(planned, touch(bundle, now_ns, value=0.6), now_ns)
    assert (revised.revision, revised.draw) == (1, planned.draw)
    ahead = planned.times_ns > now_ns
    np.testing.assert_array_equal(revised.raw[~ahead], planned.raw[~ahead])
    np.testing.assert_array_equal(revised.actions.poses[~ahead], planned.actions.poses[~ahead])
    moved = revised.raw[ahead] - planned.raw[ahead]
    np.testing.assert_allclose(moved[:, 0], DECODE_FORCE_GAIN * 0.4, atol=1e-5)
    np.testing.assert_allclose(moved[:, 1], DECODE_ELAPSED_GAIN * 0.3, atol=1e-5)
    assert (revised.network_calls, revised.rounds) == (0, 0)
    assert revised.residual is None


def test_what_was_felt_before_a_chunk_began_counts_as_felt_when_it_began(
    bundle_of: BundleOf,
) -> None:
    """A chunk for an arm at rest begins when it is ready; decoders know no time before that."""
    bundle = bundle_of(decode=True)
    engine = PolicyEngine(bundle)
    planned = engine.plan(observe(bundle), fast=touch(bundle, value=0.2))
    begun = replace(planned, reference_ns=planned.reference_ns + 3 * STEP_NS)
    felt = touch(bundle, planned.reference_ns + STEP_NS, value=0.2)
    revised = engine.reflex(begun, felt, begun.reference_ns)
    np.testing.assert_array_equal(revised.raw, planned.raw)


@given(force=st.floats(-0.5, 0.5), passed=st.integers(-2, 16))
@settings(max_examples=20, deadline=None)
def test_corrections_stay_within_their_bound_and_out_of_the_past(
    bundle_of: BundleOf, force: float, passed: int
) -> None:
    bundle = bundle_of(residual=True)
    engine = PolicyEngine(bundle, Execution(residual=True))
    planned = engine.plan(observe(bundle))
    assert planned.residual is not None
    np.testing.assert_array_equal(planned.residual, 0.0)
    now_ns = planned.time_ns(passed)
    revised = engine.reflex(planned, touch(bundle, now_ns, value=force), now_ns)
    wanted = np.clip(RESIDUAL_GAIN * force, -0.2, 0.2)
    correction = revised.corrected - planned.corrected
    ahead = np.arange(16) > passed
    np.testing.assert_allclose(correction[ahead, 0], wanted, atol=1e-6)
    np.testing.assert_array_equal(correction[~ahead], 0.0)
    np.testing.assert_array_equal(revised.raw, planned.raw)
    assert revised.residual is not None
    for index in range(16):
        change = pose_error(revised.actions.pose(index), planned.actions.pose(index))
        np.testing.assert_allclose(revised.residual[index], change, atol=1e-6)


def test_corrections_are_not_added_twice(bundle_of: BundleOf) -> None:
    bundle = bundle_of(residual=True)
    engine = PolicyEngine(bundle, Execution(residual=True))
    fast = touch(bundle, value=0.1)
    planned = engine.plan(observe(bundle), fast=fast)
    np.testing.assert_allclose((planned.corrected - planned.raw)[:, 0], 0.1, atol=1e-6)
    again = engine.reflex(engine.reflex(planned, fast, SECOND_NS), fast, SECOND_NS)
    np.testing.assert_allclose(again.corrected, planned.corrected, atol=1e-6)
    assert again.revision == 2


def test_both_fast_graphs_together(bundle_of: BundleOf) -> None:
    bundle = bundle_of(decode=True, residual=True)
    engine = PolicyEngine(bundle, Execution(residual=True))
    planned = engine.plan(observe(bundle), fast=touch(bundle, value=0.1))
    np.testing.assert_allclose((planned.corrected - planned.raw)[:, 0], 0.1, atol=1e-6)
    off = PolicyEngine(bundle)
    plain = off.plan(observe(bundle), fast=touch(bundle, value=0.1), draw=1)
    assert plain.residual is None
    np.testing.assert_array_equal(plain.corrected, plain.raw)


def test_a_residual_is_left_out_of_what_the_next_chunk_continues(bundle_of: BundleOf) -> None:
    """Else it would be added again and again."""
    bundle = bundle_of("flow", residual=True)
    engine = PolicyEngine(bundle, Execution(schedule="rtc", rtc_weight=50.0, residual=True))
    fast = touch(bundle, value=0.2)
    before = engine.plan(observe(bundle), fast=fast, draw=1)
    same = observe(bundle, SECOND_NS + 4 * STEP_NS)
    commit_ns = same.reference_ns + 8 * STEP_NS
    with_residual = engine.plan(same, previous=before, commit_ns=commit_ns, fast=fast, draw=2)
    bare = engine.plan(observe(bundle), draw=1)
    without = engine.plan(same, previous=bare, commit_ns=commit_ns, draw=2)
    np.testing.assert_allclose(with_residual.raw, without.raw, atol=1e-6)


def test_without_fast_graphs_in_use_there_is_no_reflex(bundle_of: BundleOf) -> None:
    plain = PolicyEngine(bundle_of())
    assert not plain.has_reflex
    planned = plain.plan(observe(bundle_of()))
    with pytest.raises(PolicyError, match="no fast graph in use"):
        plain.reflex(planned, touch(bundle_of(residual=True)), SECOND_NS)
    assert not PolicyEngine(bundle_of(residual=True)).has_reflex
    assert not PolicyEngine(bundle_of(decode=True), Execution(reflex=False)).has_reflex


def test_decoding_wants_a_fast_observation(bundle_of: BundleOf) -> None:
    bundle = bundle_of(decode=True)
    with pytest.raises(PolicyError, match="decodes with fast inputs, but got none"):
        PolicyEngine(bundle).plan(observe(bundle))
