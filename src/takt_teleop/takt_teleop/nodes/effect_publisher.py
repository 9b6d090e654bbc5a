"""Publishes the effects of the arbiter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from trajectory_msgs.msg import JointTrajectory

from takt_core import checks
from takt_core.conversions import hand_trajectory_to_ros, trajectory_to_ros
from takt_core.nodes.qos import COMMAND, LATCHED, STEPS
from takt_core.trajectory import HandTrajectory, Trajectory
from takt_msgs.msg import ControlMode, Impedance, PoseTrajectory, StepRecord
from takt_teleop import conversions
from takt_teleop.effects import Effect, ModeChange, Notice, SetGuide
from takt_teleop.effects import StepRecord as StepEffect
from takt_teleop.settings import ArbiterParameters

COMMAND_TOPIC = "arm/trajectory"
HAND_TOPIC = "hand/trajectory"
_IMPEDANCE_TOPIC = "arm/impedance"


class EffectPublisher:
    """Owns the publishers of the arbiter.

    Attributes:
        base_frame: what the arm calls its base; controllers refuse trajectories in other frames.
    """

    def __init__(self, node: LifecycleNode, parameters: ArbiterParameters) -> None:
        self._node = node
        self._parameters = parameters
        self._gains: Impedance | None = None
        self.base_frame = ""
        self._trajectory = node.create_publisher(PoseTrajectory, COMMAND_TOPIC, COMMAND)
        self._hand = None
        if parameters.commands_hand:
            self._hand = node.create_publisher(JointTrajectory, HAND_TOPIC, COMMAND)
        self._mode = node.create_publisher(ControlMode, "control/mode", LATCHED)
        self._steps = node.create_publisher(StepRecord, "control/steps", STEPS)
        self._impedance = node.create_publisher(Impedance, _IMPEDANCE_TOPIC, LATCHED)
        self._gains_of_others = node.create_subscription(
            Impedance, _IMPEDANCE_TOPIC, self._on_impedance, LATCHED
        )

    def destroy(self) -> None:
        made = (self._trajectory, self._hand, self._mode, self._steps, self._impedance)
        for publisher in made:
            if publisher is not None:
                self._node.destroy_publisher(publisher)
        self._node.destroy_subscription(self._gains_of_others)

    def publish(
        self, effects: Iterable[Effect], now_ns: int, on_mode: Callable[[ModeChange], Any]
    ) -> None:
        """Publish in the order given; ``on_mode`` is called for each change of mode."""
        for effect in effects:
            if isinstance(effect, Trajectory):
                self._trajectory.publish(trajectory_to_ros(effect, now_ns, self.base_frame))
            elif isinstance(effect, HandTrajectory):
                self._send_hand(effect, now_ns)
            elif isinstance(effect, StepEffect):
                self._steps.publish(conversions.step_to_ros(effect, self.base_frame))
            elif isinstance(effect, ModeChange):
                self._mode.publish(conversions.mode_to_ros(effect))
                on_mode(effect)
            elif isinstance(effect, SetGuide):
                self._set_guide(effect.guide, now_ns)
            elif isinstance(effect, Notice):
                self._node.get_logger().warning(effect.message)

    def _send_hand(self, trajectory: HandTrajectory, now_ns: int) -> None:
        if self._hand is not None:
            self._hand.publish(hand_trajectory_to_ros(trajectory, now_ns))

    def _set_guide(self, guide: bool, now_ns: int) -> None:
        message = conversions.impedance_to_ros(self._parameters, now_ns, guide)
        if not guide and self._gains is not None:
            message = self._gains
        self._impedance.publish(message)

    def _on_impedance(self, message: Impedance) -> None:
        """Remember the gains that somebody chose, to restore them after GUIDE.

        Raises:
            TaktError: gains that no controller takes; they are not remembered.
        """
        if message.guide:
            return
        checks.stiffness(message.stiffness)
        checks.finite("damping_ratio", np.array(message.damping_ratio))
        self._gains = message
