"""A client of motion/move_to for programs that do one thing after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from takt_core.conversions import pose_from_ros, pose_to_ros
from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_core.nodes.qos import SENSOR_LATEST
from takt_msgs.action import MoveTo
from takt_msgs.msg import ArmState

_STOP_S = 10.0
# A motion node that has not been there for so long does not come back to this goal.
_GONE_S = 3.0


class MoveClient:
    """Sends goals and waits for their results; leaving it by an exception cancels the goal.

    Args:
        watch: called often while waiting; may raise TaktError.
    """

    def __init__(
        self,
        namespace: str = "",
        use_sim_time: bool = True,
        watch: Callable[[], None] | None = None,
    ) -> None:
        self._watch = watch or (lambda: None)
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node(
            "move_client",
            context=self._context,
            namespace=namespace,
            use_global_arguments=False,
            parameter_overrides=[Parameter("use_sim_time", value=use_sim_time)],
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._client = ActionClient(self._node, MoveTo, "motion/move_to")
        self._handle: Any = None
        self._result: Any = None
        self._arm: ArmState | None = None

    def __enter__(self) -> MoveClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and self._result is not None and not self._result.done():
            self._handle.cancel_goal_async()
            try:
                self._until(self._result.done, "the stop", _STOP_S)
            except TaktError as late:
                self._node.get_logger().error(str(late))
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def wait_for_server(self, limit_s: float) -> None:
        """Raises TaktError if there is no motion node within so many seconds."""
        what = "motion/move_to (takt up motion starts it)"
        self._until(self._client.server_is_ready, what, limit_s)

    def is_there(self) -> bool:
        """Whether a motion node is known already."""
        return bool(self._client.server_is_ready())

    def tool_orientation(self, limit_s: float) -> Array:
        """(4,) the present orientation of the tool, xyzw."""

        def take(message: ArmState) -> None:
            self._arm = message

        self._node.create_subscription(ArmState, "arm/state", take, SENSOR_LATEST)
        self._until(lambda: self._arm is not None, "arm/state", limit_s)
        assert self._arm is not None
        return pose_from_ros(self._arm.tcp_pose).quaternion_xyzw

    def move(
        self, place: str, joints: Sequence[float], pose: Pose | None, speed_scale: float = 0.0
    ) -> tuple[bool, str]:
        """Go there; success and what is to be said of it. One of the three says where."""
        goal = MoveTo.Goal(place=place, use_joints=bool(joints), speed_scale=float(speed_scale))
        goal.joint_position = [float(angle) for angle in joints]
        if pose is not None:
            goal.pose.pose = pose_to_ros(pose)
        sent = self._client.send_goal_async(goal)
        self._until(sent.done, "an answer of motion/move_to", _STOP_S)
        self._handle = sent.result()
        self._result = self._handle.get_result_async()
        self._until_result()
        result = self._result.result().result
        return bool(result.success), str(result.message)

    def _until_result(self) -> None:
        """Motions take their time; but a node that has ended does not answer any more."""
        seen_s = time.monotonic()
        while not self._result.done():
            self._watch()
            if self._client.server_is_ready():
                seen_s = time.monotonic()
            elif time.monotonic() - seen_s > _GONE_S:
                raise TaktError("the motion node has ended; the arm stops where it is by itself")
            self._executor.spin_once(timeout_sec=0.05)

    def _until(self, condition: Callable[[], bool], name: str, limit_s: float) -> None:
        end_s = time.monotonic() + limit_s
        while not condition():
            self._watch()
            if time.monotonic() > end_s:
                raise TaktError(f"not there within {limit_s:.0f} s: {name}")
            self._executor.spin_once(timeout_sec=0.05)
