"""Takes the commands of arm and hand from their topics, one commander at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped, WrenchStamped
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from takt_core.conversions import (
    hand_trajectory_from_ros,
    pose_from_ros,
    trajectory_from_ros,
    wrench_from_ros,
)
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ERROR, OK, WARN, ManagedNode
from takt_core.nodes.qos import COMMAND, LATCHED
from takt_impedance import Frame
from takt_msgs.msg import Impedance, PoseTrajectory
from takt_sim.arm_commands import Gains
from takt_sim.simulation import Simulation

TRAJECTORY = "arm/trajectory"
TARGETS = ("arm/target_pose", "arm/target_joint", "arm/target_wrench")
HAND = "hand/trajectory"
_FRAMES = {Impedance.FRAME_BASE: Frame.BASE, Impedance.FRAME_TCP: Frame.TOOL}

Command = Callable[[Simulation], object]


class CommandTopics:
    """The subscriptions of the robot, while its node is active.

    Args:
        post: has a command carried out in the thread of the simulation.
        base_frame: that Cartesian commands must be in.
        hand: whether there is one.
    """

    def __init__(
        self, node: ManagedNode, post: Callable[[Command], None], base_frame: str, hand: bool
    ) -> None:
        self._node, self._post = node, post
        self._base_frame = base_frame
        self._hand = hand
        self._subscriptions: list[Any] = []
        self._crowded: frozenset[str] = frozenset()

    def open(self) -> None:
        """Take commands from now on."""
        subscribe = self._node.create_subscription
        self._subscriptions = [
            subscribe(PoseTrajectory, TRAJECTORY, self._on_trajectory, COMMAND),
            subscribe(PoseStamped, TARGETS[0], self._on_target_pose, COMMAND),
            subscribe(JointState, TARGETS[1], self._on_target_joint, COMMAND),
            subscribe(WrenchStamped, TARGETS[2], self._on_target_wrench, COMMAND),
            subscribe(Impedance, "arm/impedance", self._on_impedance, LATCHED),
        ]
        if self._hand:
            self._subscriptions.append(
                subscribe(JointTrajectory, HAND, self._on_hand_trajectory, COMMAND)
            )
        self._hold_crowded()

    def close(self) -> None:
        """Take no more commands; arm and hand hold."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._post(lambda simulation: simulation.robot.hold(True, True, simulation.now_ns))

    def watch(self) -> None:
        """One commander per topic: more are a fault, and what they command holds."""
        topics = (TRAJECTORY, *TARGETS, *([HAND] if self._hand else []))
        counts = {topic: self._node.count_publishers(topic) for topic in topics}
        crowded = frozenset(topic for topic, count in counts.items() if count > 1)
        if crowded:
            which = ", ".join(f"{counts[topic]} publishers on {topic}" for topic in sorted(crowded))
            self._node.diagnose(
                ERROR,
                f"{which}, allowed is one: what they command holds until the others are gone "
                "(ros2 topic info -v shows them)",
                "commander",
            )
        elif self._crowded:
            self._node.diagnose(OK, "one commander", "commander")
        if crowded != self._crowded:
            self._crowded = crowded
            if self._subscriptions:
                self._hold_crowded()

    def _hold_crowded(self) -> None:
        arm, hand = bool(self._crowded - {HAND}), HAND in self._crowded
        self._post(lambda simulation: simulation.robot.hold(arm, hand, simulation.now_ns))

    # In the executor's thread

    def _on_trajectory(self, message: PoseTrajectory) -> None:
        try:
            # A stop is obeyed whatever its frame.
            if message.waypoints:
                self._check_frame(message)
            trajectory = trajectory_from_ros(message)
        except TaktError as error:
            reason = str(error)
            self._post(lambda simulation: simulation.robot.commands.refuse(reason))
            self._refused("trajectory", reason)
            return

        def follow(simulation: Simulation) -> None:
            result = simulation.commit(trajectory)
            self._report("trajectory", result.reason)

        self._post(follow)

    def _on_target_pose(self, message: PoseStamped) -> None:
        if not self._free(TARGETS[0], message):
            return
        pose = pose_from_ros(message.pose).array7()
        self._post(
            lambda simulation: self._report(
                TARGETS[0], simulation.robot.set_target(pose, simulation.now_ns).reason
            )
        )

    def _on_target_joint(self, message: JointState) -> None:
        # Its frame_id says nothing: joints are in no frame.
        if not self._free(TARGETS[1], None):
            return
        names, positions = list(message.name), np.array(message.position, dtype=np.float64)
        if len(names) != len(positions) or len(set(names)) != len(names):
            raise TaktError(
                f"{len(names)} names and {len(positions)} positions; allowed is one for each, and "
                "each joint once"
            )
        target = dict(zip(names, positions.tolist(), strict=True))
        self._post(
            lambda simulation: self._report(
                TARGETS[1], simulation.robot.set_joint_target(target, simulation.now_ns).reason
            )
        )

    def _on_target_wrench(self, message: WrenchStamped) -> None:
        if not self._free(TARGETS[2], message):
            return
        wrench = wrench_from_ros(message.wrench)

        self._post(
            lambda simulation: self._report(
                TARGETS[2], simulation.robot.commands.set_wrench(wrench, simulation.now_ns).reason
            )
        )

    def _on_impedance(self, message: Impedance) -> None:
        def apply(simulation: Simulation) -> None:
            commands = simulation.robot.commands
            if message.guide:
                commands.guide(True)
                return
            try:
                commands.set_gains(_gains(message))
            except ValueError as error:
                commands.guide(False)
                self._refused("arm/impedance", str(error))

        self._post(apply)

    def _on_hand_trajectory(self, message: JointTrajectory) -> None:
        try:
            trajectory = hand_trajectory_from_ros(message)
        except TaktError as error:
            reason = str(error)
            self._post(lambda simulation: simulation.refuse_hand(reason))
            self._refused(HAND, reason)
            return
        self._post(lambda simulation: self._report(HAND, simulation.commit_hand(trajectory).reason))

    def _free(self, topic: str, message: Any) -> bool:
        """Whether a single target may command: nobody else does, and it is in our frame."""
        commanders = self._node.count_publishers(TRAJECTORY)
        if commanders:
            self._refused(
                topic,
                f"{commanders} publisher(s) on {TRAJECTORY} command the arm; stop the arbiter to "
                "command it directly",
            )
            return False
        if message is not None:
            self._check_frame(message)
        return True

    def _check_frame(self, message: Any) -> None:
        frame = message.header.frame_id
        if frame not in ("", self._base_frame):
            raise TaktError(
                f"frame_id is {frame!r}, allowed is {self._base_frame!r} or none: transform it "
                "before sending"
            )

    def _report(self, what: str, reason: str) -> None:
        if reason:
            self._refused(what, reason)

    def _refused(self, what: str, reason: str) -> None:
        self._node.diagnose(WARN, f"{what} refused: {reason}", "commands")


def _gains(message: Impedance) -> Gains:
    """Raises ValueError for an unknown frame."""
    if message.frame not in _FRAMES:
        raise ValueError(f"frame is {message.frame}, allowed are FRAME_BASE and FRAME_TCP")
    return Gains(
        stiffness=np.array(message.stiffness),
        damping_ratio=np.array(message.damping_ratio),
        frame=_FRAMES[message.frame],
        nullspace_stiffness=float(message.nullspace_stiffness),
        joint_stiffness=_given(message.joint_stiffness),
        joint_damping_ratio=_given(message.joint_damping_ratio),
    )


def _given(values: Any) -> Any:
    return np.array(values, dtype=np.float64) if len(values) else None
