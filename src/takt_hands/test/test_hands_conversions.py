"""The messages of a hand and what they stand for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("takt_msgs.msg")

from hand_rig import Rig

from takt_hands import conversions as c
from takt_hands.state import Control
from takt_msgs.msg import HandState


def test_hand_state_round_trip() -> None:
    rig = Rig().enabled()
    rig.bus.dynamics.temperature[0] = 61.0
    rig.driver.follow(("side",), [rig.port.now_ns() + 10**8], [[0.3]])
    rig.driver.follow(("toe",), [1], [[0.3]])
    snapshot = rig.run(0.5)[-1]
    message = c.hand_state_to_ros(snapshot, rig.hand.joint_names)
    assert list(message.joint_names) == ["side", "knuckle", "bend", "tip"]
    assert (message.starvations, message.rejected_trajectories) == (1, 1)
    back = c.hand_state_from_ros(message)
    for field in dataclasses.fields(snapshot):
        if field.name not in ("torque", "voltage", "measured"):
            before, after = getattr(snapshot, field.name), getattr(back, field.name)
            np.testing.assert_array_equal(before, after)


def test_the_controls_are_those_of_the_message() -> None:
    for control in Control:
        assert getattr(HandState, f"CONTROL_{control.name}") == control


def test_joint_states_carry_torques() -> None:
    rig = Rig().enabled()
    snapshot = dataclasses.replace(rig.run(0.1)[-1], torque=np.array([0.1, 0.2, 0.3, 0.4]))
    message = c.joint_state_to_ros(snapshot, rig.hand.joint_names)
    assert list(message.effort) == [0.1, 0.2, 0.3, 0.4]
    assert list(message.position) == snapshot.position.tolist()
    assert message.header.stamp.sec * 10**9 + message.header.stamp.nanosec == snapshot.stamp_ns


def test_current_limits_round_trip() -> None:
    names, limits = ("tip", "side"), np.array([0.1, 0.2])
    back = c.current_limit_from_ros(c.current_limit_to_ros(names, limits, 5))
    assert back[0] == names
    np.testing.assert_array_equal(back[1], limits)
