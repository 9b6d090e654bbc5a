"""Message and type round trips."""

import math
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Quaternion, Twist, Vector3
from geometry_msgs.msg import Pose as PoseMsg
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from takt_core import conversions as c
from takt_core.chunk import ActionChunk
from takt_core.errors import TaktError
from takt_core.geometry import Pose
from takt_core.trajectory import HandTrajectory, Trajectory, Waypoint
from takt_msgs.msg import ActionChunk as ActionChunkMsg
from takt_msgs.msg import ArmState, Goal, HandState, PoseTrajectory, PoseWaypoint, TactileField

POSE = Pose(np.array([0.1, -0.2, 0.3]), np.array([0.1, 0.2, 0.3, 0.9]))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 4_000_000_000 * 10**9 // 2))
def test_stamps_round_trip(time_ns: int) -> None:
    assert c.stamp_from_ros(c.stamp_to_ros(time_ns)) == time_ns


def test_pose_twist_wrench_round_trip() -> None:
    np.testing.assert_array_equal(c.pose_from_ros(c.pose_to_ros(POSE)).array7(), POSE.array7())
    six = np.arange(6.0)
    np.testing.assert_array_equal(c.twist_from_ros(c.twist_to_ros(six)), six)
    np.testing.assert_array_equal(c.wrench_from_ros(c.wrench_to_ros(six)), six)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((4, 6, 3), np.uint8), ((4, 6), np.uint8), ((4, 6), np.float32)]
)
def test_images_round_trip(shape: tuple, dtype: type) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype(dtype)
    message = c.image_to_ros(pixels, 5, "camera")
    np.testing.assert_array_equal(c.image_from_ros(message), pixels)
    assert c.stamp_from_ros(message.header.stamp) == 5


def test_images_of_other_encodings() -> None:
    bgr = Image(height=1, width=2, step=8, encoding="bgr8", data=bytes([1, 2, 3, 4, 5, 6, 0, 0]))
    np.testing.assert_array_equal(c.image_from_ros(bgr), [[[3, 2, 1], [6, 5, 4]]])
    data = np.array([[1000, 2500]], ">u2").tobytes()
    depth = Image(height=1, width=2, step=4, encoding="16UC1", is_bigendian=1, data=data)
    np.testing.assert_allclose(c.image_from_ros(depth), [[1.0, 2.5]])


def test_images_that_lie_are_refused() -> None:
    with pytest.raises(TaktError, match="allowed are 8"):
        c.image_from_ros(Image(height=2, width=1, step=4, encoding="rgb8", data=b"abc"))
    with pytest.raises(TaktError, match="yuv422"):
        c.image_from_ros(Image(encoding="yuv422"))


def test_trajectory_round_trip() -> None:
    waypoints = (
        Waypoint(10**9, POSE),
        Waypoint(2 * 10**9, POSE, np.arange(6.0), np.full(6, 300.0), 0.04, np.arange(7.0)),
    )
    sent = Trajectory(waypoints, "human", 7, 10**9 + 1)
    got = c.trajectory_from_ros(c.trajectory_to_ros(sent, 1, "base"))
    assert (got.source, got.chunk_id, got.start_ns) == ("human", 7, 10**9 + 1)
    for before, after in zip(sent.waypoints, got.waypoints, strict=True):
        assert before.time_ns == after.time_ns
        assert before.gripper_width_m == after.gripper_width_m
        for name in ("twist", "stiffness", "joint_position"):
            left, right = getattr(before, name), getattr(after, name)
            assert (left is None) == (right is None)
            if left is not None:
                np.testing.assert_array_equal(left, right)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(10**9, 10**18), max_size=4, unique=True),
    st.integers(0, 10**9),
    st.integers(1, 3),
    st.booleans(),
)
def test_hand_trajectory_round_trip(
    times_ns: list[int], stamp_ns: int, joints: int, with_velocities: bool
) -> None:
    names = ("thumb", "index", "ring")[:joints]
    positions = np.random.default_rng(joints).normal(size=(len(times_ns), joints))
    velocities = 2.0 * positions if with_velocities and times_ns else None
    sent = HandTrajectory(names, tuple(sorted(times_ns)), positions, velocities)
    message = c.hand_trajectory_to_ros(sent, stamp_ns)
    assert c.stamp_from_ros(message.header.stamp) == stamp_ns
    got = c.hand_trajectory_from_ros(message)
    assert (got.joint_names, got.times_ns) == (sent.joint_names, sent.times_ns)
    np.testing.assert_array_equal(got.positions, sent.positions)
    np.testing.assert_array_equal(got.velocities, sent.velocities)


