"""Fast observations: in the frame of the chunk, at their own time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from takt_core.geometry import Pose, matrix_from_rotation_vector, rotation_6d_from_matrix
from takt_core.streams import Sample
from takt_policy.bundle import Bundle, Normalizer
from takt_policy.bundle.schema import ActionGroup, FastSpec, InputSpec, PolicySpec, Preprocess
from takt_policy.errors import PolicyError
from takt_policy.observation import Missing, Observation, ObservationBuilder
from takt_policy.testing import FAST_INPUT, tiny_normalizers, tiny_spec, write_tiny_bundle

START = 5_000_000_000
MS = 1_000_000
THREE = np.ones(3, np.float32)
FORCE = np.array([1.0, 2.0, 3.0, 0.1, 0.2, 0.3])


def _pose(ms: int) -> Pose:
    """Turns about z by 1 rad/s."""
    turn = matrix_from_rotation_vector([0.0, 0.0, ms * 1e-3])
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = [ms * 1e-4, 0.0, 0.3]
    return Pose.from_matrix(matrix)


def _fill(builder: ObservationBuilder, until_ms: int = 300) -> None:
    for ms in range(0, until_ms + 1, 10):
        builder.push(Sample("arm/state", START + ms * MS, {"tcp_pose": _pose(ms).array7()}))
        builder.push(Sample("arm/wrench", START + ms * MS, {"wrench": FORCE}))


def _with_poses(spec: PolicySpec) -> PolicySpec:
    """The fast inputs and the tool's pose in two frames."""
    pose = replace(spec.input("tcp"), history=1)
    inputs = (
        *spec.fast_inputs,
        replace(pose, name="in_chunk", preprocess=Preprocess("pose", "chunk")),
        replace(pose, name="in_itself", preprocess=Preprocess("pose", "reference")),
    )
    return replace(spec, fast=FastSpec(0.02, inputs))


def _features(pose: Pose) -> np.ndarray:
    return np.concatenate([pose.position_m, rotation_6d_from_matrix(pose.rotation())])


def _built(builder: ObservationBuilder, at_ms: int, chunk: Pose) -> Observation:
    found = builder.build(START + at_ms * MS, chunk)
    assert isinstance(found, Observation), found
    return found


def test_chunk_and_reference_are_two_frames() -> None:
    builder = ObservationBuilder(_with_poses(tiny_spec(residual=True)), fast=True)
    _fill(builder)
    observation = _built(builder, 250, _pose(100))
    assert observation.reference_ns == START + 250 * MS
    np.testing.assert_allclose(observation.reference_pose.array7(), _pose(250).array7(), atol=1e-6)
    assert set(observation.arrays) == {FAST_INPUT, "in_chunk", "in_itself"}
    np.testing.assert_allclose(
        observation.arrays["in_chunk"][0, 0],
        _features(_pose(100).inverse() @ _pose(250)),
        atol=1e-6,
    )
    np.testing.assert_allclose(
        observation.arrays["in_itself"][0, 0], _features(Pose.identity()), atol=1e-6
    )
    turn = _pose(100).rotation()
    wanted = np.concatenate([turn.T @ FORCE[:3], turn.T @ FORCE[3:]])
    np.testing.assert_allclose(
        observation.arrays[FAST_INPUT][0], np.tile(wanted, (4, 1)), atol=1e-6
    )


def test_a_fast_observation_needs_neither_cameras_nor_a_goal() -> None:
    builder = ObservationBuilder(tiny_spec(residual=True, goal=("goal_text",)), fast=True)
    assert builder.streams == {
        "arm/wrench": "geometry_msgs/msg/WrenchStamped",
        "arm/state": "takt_msgs/msg/ArmState",
    }
    _fill(builder)
    assert builder.reference(START + 305 * MS) == START + 300 * MS


def test_without_the_tools_pose_it_waits() -> None:
    builder = ObservationBuilder(tiny_spec(decode=True), fast=True)
    builder.push(Sample("arm/wrench", START, {"wrench": FORCE}))
    found = builder.reference(START)
    assert isinstance(found, Missing)
    assert found.stream == "arm/state"


