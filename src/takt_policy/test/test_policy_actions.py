"""Actions: decoding is the inverse of encoding, and refuses what is no action."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.geometry import Pose, pose_error
from takt_policy.actions import ActionCodec
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ActionGroup, PolicySpec
from takt_policy.errors import PolicyError
from takt_policy.testing import straight_chunk, tiny_spec

HORIZON = 16


def _spec(reference: str, gripper: bool) -> PolicySpec:
    arm = ActionGroup("arm", "pose", reference)  # type: ignore[arg-type]
    return tiny_spec(actions=(arm, ActionGroup("gripper", "width")) if gripper else (arm,))


def _random_poses(rng: np.random.Generator, count: int) -> np.ndarray:
    quaternions = rng.standard_normal((count, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return np.concatenate([rng.uniform(-0.6, 0.6, (count, 3)), quaternions], axis=1)


@given(
    seed=st.integers(0, 2**31),
    reference=st.sampled_from(["observation", "absolute"]),
    gripper=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_decode_inverts_encode(seed: int, reference: str, gripper: bool) -> None:
    rng = np.random.default_rng(seed)
    spec = _spec(reference, gripper)
    normalizer = Normalizer(
        "minmax",
        rng.uniform(-0.2, 0.2, spec.action_size).astype(np.float32),
        rng.uniform(0.2, 1.5, spec.action_size).astype(np.float32),
    )
    codec = ActionCodec(spec, normalizer)
    poses, widths = _random_poses(rng, HORIZON), rng.uniform(0.0, 0.08, HORIZON)
    base_from_tcp = Pose.from_array7(_random_poses(rng, 1)[0])
    vectors = codec.encode(poses, widths if gripper else None, base_from_tcp)
    assert vectors.shape == (HORIZON, spec.action_size)
    assert vectors.dtype == np.float32
    actions = codec.decode(vectors, base_from_tcp)
    for index in range(HORIZON):
        error = pose_error(actions.pose(index), Pose.from_array7(poses[index]))
        np.testing.assert_allclose(error, 0.0, atol=2e-5)
    if gripper:
        assert actions.gripper_width_m is not None
        np.testing.assert_allclose(actions.gripper_width_m, widths, atol=1e-5)
    else:
        assert actions.gripper_width_m is None


def test_relative_actions_move_with_the_tool_and_absolute_ones_do_not() -> None:
    rng = np.random.default_rng(1)
    here, there = (Pose.from_array7(one) for one in _random_poses(rng, 2))
    for reference, moves in (("observation", True), ("absolute", False)):
        codec = ActionCodec(_spec(reference, False))
        vectors = codec.encode(_random_poses(rng, 4), None, here)
        first, second = codec.decode(vectors, here), codec.decode(vectors, there)
        if moves:
            wanted = there @ here.inverse() @ first.pose(2)
            np.testing.assert_allclose(pose_error(second.pose(2), wanted), 0.0, atol=1e-5)
        else:
            np.testing.assert_allclose(first.poses, second.poses, atol=1e-6)


def test_identity_action_means_stay() -> None:
    spec = _spec("observation", False)
    here = Pose.from_array7(_random_poses(np.random.default_rng(2), 1)[0])
    actions = ActionCodec(spec).decode(straight_chunk(spec, (0, 0, 0)), here)
    for index in range(HORIZON):
        np.testing.assert_allclose(pose_error(actions.pose(index), here), 0.0, atol=1e-6)


def test_skewed_rotations_become_rotations() -> None:
    spec = _spec("absolute", False)
    vectors = straight_chunk(spec, (0, 0, 0))
    vectors[:, 3:] = [2.0, 0.0, 0.0, 0.5, 0.1, 0.0]
    rotation = ActionCodec(spec).decode(vectors, Pose.identity()).pose(0).rotation()
    np.testing.assert_allclose(rotation, np.eye(3), atol=1e-6)


def test_gripper_never_closes_beyond_zero() -> None:
    spec = _spec("absolute", True)
    vectors = straight_chunk(spec, (0, 0, 0))
    vectors[:, 9] = -0.01
    widths = ActionCodec(spec).decode(vectors, Pose.identity()).gripper_width_m
    assert widths is not None
    assert not widths.any()


def test_what_is_no_action_is_refused() -> None:
    codec = ActionCodec(_spec("absolute", True))
    bad = straight_chunk(_spec("absolute", True), (0, 0, 0))
    bad[3, 0] = np.inf
    with pytest.raises(PolicyError, match="NaN or infinite"):
        codec.decode(bad, Pose.identity())
    with pytest.raises(PolicyError, match=r"group 'arm'.*parallel or zero"):
        codec.decode(np.zeros((HORIZON, 10)), Pose.identity())
    with pytest.raises(PolicyError, match="group 'gripper' commands the gripper"):
        codec.encode(np.tile([0, 0, 0, 0, 0, 0, 1.0], (4, 1)), None, Pose.identity())