def test_hand_trajectories_that_are_none_are_refused() -> None:
    for positions, words in (([0.1], "positions has 1 numbers"), ([0.1, math.nan], "finite")):
        point = JointTrajectoryPoint(positions=positions)
        with pytest.raises(TaktError, match=words):
            c.hand_trajectory_from_ros(JointTrajectory(joint_names=["a", "b"], points=[point]))
    points = [JointTrajectoryPoint(positions=[0.1], velocities=v) for v in ([0.1], [])]
    with pytest.raises(TaktError, match="velocities has 0 numbers"):
        c.hand_trajectory_from_ros(JointTrajectory(joint_names=["a"], points=points))


def test_chunk_round_trip() -> None:
    sent = ActionChunk(
        id=3, epoch=2, policy="peg", policy_hash="ab", goal="insert", start_ns=11 * 10**9,
        step_ns=10**8, poses=(POSE, Pose.identity()), gripper_width_m=np.array([0.01, 0.02]),
        stiffness=None, first_index=1, observed_newest_ns=9, observed_oldest_ns=8, reference_ns=9,
        reference_pose=POSE, inference_start_ns=10, inference_end_ns=20, inference_wall_ns=11,
        published_ns=30, network_calls=12, raw=np.arange(32, dtype=np.float32).reshape(16, 2),
        scores=np.array([0.5], np.float32), uncertainty=0.25, revision=4,
        joint_position=np.arange(14.0).reshape(2, 7), residual=np.arange(12.0).reshape(2, 6),
        rounds=5, previous_id=2, takeover_ns=10**9, reflex_ns=2 * 10**9 + 1,
        hand_joint_names=("a", "b", "c"), hand_position=np.arange(6.0).reshape(2, 3),
    )  # fmt: skip
    got = c.chunk_from_ros(c.chunk_to_ros(sent, "base"))
    for name in ActionChunk.__dataclass_fields__:
        left, right = getattr(sent, name), getattr(got, name)
        if name in ("poses", "reference_pose"):
            for a, b in zip(np.atleast_1d(left), np.atleast_1d(right), strict=True):
                np.testing.assert_allclose(a.array7(), b.array7())
        elif isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right)
        else:
            assert left == right, name


