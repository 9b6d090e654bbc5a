"""The service task/reset for a real robot: back off, and go home.

Offers what the simulator offers, so that everything that runs episodes resets a real robot in the
same way. What stands on the table is put back by a person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from takt_core.conversions import stamp_to_ros
from takt_core.errors import TaktError
from takt_motion.nodes.move_action import MoveAction
from takt_motion.request import HOME, RETREAT, Request
from takt_motion.views import Result
from takt_msgs.srv import ResetTask


class TaskResetService:
    """Answers when the robot is home, or says why it is not.

    Args:
        speed_scale: of both motions.
    """

    def __init__(
        self, node: Node, action: MoveAction, now_ns: Callable[[], int], speed_scale: float
    ) -> None:
        self._node = node
        self._action = action
        self._now_ns = now_ns
        self._speed_scale = speed_scale
        self._service = node.create_service(ResetTask, "task/reset", self._on_reset)

    def destroy(self) -> None:
        self._node.destroy_service(self._service)

    async def _on_reset(self, _: Any, response: Any) -> Any:
        response.success = True
        for place in (RETREAT, HOME):
            try:
                request = Request(place=place, speed_scale=self._speed_scale)
                result: Result = await self._action.begin(request)
            except TaktError as error:
                result = Result(False, str(error))
            if not result.success:
                response.success, response.message = False, f"{place}: {result.message}"
                return response
            response.message = result.message
        response.start = stamp_to_ros(self._now_ns())
        return response
