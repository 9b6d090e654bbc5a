"""Actions: decoding is the inverse of encoding, and refuses what is no action."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.geometry import Pose, matrix_from_quaternion, pose_error
from takt_impedance.kinematics import ArmModel
from takt_policy.actions import ActionCodec, Actions, fit_action_normalizer
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ActionGroup, Horizons, PolicySpec
from takt_policy.errors import PolicyError
from takt_policy.kinematics import arm_of
from takt_policy.testing import straight_chunk, tiny_spec

HORIZON = 16
JOINTS = ("shoulder", "elbow")
URDF = """<robot name="two"><link name="base"/><link name="upper"/><link name="lower"/>
<link name="tcp"/>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/>
  <axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="elbow" type="revolute"><parent link="upper"/><child link="lower"/>
  <origin xyz="0.5 0 0"/><axis xyz="0 0 1"/>
  <limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="tool" type="fixed"><parent link="lower"/><child link="tcp"/>
  <origin xyz="0.25 0 0"/></joint></robot>"""
INERTIA = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/>'
URDF = URDF.replace('<link name="upper"/>', f'<link name="upper">{INERTIA}</inertial></link>')
URDF = URDF.replace('<link name="lower"/>', f'<link name="lower">{INERTIA}</inertial></link>')

WIDTH = ActionGroup("gripper", "width")
OPEN = ActionGroup("gripper", "open", threshold=0.25, open_width_m=0.07, closed_width_m=0.01)
POSE = ActionGroup("arm", "pose", "observation")

references = st.sampled_from(["absolute", "observation", "delta"])
rotations = st.sampled_from(["6d", "6d_rows", "quaternion", "rotation_vector"])
all_axes = st.sampled_from(["tool", "base"])
seeds = st.integers(0, 2**31)
# Index of the action for the reference time: none, one or several lie before it.
firsts = st.sampled_from([0, 1, 3])


def _spec(*groups: ActionGroup, first: int = 1) -> PolicySpec:
    return tiny_spec(actions=groups, horizons=Horizons(first + 1, HORIZON, 8, 0.1))


def _random_normalizer(spec: PolicySpec, rng: np.random.Generator) -> Normalizer:
    size = spec.action_size
    offset, scale = rng.uniform(-0.2, 0.2, size), rng.uniform(0.2, 1.5, size)
    return Normalizer("minmax", offset.astype(np.float32), scale.astype(np.float32))


def _random_poses(rng: np.random.Generator, count: int) -> np.ndarray:
    quaternions = rng.standard_normal((count, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return np.concatenate([rng.uniform(-0.6, 0.6, (count, 3)), quaternions], axis=1)


def _assert_poses(actions: Actions, wanted: np.ndarray, start: int = 0) -> None:
    found = actions.poses
    np.testing.assert_allclose(found[start:, :3], wanted[start:, :3], atol=5e-5)
    turns = (matrix_from_quaternion(poses[start:, 3:]) for poses in (found, wanted))
    np.testing.assert_allclose(*turns, atol=5e-5)


@given(seed=seeds, reference=references, rotation=rotations, axes=all_axes, first=firsts)
@settings(max_examples=60, deadline=None)
def test_decode_inverts_encode_for_poses(
    seed: int, reference: Any, rotation: Any, axes: Any, first: int
) -> None:
    rng = np.random.default_rng(seed)
    group = ActionGroup("arm", "pose", reference, rotation, axes)
    spec = _spec(group, first=first)
    codec = ActionCodec(spec, _random_normalizer(spec, rng))
    poses, here = _random_poses(rng, HORIZON), Pose.from_array7(_random_poses(rng, 1)[0])
    vectors = codec.encode(poses, None, here)
    assert vectors.shape == (HORIZON, spec.action_size)
    assert vectors.dtype == np.float32
    actions = codec.decode(vectors, here)
    # What lies before the reference time counts back from where the tool is.
    _assert_poses(actions, poses, first if reference == "delta" else 0)
    again = codec.encode(actions.poses, None, here)
    if rotation in ("6d", "6d_rows"):
        np.testing.assert_allclose(again[first:], vectors[first:], atol=2e-4)
    assert actions.gripper_width_m is None
    assert actions.joint_position is None


@given(seed=seeds, reference=references, axes=all_axes, first=firsts)
@settings(max_examples=30, deadline=None)
def test_positions_keep_the_orientation(seed: int, reference: Any, axes: Any, first: int) -> None:
    rng = np.random.default_rng(seed)
    spec = _spec(ActionGroup("arm", "position", reference, axes=axes), first=first)
    codec = ActionCodec(spec, _random_normalizer(spec, rng))
    poses, here = _random_poses(rng, HORIZON), Pose.from_array7(_random_poses(rng, 1)[0])
    actions = codec.decode(codec.encode(poses, None, here), here)
    wanted = poses.copy()
    wanted[:, 3:] = here.quaternion_xyzw
    _assert_poses(actions, wanted, first if reference == "delta" else 0)


@given(seed=seeds, reference=references, first=firsts)
@settings(max_examples=30, deadline=None)
def test_decode_inverts_encode_for_widths(seed: int, reference: Any, first: int) -> None:
    rng = np.random.default_rng(seed)
    spec = _spec(POSE, replace(WIDTH, reference=reference), first=first)
    codec = ActionCodec(spec, _random_normalizer(spec, rng))
    widths, poses = rng.uniform(0.0, 0.08, HORIZON), _random_poses(rng, HORIZON)
    vectors = codec.encode(poses, widths, Pose.identity(), reference_width_m=0.03)
    found = codec.decode(vectors, Pose.identity(), reference_width_m=0.03).gripper_width_m
    assert found is not None
    start = first if reference == "delta" else 0
    np.testing.assert_allclose(found[start:], widths[start:], atol=1e-5)


@given(seed=seeds, reference=references, first=firsts)
@settings(max_examples=30, deadline=None)
def test_decode_inverts_encode_for_joints(seed: int, reference: Any, first: int) -> None:
    rng = np.random.default_rng(seed)
    spec = _spec(ActionGroup("arm", "joints", reference, names=JOINTS), first=first)
    arm = arm_of(spec, URDF, "tcp")
    assert arm is not None
    codec = ActionCodec(spec, _random_normalizer(spec, rng), arm)
    joints, now = rng.uniform(-2, 2, (HORIZON, 2)), rng.uniform(-2, 2, 2)
    poses = np.tile([0, 0, 0, 0, 0, 0, 1.0], (HORIZON, 1))
    here = Pose.identity()
    vectors = codec.encode(poses, None, here, joint_position=joints, reference_joints=now)
    actions = codec.decode(vectors, here, reference_joints=now)
    assert actions.joint_position is not None
    start = first if reference == "delta" else 0
    np.testing.assert_allclose(actions.joint_position[start:], joints[start:], atol=1e-5)
    # The poses are those of the two links, by hand.
    upper, both = joints[:, 0], joints.sum(axis=1)
    x = 0.5 * np.cos(upper) + 0.25 * np.cos(both)
    y = 0.5 * np.sin(upper) + 0.25 * np.sin(both)
    np.testing.assert_allclose(actions.poses[start:, 0], x[start:], atol=1e-5)
    np.testing.assert_allclose(actions.poses[start:, 1], y[start:], atol=1e-5)


@given(seed=seeds, flips=st.lists(st.booleans(), min_size=HORIZON, max_size=HORIZON))
@settings(max_examples=20, deadline=None)
def test_the_sign_and_the_length_of_a_quaternion_mean_nothing(seed: int, flips: list[bool]) -> None:
    rng = np.random.default_rng(seed)
    codec = ActionCodec(_spec(ActionGroup("arm", "pose", "observation", "quaternion")))
    poses, here = _random_poses(rng, HORIZON), Pose.from_array7(_random_poses(rng, 1)[0])
    vectors = codec.encode(poses, None, here)
    vectors[flips, 3:] *= -rng.uniform(0.5, 2.0)
    _assert_poses(codec.decode(vectors, here), poses)


@given(seed=seeds, rotation=st.sampled_from(["quaternion", "rotation_vector"]))
@settings(max_examples=30, deadline=None)
def test_a_chunk_never_jumps_between_two_names_of_a_rotation(seed: int, rotation: Any) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.standard_normal(3)
    axis /= np.linalg.norm(axis)
    angles = rng.uniform(-3, 3) + np.linspace(0, 5, HORIZON)
    poses = np.zeros((HORIZON, 7))
    poses[:, 3:6] = np.sin(angles / 2)[:, None] * axis
    poses[:, 6] = np.cos(angles / 2)
    codec = ActionCodec(_spec(ActionGroup("arm", "pose", "absolute", rotation)))
    turns = codec.encode(poses, None, Pose.identity())[:, 3:]
    steps = np.linalg.norm(np.diff(turns, axis=0), axis=1)
    # A third of a radian each: half of that in a quaternion.
    assert steps.max() < 0.35


def test_delta_actions_add_up_from_the_observation() -> None:
    for axes, wanted in (("tool", [0.4, 0.0, 0.3 - 0.03]), ("base", [0.4, 0.0, 0.3 + 0.03])):
        group = ActionGroup("arm", "pose", "delta", axes=axes)  # type: ignore[arg-type]
        spec = _spec(group)
        upside_down = Pose(np.array([0.4, 0.0, 0.3]), np.array([1.0, 0.0, 0.0, 0.0]))
        vectors = straight_chunk(spec, (0.0, 0.0, 0.001))
        actions = ActionCodec(spec).decode(vectors, upside_down)
        # Three actions of 0.001 / TINY_SCALE each: the codec has no normaliser here.
        np.testing.assert_allclose(actions.poses[1 + 2, :3], wanted, atol=1e-6)
        np.testing.assert_allclose(actions.poses[0, :3], upside_down.position_m, atol=1e-6)


def test_relative_actions_move_with_the_tool_and_absolute_ones_do_not() -> None:
    rng = np.random.default_rng(1)
    here, there = (Pose.from_array7(one) for one in _random_poses(rng, 2))
    for reference, moves in (("observation", True), ("delta", True), ("absolute", False)):
        codec = ActionCodec(_spec(ActionGroup("arm", "pose", reference)))  # type: ignore[arg-type]
        vectors = codec.encode(_random_poses(rng, 4), None, here)
        first, second = codec.decode(vectors, here), codec.decode(vectors, there)
        if moves:
            wanted = there @ here.inverse() @ first.pose(2)
            np.testing.assert_allclose(pose_error(second.pose(2), wanted), 0.0, atol=1e-5)
        else:
            np.testing.assert_allclose(first.poses, second.poses, atol=1e-6)


def test_identity_action_means_stay() -> None:
    for rotation in ("6d", "6d_rows", "quaternion", "rotation_vector"):
        spec = _spec(replace(POSE, rotation=rotation))
        here = Pose.from_array7(_random_poses(np.random.default_rng(2), 1)[0])
        actions = ActionCodec(spec).decode(straight_chunk(spec, (0, 0, 0)), here)
        _assert_poses(actions, np.tile(here.array7(), (HORIZON, 1)))


def test_rows_and_columns_are_those_of_the_matrix() -> None:
    # A quarter turn about z: x to y, y to -x.
    poses = np.tile([0, 0, 0, 0, 0, np.sqrt(0.5), np.sqrt(0.5)], (HORIZON, 1))
    for rotation, wanted in (("6d", [0, 1, 0, -1, 0, 0]), ("6d_rows", [0, -1, 0, 1, 0, 0])):
        spec = _spec(ActionGroup("arm", "pose", rotation=rotation))  # type: ignore[arg-type]
        found = ActionCodec(spec).encode(poses, None, Pose.identity())
        np.testing.assert_allclose(found[0, 3:], wanted, atol=1e-6)


def test_skewed_rotations_become_rotations() -> None:
    spec = _spec(ActionGroup("arm", "pose"))
    vectors = straight_chunk(spec, (0, 0, 0))
    vectors[:, 3:] = [2.0, 0.0, 0.0, 0.5, 0.1, 0.0]
    rotation = ActionCodec(spec).decode(vectors, Pose.identity()).pose(0).rotation()
    np.testing.assert_allclose(rotation, np.eye(3), atol=1e-6)


def test_gripper_never_closes_beyond_zero() -> None:
    spec = _spec(POSE, WIDTH)
    vectors = straight_chunk(spec, (0, 0, 0))
    vectors[:, 9] = -0.01
    widths = ActionCodec(spec).decode(vectors, Pose.identity()).gripper_width_m
    assert widths is not None
    assert not widths.any()


def test_a_discrete_gripper_is_decided_by_the_normalised_value() -> None:
    spec = _spec(POSE, OPEN)
    normalizer = Normalizer("minmax", np.full(10, 5.0, np.float32), np.full(10, 2.0, np.float32))
    codec = ActionCodec(spec, normalizer)
    vectors = normalizer.normalize(straight_chunk(spec, (0, 0, 0)))
    vectors[:, 9] = np.where(np.arange(HORIZON) < 4, 0.26, 0.24)
    widths = codec.decode(vectors, Pose.identity()).gripper_width_m
    assert widths is not None
    np.testing.assert_array_equal(widths, [0.07] * 4 + [0.01] * 12)
    poses = np.tile([0, 0, 0, 0, 0, 0, 1.0], (HORIZON, 1))
    encoded = codec.encode(poses, widths, Pose.identity())[:, 9]
    np.testing.assert_array_equal(encoded, [1.25] * 4 + [-0.75] * 12)


def test_what_is_always_open_in_training_stays_open() -> None:
    spec = _spec(POSE, OPEN)
    poses = _random_poses(np.random.default_rng(0), HORIZON)
    vectors = ActionCodec(spec).encode(poses, np.full(HORIZON, 0.07), Pose.identity())
    normalizer = fit_action_normalizer(spec, vectors)
    codec = ActionCodec(spec, normalizer)
    widths = codec.decode(normalizer.normalize(vectors), Pose.identity()).gripper_width_m
    assert widths is not None
    assert (widths == 0.07).all()


def test_what_is_no_action_is_refused() -> None:
    codec = ActionCodec(_spec(POSE, WIDTH))
    bad = straight_chunk(_spec(POSE, WIDTH), (0, 0, 0))
    bad[3, 0] = np.inf
    with pytest.raises(PolicyError, match="NaN or infinite"):
        codec.decode(bad, Pose.identity())
    with pytest.raises(PolicyError, match=r"group 'arm'.*parallel or zero"):
        codec.decode(np.zeros((HORIZON, 10)), Pose.identity())
    quaternions = ActionCodec(_spec(replace(POSE, rotation="quaternion")))
    with pytest.raises(PolicyError, match=r"group 'arm'.*quaternion is zero"):
        quaternions.decode(np.zeros((HORIZON, 7)), Pose.identity())


def test_what_is_missing_is_named() -> None:
    poses = np.tile([0, 0, 0, 0, 0, 0, 1.0], (4, 1))
    with pytest.raises(PolicyError, match="group 'gripper' commands the gripper"):
        ActionCodec(_spec(POSE, WIDTH)).encode(poses, None, Pose.identity())
    relative = ActionCodec(_spec(POSE, replace(WIDTH, reference="delta")))
    with pytest.raises(PolicyError, match="'reference_width'"):
        relative.decode(straight_chunk(_spec(POSE, WIDTH), (0, 0, 0)), Pose.identity())
    joints = _spec(ActionGroup("arm", "joints", names=JOINTS))
    with pytest.raises(PolicyError, match="none is known"):
        ActionCodec(joints)
    others = ArmModel(URDF, "tcp", JOINTS[:1])
    with pytest.raises(PolicyError, match="it has shoulder"):
        ActionCodec(joints, arm=others)
    with pytest.raises(PolicyError, match="'robot_description'"):
        arm_of(joints, "", "tcp")
    with pytest.raises(PolicyError, match="'tcp_frame'"):
        arm_of(joints, URDF, "nose")
    assert arm_of(_spec(POSE), "", "") is None