def test_samples_of_each_kind() -> None:
    arm = ArmState(joint_position=[1.0] * 7, tcp_pose=c.pose_to_ros(POSE), gripper_width=0.05)
    sample = c.sample_from_ros("arm/state", arm)
    np.testing.assert_array_equal(sample.features["tcp_pose"], POSE.array7())
    assert sample.features["gripper_width"].tolist() == [0.05]
    arm = ArmState(wrench_estimate=c.wrench_to_ros(range(6)), stiffness=[9.0] * 3 + [4.0] * 3)
    arm.target_joint_position = [0.5] * 7
    features = c.sample_from_ros("arm/state", arm).features
    assert features["wrench_estimate"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert features["stiffness"].tolist() == [9.0] * 3 + [4.0] * 3
    assert features["target_joint_position"].tolist() == [0.5] * 7
    hand = HandState(joint_names=["a"], current=[0.25], target_position=[0.75])
    features = c.sample_from_ros("hand/state", hand).features
    assert features["current"].tolist() == [0.25]
    assert features["target_joint_position"].tolist() == [0.75]
    field = TactileField(rows=2, columns=3, displacement=[float(i) for i in range(18)])
    displacement = c.sample_from_ros("skin/field", field).features["displacement"]
    assert displacement.shape == (2, 3, 3)
    assert displacement[1, 0].tolist() == [9.0, 10.0, 11.0]
    joints = c.sample_from_ros("joint_states", JointState(name=["b", "a"], position=[1.0, 2.0]))
    assert joints.features["joint_position"].tolist() == [1.0, 2.0]
    assert joints.features["joint_names"].tolist() == ["b", "a"]


def test_a_goal_has_the_one_feature_that_its_kind_names() -> None:
    whole = {"text": "löt", "pose": c.pose_to_ros(POSE), "point": Point(x=1.0, y=2.0, z=3.0)}
    whole["image"] = c.image_to_ros(np.full((2, 3, 3), 7, np.uint8), 0, "camera")
    wanted = {
        Goal.NONE: {},
        Goal.TEXT: {"text": np.frombuffer("löt".encode(), np.uint8)},
        Goal.POSE: {"pose": POSE.array7()},
        Goal.POINT: {"point": np.array([1.0, 2.0, 3.0])},
        Goal.IMAGE: {"image": np.full((2, 3, 3), 7, np.uint8)},
    }
    for kind, features in wanted.items():
        sample = c.sample_from_ros("goal", Goal(kind=kind, **whole))
        assert set(sample.features) == set(features)
        for name, value in features.items():
            np.testing.assert_allclose(sample.features[name], value)
    with pytest.raises(TaktError, match=r"kind 9"):
        c.sample_from_ros("goal", Goal(kind=9))


def test_a_message_no_policy_can_read_is_refused() -> None:
    with pytest.raises(TaktError, match=r"'chatter' carries String; allowed are ArmState"):
        c.sample_from_ros("chatter", String())


def waypoint(**changes: Any) -> PoseWaypoint:
    return PoseWaypoint(pose=c.pose_to_ros(POSE), gripper_width=float("nan"), **changes)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (PoseWaypoint(pose=PoseMsg(orientation=Quaternion(w=0.0))), "not a pose"),
        (PoseWaypoint(pose=PoseMsg(position=Point(x=math.nan))), "not a pose"),
        (waypoint(has_twist=True, twist=Twist(linear=Vector3(x=math.nan))), "twist is"),
        (waypoint(has_stiffness=True, stiffness=[math.nan] * 6), "stiffness is"),
        (waypoint(has_stiffness=True, stiffness=[-1.0] * 6), "stiffness is"),
        (PoseWaypoint(pose=c.pose_to_ros(POSE), gripper_width=math.inf), "gripper_width"),
        (waypoint(joint_position=[0.1, math.nan]), "joint_position is"),
    ],
)
def test_waypoints_that_are_none_are_refused(broken: PoseWaypoint, words: str) -> None:
    with pytest.raises(TaktError, match=words):
        c.trajectory_from_ros(PoseTrajectory(waypoints=[broken]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step": Duration()}, "step"),
        ({"step": Duration(sec=-1)}, "step"),
        ({"start": Time(sec=2**31 - 1), "step": Duration(sec=1)}, "32 bits"),
        ({"gripper_width": [0.1]}, "gripper_width"),
        ({"gripper_width": [0.1, math.inf]}, "gripper_width"),
        ({"has_stiffness": True, "stiffness": [math.nan] * 6}, "stiffness"),
        ({"joint_position": [0.1] * 3}, "joint_position"),
        ({"joint_position": [0.1, math.nan]}, "joint_position"),
        ({"hand_position": [0.1] * 2}, "hand_position"),
        ({"hand_joint_names": ["a"], "hand_position": [0.1] * 3}, "hand_position"),
        ({"hand_joint_names": ["a"], "hand_position": [0.1, math.inf]}, "hand_position"),
        ({"hand_joint_names": ["a", "a"], "hand_position": [0.1] * 4}, "different joints"),
        ({"residual": [Twist()]}, "residual"),
        ({"residual": [Twist(), Twist(linear=Vector3(x=math.inf))]}, "residual"),
        ({"raw_horizon": 2, "raw_dimension": 3}, "raw_actions"),
        ({"reference_pose": PoseMsg(orientation=Quaternion(w=0.0))}, "not a pose"),
        ({"poses": [PoseMsg(position=Point(y=math.inf))] * 2}, "not a pose"),
    ],
)
def test_chunks_that_are_none_are_refused(changes: dict[str, Any], words: str) -> None:
    whole = {"poses": [c.pose_to_ros(POSE)] * 2, "step": Duration(nanosec=10**8)}
    whole["reference_pose"] = c.pose_to_ros(POSE)
    c.chunk_from_ros(ActionChunkMsg(**whole))
    with pytest.raises(TaktError, match=words):
        c.chunk_from_ros(ActionChunkMsg(**whole | changes))


def test_a_tactile_field_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(TaktError, match=r"displacement has 1 numbers; allowed are 2 x 2 x 3"):
        c.sample_from_ros("skin/field", TactileField(rows=2, columns=2, displacement=[1.0]))
