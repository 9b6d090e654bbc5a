"""Publishes what is known of the simulated hand, as its driver would."""

from __future__ import annotations

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from takt_core.conversions import header_to_ros
from takt_core.nodes.qos import SENSOR_PUBLISH
from takt_msgs.msg import HandState
from takt_sim.hand import Hand
from takt_sim.simulation import HAND_STREAM


class HandOutputs:
    """Publishers of `hand/state`, and of the hand's joints on `joint_states`."""

    def __init__(self, node: Node) -> None:
        self._state = node.create_publisher(HandState, HAND_STREAM, SENSOR_PUBLISH)
        self._joints = node.create_publisher(JointState, "joint_states", SENSOR_PUBLISH)

    def destroy(self, node: Node) -> None:
        """Take the publishers off the graph."""
        node.destroy_publisher(self._state)
        node.destroy_publisher(self._joints)

    def publish(self, hand: Hand, stamp_ns: int) -> None:
        """The last cycle."""
        reading, follower, count = hand.reading, hand.follower, len(hand.joint_names)
        header = header_to_ros(stamp_ns, "")
        position, velocity, torque = hand.joints()
        self._joints.publish(
            JointState(
                header=header,
                name=list(hand.joint_names),
                position=position,
                velocity=velocity,
                effort=torque,
            )
        )
        moving = follower.moving and not hand.holding
        self._state.publish(
            HandState(
                header=header,
                joint_names=list(hand.joint_names),
                joint_position=position,
                joint_velocity=velocity,
                current=reading.current_a.tolist(),
                current_limit=[hand.parameters.current_limit_a] * count,
                # Nothing in the simulation warms up.
                temperature=np.full(count, np.nan).tolist(),
                target_position=reading.target_rad.tolist(),
                control=HandState.CONTROL_FOLLOW if moving else HandState.CONTROL_HOLD,
                starved=follower.starved,
                reads=hand.reads,
                starvations=follower.starvations,
                rejected_trajectories=follower.rejected,
                last_rejection=follower.last_rejection,
                rate_hz=hand.parameters.rate_hz,
            )
        )
