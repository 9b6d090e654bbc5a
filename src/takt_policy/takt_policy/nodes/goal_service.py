"""The service policy/set_goal, and the latched topic policy/goal for whoever records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from takt_core.errors import TaktError
from takt_core.nodes.qos import LATCHED
from takt_msgs.msg import Goal as GoalMsg
from takt_msgs.srv import SetGoal
from takt_policy.conversions import goal_from_ros, goal_to_ros
from takt_policy.goals import Goal
from takt_policy.runtime import PolicyRuntime


class GoalService:
    """Sets the goal of the policies and publishes what it is."""

    def __init__(
        self,
        node: Node,
        base_frame: str,
        runtime: Callable[[], PolicyRuntime | None],
        now_ns: Callable[[], int],
    ) -> None:
        self._node = node
        self._base_frame = base_frame
        self._runtime = runtime
        self._now_ns = now_ns
        self._publisher = node.create_publisher(GoalMsg, "policy/goal", LATCHED)
        self._service = node.create_service(SetGoal, "policy/set_goal", self._on_goal)

    def destroy(self) -> None:
        self._node.destroy_service(self._service)
        self._node.destroy_publisher(self._publisher)

    def set(self, goal: Goal) -> None:
        """Sets and publishes a goal.

        Raises:
            PolicyError: the selected policy needs another kind.
        """
        runtime = self._runtime()
        if runtime is not None:
            runtime.set_goal(goal)
            self._publisher.publish(goal_to_ros(goal, self._now_ns(), self._base_frame))

    def _on_goal(self, request: Any, response: Any) -> Any:
        try:
            self.set(goal_from_ros(request.goal, self._base_frame))
            response.success, response.message = True, "set"
        except TaktError as error:
            response.success, response.message = False, str(error)
        return response
