"""Messages of planned motions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("takt_msgs.msg", exc_type=ImportError)

from motion_arm import HOME, above

from takt_core.conversions import pose_to_ros, stamp_to_ros
from takt_core.errors import TaktError
from takt_description import ARM_JOINTS
from takt_motion import conversions as c
from takt_msgs.action import MoveTo
from takt_msgs.msg import ArmState, ControlMode, PolicyStatus

POSE = above(0.4, 0.1, 0.3)


def arm_state(**changes: Any) -> ArmState:
    values: dict[str, Any] = {
        "joint_names": list(ARM_JOINTS),
        "joint_position": HOME.tolist(),
        "joint_velocity": [0.1] * 7,
        "target_pose": pose_to_ros(POSE),
        "tcp_pose": pose_to_ros(POSE),
        "fault": "SINGULAR",
    }
    message = ArmState(**{**values, **changes})
    message.header.stamp = stamp_to_ros(5)
    return message


def test_joints_go_on_from_the_follower_only_while_it_follows_joints() -> None:
    target = (HOME + 0.1).tolist()
    view = c.arm_view_from_ros(arm_state(target_joint_position=target), ARM_JOINTS)
    np.testing.assert_array_equal(view.from_joints, HOME)
    assert (view.stamp_ns, view.fault) == (5, "SINGULAR")
    followed = arm_state(target_joint_position=target, control=ArmState.CONTROL_JOINT)
    view = c.arm_view_from_ros(followed, ARM_JOINTS)
    np.testing.assert_array_equal(view.from_joints, HOME + 0.1)
    np.testing.assert_array_equal(view.joints, HOME)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"joint_names": ["a"]}, "the motion node plans for"),
        ({"joint_position": [0.0]}, "joint_position has 1 numbers"),
        ({"joint_velocity": [np.nan] * 7}, "joint_velocity is"),
        ({"control": ArmState.CONTROL_JOINT}, "target_joint_position has 0 numbers"),
    ],
)
def test_states_that_are_none_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(TaktError, match=words):
        c.arm_view_from_ros(arm_state(**changes), ARM_JOINTS)


def request(**fields: Any) -> Any:
    return c.request_from_ros(MoveTo.Goal(**fields), ARM_JOINTS, "base", 0.4)


def test_goals_of_each_kind() -> None:
    assert (request(place="home").place, request(place="home").speed_scale) == ("home", 0.4)
    some = request(use_joints=True, joint_names=["joint2"], joint_position=[0.5], speed_scale=1.0)
    assert (some.joints, some.speed_scale) == ({"joint2": 0.5}, 1.0)
    whole = request(use_joints=True, joint_position=HOME.tolist())
    assert whole.joints == dict(zip(ARM_JOINTS, HOME.tolist(), strict=True))
    goal = MoveTo.Goal()
    goal.pose.pose = pose_to_ros(POSE)
    for frame in ("", "base"):
        goal.pose.header.frame_id = frame
        read = c.request_from_ros(goal, ARM_JOINTS, "base", 0.4)
        assert read.pose is not None
        np.testing.assert_allclose(read.pose.array7(), POSE.array7())
    goal.pose.header.frame_id = "camera"
    with pytest.raises(TaktError, match="'camera'"):
        c.request_from_ros(goal, ARM_JOINTS, "base", 0.4)


@pytest.mark.parametrize(
    "fields",
    [
        {"place": "home", "speed_scale": 1.5},
        {"place": "home", "speed_scale": -0.1},
        {"place": "home", "speed_scale": float("nan")},
        {"use_joints": True, "joint_position": [0.1]},
        {"use_joints": True, "joint_names": ["joint1"], "joint_position": [float("nan")]},
    ],
)
def test_goals_that_are_none_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(TaktError):
        request(**fields)


def test_an_empty_pose_is_the_identity_and_not_by_chance_a_goal() -> None:
    """A goal that says nothing asks for the tool at the base: planning refuses it as any other
    pose that is out of reach."""
    assert request().pose is not None


def test_modes_and_heartbeats() -> None:
    view = c.mode_view_from_ros(ControlMode(mode=6, epoch=3, reason="because"))
    assert (view.mode, view.epoch, view.reason) == (6, 3, "because")
    status = c.status_to_ros(True, 4, "moving", 7)
    assert (status.state, status.policy, status.run) == (PolicyStatus.RUNNING, "motion", 4)
    assert c.status_to_ros(False, 4, "", 7).state == PolicyStatus.READY
