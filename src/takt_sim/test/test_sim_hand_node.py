"""The simulator node with a hand: its topics, its commander, and the arm beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("takt_msgs")

import numpy as np
from sim_probe import STEP_NS, Probe, simulating
from trajectory_msgs.msg import JointTrajectory

from takt_core.conversions import hand_trajectory_to_ros, sample_from_ros
from takt_core.nodes.qos import COMMAND
from takt_core.trajectory import HandTrajectory
from takt_description import HAND_JOINTS, robot_description
from takt_msgs.msg import ArmState, HandState

pytestmark = pytest.mark.ros
KNUCKLE = HAND_JOINTS.index("index_knuckle")


@pytest.fixture(scope="module")
def probe(reserve_ros_domain: Callable[[], AbstractContextManager[int]]) -> Iterator[Probe]:
    with reserve_ros_domain() as domain, simulating(domain, "task:=grasp_cylinder") as (_, probe):
        probe.reset(3)
        probe.wait(lambda: probe.hand is not None and probe.hand_joints is not None, "the hand")
        yield probe


def test_publishes_the_hand_beside_the_arm(probe: Probe) -> None:
    assert tuple(probe.hand.joint_names) == HAND_JOINTS
    assert tuple(probe.hand_joints.name) == HAND_JOINTS
    sample = sample_from_ros("hand/state", probe.hand)
    assert sample.features["joint_position"].shape == (16,)
    assert probe.hand.control == HandState.CONTROL_HOLD
    assert np.isnan(probe.arm.gripper_width)
    probe.wait(lambda: "fingertip/field" in probe.newest, "the field of the fingertip")
    assert probe.newest["fingertip/field"].header.frame_id == "index_fingertip"


def test_tells_which_robot_it_is(probe: Probe) -> None:
    probe.wait(lambda: "robot_description" in probe.newest, "the URDF")
    assert probe.newest["robot_description"].data == robot_description(hand=True)


def test_follows_and_stops_and_refuses(probe: Probe) -> None:
    publisher = probe.node.create_publisher(JointTrajectory, "hand/trajectory", COMMAND)
    probe.wait(lambda: publisher.get_subscription_count() == 1, "the simulator's subscription")
    start = probe.hand.joint_position[KNUCKLE]
    times = tuple(probe.now_ns + i * STEP_NS for i in (3, 5, 7))
    way = start + np.array([[0.1], [0.2], [0.3]])
    moved = HandTrajectory(("index_knuckle",), times, way, np.array([[1.0], [1.0], [0.0]]))
    publisher.publish(hand_trajectory_to_ros(moved, probe.now_ns))
    probe.wait(lambda: probe.hand.control == HandState.CONTROL_FOLLOW, "the hand to follow")
    probe.wait(lambda: abs(probe.hand.joint_position[KNUCKLE] - start - 0.3) < 0.02, "the end")
    assert not probe.hand.starved
    late = HandTrajectory(("index_knuckle",), (times[0],), way[:1])
    publisher.publish(hand_trajectory_to_ros(late, times[0]))
    probe.wait(lambda: "in the past" in probe.hand.last_rejection, "the refusal")
    unknown = HandTrajectory(("toe",), (probe.now_ns + STEP_NS,), way[:1])
    publisher.publish(hand_trajectory_to_ros(unknown, probe.now_ns))
    probe.wait(lambda: "toe" in probe.hand.last_rejection, "the refusal")
    probe.node.destroy_publisher(publisher)


def test_two_commanders_make_the_hand_hold_but_not_the_arm(probe: Probe) -> None:
    pair = [
        probe.node.create_publisher(JointTrajectory, "hand/trajectory", COMMAND) for _ in range(2)
    ]
    probe.wait(
        lambda: any("2 publishers on hand/" in c for c in probe.complaints), "the diagnostic"
    )
    probe.pass_time(5 * STEP_NS)
    before = probe.hand.joint_position[KNUCKLE]

    def send() -> None:
        far = HandTrajectory(
            ("index_knuckle",), (probe.now_ns + 5 * STEP_NS,), np.array([[before - 0.4]])
        )
        pair[0].publish(hand_trajectory_to_ros(far, probe.now_ns))

    send()
    probe.wait(lambda: "the hand holds" in probe.hand.last_rejection, "the refusal")
    probe.pass_time(8 * STEP_NS)
    assert abs(probe.hand.joint_position[KNUCKLE] - before) < 0.02
    assert probe.arm.control == ArmState.CONTROL_CARTESIAN
    probe.node.destroy_publisher(pair.pop())

    def moved() -> bool:
        send()
        return bool(probe.hand.joint_position[KNUCKLE] < before - 0.3)

    probe.wait(moved, "one commander")
    probe.node.destroy_publisher(pair.pop())
