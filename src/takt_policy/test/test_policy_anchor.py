"""The previous chunk in the terms of the next: the same poses at the same times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_scene import SECOND_NS, observe, pose

from takt_core.geometry import interpolate_pose, pose_error
from takt_policy.actions import ActionCodec
from takt_policy.bundle import Bundle
from takt_policy.bundle.schema import ActionGroup
from takt_policy.engine import PolicyEngine, Prediction
from takt_policy.guidance.anchor import reanchor
from takt_policy.prediction import Reference

BundleOf = Callable[..., Bundle]
MS = 1_000_000

ACTIONS = {
    "relative": (ActionGroup("arm", "pose", "observation"), ActionGroup("gripper", "width")),
    "absolute": (ActionGroup("arm", "pose", rotation="quaternion"), ActionGroup("hand", "open")),
    "delta": (ActionGroup("arm", "pose", "delta", "rotation_vector"),),
}


def _planned(bundle: Bundle) -> Prediction:
    """A chunk that turns and moves, as if planned with the tool somewhere."""
    engine = PolicyEngine(bundle)
    planned = engine.plan(observe(bundle, at=pose(1)))
    rng = np.random.default_rng(3)
    raw = (planned.raw + 0.05 * rng.standard_normal(planned.raw.shape)).astype(np.float32)
    actions = planned.reference.decode(ActionCodec.of(bundle), raw)
    return replace(planned, raw=raw, corrected=raw, actions=actions)


@pytest.mark.parametrize("kind", ACTIONS)
@given(late_ms=st.integers(0, 2000), turned=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_decoded_again_it_is_where_the_previous_chunk_is_at_each_time(
    bundle_of: BundleOf, kind: str, late_ms: int, turned: int
) -> None:
    bundle = bundle_of(actions=ACTIONS[kind])
    codec, previous = ActionCodec.of(bundle), _planned(bundle)
    reference = Reference(pose(turned))
    reference_ns = SECOND_NS + late_ms * MS
    times_ns = reference_ns + (np.arange(16) - 1) * 100 * MS
    anchor = reanchor(previous, codec, reference, reference_ns, reference_ns + 250 * MS)
    found = reference.decode(codec, anchor.tokens)
    known_ns = previous.times_ns
    for index, time_ns in enumerate(times_ns):
        assert anchor.covered[index] == (known_ns[0] <= time_ns <= known_ns[-1])
        assert anchor.decided[index] == (
            anchor.covered[index] and time_ns <= reference_ns + 250 * MS
        )
        place = min(max((time_ns - known_ns[0]) / previous.step_ns, 0.0), 15.0)
        lower = min(int(place), 14)
        wanted = interpolate_pose(
            previous.actions.pose(lower), previous.actions.pose(lower + 1), place - lower
        )
        if kind == "delta" and index == 0:
            continue  # the action before the first one in the past says nothing
        np.testing.assert_allclose(pose_error(found.pose(index), wanted), 0.0, atol=2e-5)


def test_on_one_grid_relative_numbers_shift_by_whole_actions(bundle_of: BundleOf) -> None:
    bundle = bundle_of(actions=ACTIONS["absolute"])
    previous = _planned(bundle)
    later_ns = previous.reference_ns + 400 * MS
    anchor = reanchor(previous, ActionCodec.of(bundle), previous.reference, later_ns, 0)
    np.testing.assert_allclose(anchor.tokens[:12, :3], previous.raw[4:, :3], atol=1e-5)
    np.testing.assert_allclose(
        anchor.tokens[12:, :3], np.tile(previous.raw[-1, :3], (4, 1)), atol=1e-5
    )
    assert anchor.prefix == 0


def test_the_prefix_is_what_is_decided_from_the_start(bundle_of: BundleOf) -> None:
    bundle = bundle_of()
    previous = _planned(bundle)
    codec = ActionCodec.of(bundle)
    later_ns = previous.reference_ns + 300 * MS
    anchor = reanchor(previous, codec, previous.reference, later_ns, later_ns + 300 * MS)
    assert anchor.prefix == 5
    # A chunk that begins before the previous one has nothing decided at its beginning.
    earlier_ns = previous.reference_ns - 300 * MS
    early = reanchor(previous, codec, previous.reference, earlier_ns, 2**60)
    assert early.prefix == 0
    assert early.decided[3:].all()
