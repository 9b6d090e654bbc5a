"""Brings the robot to where a recording began, by a planned motion."""

from __future__ import annotations

import time
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node

from takt_core.geometry import Array
from takt_msgs.action import MoveTo

# Wall-clock time to find a motion node, once the robot itself was found.
_DISCOVERY_S = 2.0
# One that has not been there for so long has ended, and will not answer.
_GONE_S = 3.0


class Approach:
    """Asks motion/move_to once; without a motion node, or if it fails, the guards of the replay
    say what is wrong with the start.

    Args:
        joints: (n,) at the recorded start, in the order of arm/state [rad].
    """

    def __init__(self, node: Node, joints: Array) -> None:
        self._node = node
        self._joints = joints
        self._client = ActionClient(node, MoveTo, "motion/move_to")
        self._since_s = self._seen_s = 0.0
        self._answer: Any = None
        self._result: Any = None
        self._is_over = False

    @property
    def is_moving(self) -> bool:
        """Whether a motion has been asked for and has not ended."""
        return self._answer is not None and not self._is_over

    def is_over(self, problem: str | None) -> bool:
        """Whether the robot can be looked at; to be called often.

        Args:
            problem: why it does not stand at the start; empty: it does; None: not known yet.
        """
        if self._is_over:
            return problem is not None
        if self._answer is not None:
            self._wait()
        elif problem == "":
            self._is_over = True
        elif problem is not None:
            self._ask(problem)
        return False

    def _ask(self, problem: str) -> None:
        self._since_s = self._since_s or time.monotonic()
        if self._client.server_is_ready():
            self._node.get_logger().info(f"going to the start: {problem}")
            goal = MoveTo.Goal(use_joints=True, joint_position=self._joints.tolist())
            self._seen_s = time.monotonic()
            self._answer = self._client.send_goal_async(goal)
        elif time.monotonic() - self._since_s > _DISCOVERY_S:
            self._is_over = True

    def _wait(self) -> None:
        if self._client.server_is_ready():
            self._seen_s = time.monotonic()
        if self._result is None and self._answer.done():
            self._result = self._answer.result().get_result_async()
        elif self._result is not None and self._result.done():
            result = self._result.result().result
            if not result.success:
                self._node.get_logger().error(f"motion/move_to: {result.message}")
            self._is_over = True
        elif time.monotonic() - self._seen_s > _GONE_S:
            self._node.get_logger().error("motion/move_to has ended before the robot was there")
            self._is_over = True