def test_the_frame_of_the_chunk_must_be_given() -> None:
    builder = ObservationBuilder(tiny_spec(residual=True), fast=True)
    _fill(builder)
    with pytest.raises(PolicyError, match="in the frame of the chunk"):
        builder.build(START + 250 * MS)


def test_normalisers_of_the_bundle_are_used(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("fast") / "tiny.takt"
    bundle: Bundle = write_tiny_bundle(path, residual=True)
    builder = ObservationBuilder.fast_of(bundle)
    assert builder is not None
    plain = ObservationBuilder(bundle.spec, fast=True)
    for one in (builder, plain):
        _fill(one)
    scale = tiny_normalizers(bundle.spec)[FAST_INPUT].scale
    np.testing.assert_allclose(
        _built(builder, 200, _pose(0)).arrays[FAST_INPUT],
        _built(plain, 200, _pose(0)).arrays[FAST_INPUT] / scale,
        atol=1e-6,
    )


def test_a_bundle_without_fast_inputs_has_no_fast_builder(tiny_bundle: Bundle) -> None:
    assert ObservationBuilder.fast_of(tiny_bundle) is None


def test_the_present_joints_and_width_come_along_in_their_units() -> None:
    joints, width = (
        InputSpec(
            name, "arm/state", "takt_msgs/msg/ArmState", feature, Preprocess("vector"),
            (size,), "float32", 2, 0.1, "linear", 0.05,
        )
        for name, feature, size in (("q", "joint_position", 3), ("grip", "gripper_width", 1))
    )  # fmt: skip
    tcp = tiny_spec().input("tcp")
    spec = tiny_spec(inputs=(tcp, joints, width), reference_joints="q", reference_width="grip")
    builder = ObservationBuilder(spec, {"q": Normalizer("meanstd", THREE, 5 * THREE)})
    for ms in range(0, 300, 10):
        features = {
            "tcp_pose": _pose(ms).array7(),
            "joint_position": np.array([0.1, 0.2, ms * 1e-3]),
            "gripper_width": np.array([0.05]),
        }
        builder.push(Sample("arm/state", START + ms * MS, features))
    found = builder.build(START + 205 * MS)
    assert isinstance(found, Observation)
    assert found.reference_joints is not None
    np.testing.assert_allclose(found.reference_joints, [0.1, 0.2, 0.205])
    assert found.reference_width_m == pytest.approx(0.05)


def test_joints_are_taken_by_their_names_whatever_the_order_of_the_stream() -> None:
    q = InputSpec(
        "q", "joint_states", "sensor_msgs/msg/JointState", "joint_position", Preprocess("vector"),
        (2,), "float32", 1, 0.1, "linear", 0.05,
    )  # fmt: skip
    arm = ActionGroup("arm", "joints", "observation", names=("shoulder", "elbow"))
    spec = tiny_spec(inputs=(tiny_spec().input("tcp"), q), actions=(arm,), reference_joints="q")

    def builder_with(*names: str, values: tuple[float, ...] = (0.1, 0.2, 0.3)) -> Observation:
        builder = ObservationBuilder(spec)
        for ms in range(0, 300, 10):
            stamp = START + ms * MS
            builder.push(Sample("arm/state", stamp, {"tcp_pose": _pose(ms).array7()}))
            features = {"joint_position": np.array(values), "joint_names": np.array(names, str)}
            builder.push(Sample("joint_states", stamp, features))
        found = builder.build(START + 200 * MS)
        assert isinstance(found, Observation)
        return found

    found = builder_with("finger", "elbow", "shoulder")
    assert found.reference_joints is not None
    np.testing.assert_allclose(found.reference_joints, [0.3, 0.2])
    np.testing.assert_allclose(found.arrays["q"][0, 0], [0.3, 0.2], atol=1e-7)
    with pytest.raises(PolicyError, match="has no joint 'shoulder'; it has a, b, c"):
        builder_with("a", "b", "c")
    with pytest.raises(PolicyError, match="none with a name"):
        builder_with()
    with pytest.raises(PolicyError, match="3 values for 2 joints"):
        builder_with("elbow", "shoulder")
