"""Policies that move a hand: its joints from the bundle to the chunk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_world import PointRobot

from takt_core.geometry import Pose
from takt_policy.actions import ActionCodec
from takt_policy.bundle.dump import spec_to_mapping
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.parse import spec_from_mapping
from takt_policy.bundle.schema import ActionGroup, PolicySpec
from takt_policy.describe.actions import action_in_words
from takt_policy.engine import PolicyEngine
from takt_policy.errors import BundleError, PolicyError
from takt_policy.execution import Execution
from takt_policy.runner import LockStepRunner
from takt_policy.testing import straight_chunk, tiny_spec, write_tiny_bundle

FINGERS = ("thumb", "index", "ring")
ARM = ActionGroup("arm", "pose", "observation")
HAND = ActionGroup("fingers", "hand", names=FINGERS)


def hand_spec(**changes: Any) -> PolicySpec:
    return tiny_spec(actions=(ARM, HAND), **changes)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_decode_inverts_encode_for_a_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spec = hand_spec()
    scale = rng.uniform(0.2, 1.5, spec.action_size).astype(np.float32)
    codec = ActionCodec(spec, Normalizer("minmax", np.zeros_like(scale), scale))
    positions = rng.uniform(-1.0, 2.0, (16, 3))
    poses = np.tile([0.4, 0.0, 0.3, 0.0, 0.0, 0.0, 1.0], (16, 1))
    vectors = codec.encode(poses, None, Pose.identity(), hand_position=positions)
    actions = codec.decode(vectors, Pose.identity())
    assert actions.hand_position is not None
    np.testing.assert_allclose(actions.hand_position, positions, atol=1e-5)
    with pytest.raises(PolicyError, match="commands a hand"):
        codec.encode(poses, None, Pose.identity())


def test_the_specification_reads_back_and_says_so_in_words() -> None:
    spec = hand_spec()
    assert spec.action_size == 12
    assert spec_from_mapping(spec_to_mapping(spec), "test") == spec
    assert "thumb, index, ring" in action_in_words(HAND)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fingers": {"kind": "hand", "names": list(FINGERS), "reference": "delta"}}, "absolute"),
        ({"fingers": {"kind": "hand", "reference": "absolute"}}, "names"),
        ({"other": {"kind": "hand", "names": ["toe"]}}, "at most one"),
    ],
)
def test_hands_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    mapping = spec_to_mapping(hand_spec())
    mapping["actions"].update(changes)
    with pytest.raises(BundleError, match=words):
        spec_from_mapping(mapping, "test")


@pytest.mark.parametrize("schedule", ["synchronous", "asynchronous", "ensembling"])
def test_every_schedule_commits_the_hand_with_the_arm(tmp_path: Path, schedule: str) -> None:
    """The hand's second joint closes by 0.01 rad per action of the horizon."""
    spec = hand_spec()
    clean = straight_chunk(spec, (0.0, 0.0, -0.002))
    clean[:, 10] = 0.01 * np.arange(len(clean))
    bundle = write_tiny_bundle(tmp_path / "hand.takt", spec=spec, clean=clean)
    runner = LockStepRunner(PolicyEngine(bundle), 0.05, Execution(schedule=schedule))
    report = runner.run(PointRobot(), lambda: False, 2.0, seed=3)
    assert report.chunks > 1
    for chunk in report.records:
        assert chunk.hand_joint_names == FINGERS
        assert chunk.hand_position is not None
        assert chunk.hand_position.shape == (len(chunk.poses), 3)
        np.testing.assert_allclose(chunk.hand_position[:, [0, 2]], 0.0, atol=2e-3)
        steps = np.diff(chunk.hand_position[:, 1])
        assert (steps > -1e-3).all()
        assert chunk.hand_position[:, 1].max() > 0.005
    first = report.records[0]
    if schedule != "ensembling":
        index = np.arange(len(first.poses)) + first.first_index
        assert first.hand_position is not None
        np.testing.assert_allclose(first.hand_position[:7, 1], 0.01 * index[:7], atol=2e-3)
