"""A fake robot beside a real policy node, over real ROS, in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import WrenchStamped
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

from takt_core.conversions import chunk_from_ros, header_to_ros, image_to_ros, pose_to_ros
from takt_core.geometry import Pose
from takt_core.nodes.lifecycle import make_executor
from takt_core.nodes.qos import COMMAND, LATCHED, SENSOR_PUBLISH
from takt_msgs.action import RunPolicy
from takt_msgs.msg import (
    ActionChunk,
    ArmState,
    ControlMode,
    Goal,
    PolicyStatus,
    TaskStatus,
    Uncertainty,
)
from takt_msgs.srv import LoadPolicy, SetGoal, UnloadPolicy
from takt_policy.nodes.policy_node import PolicyNode
from takt_policy.run_watch import Mode
from takt_policy.run_watch import TaskState as Task
from takt_policy.runtime import State
from takt_policy.testing import (
    IMAGE_SIZE,
)

TIMEOUT_S = 30.0
HOME = Pose(np.array([0.45, 0.0, 0.25]), np.array([1.0, 0.0, 0.0, 0.0]))


class FakeRobot(Node):  # type: ignore[misc]
    """Publishes every stream of the tiny bundle, and is the client of the policy."""

    def __init__(self) -> None:
        super().__init__("fake_robot")
        self._image = self.create_publisher(
            type(image_to_ros(np.zeros((1, 1, 3), np.uint8), 0, "")),
            "wrist_camera/image_raw",
            SENSOR_PUBLISH,
        )
        self._arm = self.create_publisher(ArmState, "arm/state", SENSOR_PUBLISH)
        self._wrench = self.create_publisher(WrenchStamped, "arm/wrench", SENSOR_PUBLISH)
        self._mode = self.create_publisher(ControlMode, "control/mode", LATCHED)
        self._task = self.create_publisher(TaskStatus, "task/status", LATCHED)
        self._changed = threading.Condition()
        self.chunks: list[ActionChunk] = []
        self.statuses: list[PolicyStatus] = []
        self.goals: list[Goal] = []
        self.uncertainties: list[Uncertainty] = []
        self.camera_works = True
        self.brightness = 7
        self.create_subscription(ActionChunk, "policy/chunk", self._on_chunk, COMMAND)
        self.create_subscription(PolicyStatus, "policy/status", self._on_status, LATCHED)
        self.create_subscription(Goal, "policy/goal", self._on_goal, LATCHED)
        self.create_subscription(Uncertainty, "policy/uncertainty", self._on_uncertainty, COMMAND)
        self.create_timer(0.01, self._publish_arm)
        self.create_timer(0.033, self._publish_image)
        self._run = ActionClient(self, RunPolicy, "policy/run")
        self._load = self.create_client(LoadPolicy, "policy/load")
        self._unload = self.create_client(UnloadPolicy, "policy/unload")
        self._goal = self.create_client(SetGoal, "policy/set_goal")

    def now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def wait(self, what: str, met: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(met, TIMEOUT_S), f"never happened: {what}"

    def wait_for_state(self, state: State, word: str = "") -> None:
        start = len(self.statuses)
        self.wait(
            f"{state.name} {word}",
            lambda: any(s.state == state and word in s.reason for s in self.statuses[start:]),
        )

    def wait_for_chunks(self, count: int) -> list[Any]:
        start = len(self.chunks)
        self.wait(f"{count} chunks", lambda: len(self.chunks) >= start + count)
        return [chunk_from_ros(one) for one in self.chunks[start:]]

    def start(self, limit_s: float = 0.0, goal: str = "", policy: str = "") -> Any:
        assert self._run.wait_for_server(TIMEOUT_S)
        request = RunPolicy.Goal(policy=policy, goal=goal, time_limit_s=limit_s)
        return self.result(self._run.send_goal_async(request))

    def outcome(self, handle: Any) -> RunPolicy.Result:
        return self.result(handle.get_result_async()).result

    def load(self, path: Path | str, select: bool = True) -> Any:
        assert self._load.wait_for_service(TIMEOUT_S)
        request = LoadPolicy.Request(path=str(path), warm_up=True, select=select)
        return self.result(self._load.call_async(request))

    def unload(self, policy: str) -> Any:
        assert self._unload.wait_for_service(TIMEOUT_S)
        return self.result(self._unload.call_async(UnloadPolicy.Request(policy=policy)))

    def set_goal(self, **fields: Any) -> Any:
        return self.result(self._goal.call_async(SetGoal.Request(goal=Goal(**fields))))

    def result(self, future: Any) -> Any:
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        assert done.wait(TIMEOUT_S), "no answer"
        return future.result()

    def mode(self, mode: Mode, epoch: int, reason: str = "") -> None:
        self._mode.publish(
            ControlMode(
                header=header_to_ros(self.now_ns(), ""), mode=int(mode), epoch=epoch, reason=reason
            )
        )

    def task(self, state: Task, reason: str = "") -> None:
        self._task.publish(
            TaskStatus(header=header_to_ros(self.now_ns(), ""), state=int(state), reason=reason)
        )

    def _publish_arm(self) -> None:
        header = header_to_ros(self.now_ns(), "base")
        self._arm.publish(ArmState(header=header, tcp_pose=pose_to_ros(HOME)))
        self._wrench.publish(WrenchStamped(header=header))

    def _publish_image(self) -> None:
        if self.camera_works:
            pixels = np.full((IMAGE_SIZE, IMAGE_SIZE, 3), self.brightness, np.uint8)
            self._image.publish(image_to_ros(pixels, self.now_ns(), "wrist_camera"))

    def _on_chunk(self, message: ActionChunk) -> None:
        with self._changed:
            self.chunks.append(message)
            self._changed.notify_all()

    def _on_goal(self, message: Goal) -> None:
        with self._changed:
            self.goals.append(message)
            self._changed.notify_all()

    def _on_uncertainty(self, message: Uncertainty) -> None:
        with self._changed:
            self.uncertainties.append(message)
            self._changed.notify_all()

    def _on_status(self, message: PolicyStatus) -> None:
        with self._changed:
            self.statuses.append(message)
            self._changed.notify_all()


def _spin(executor: Any, end: Future) -> None:
    # In slices for the reason that takt_core.nodes.lifecycle gives.
    while not end.done():
        executor.spin_until_future_complete(end, timeout_sec=0.5)


@contextmanager
def robot_and_policy(*parameters: str) -> Iterator[FakeRobot]:
    rclpy.init(args=["--ros-args", *(word for one in parameters for word in ("-p", one))])
    node, robot = PolicyNode(), FakeRobot()
    executor = make_executor()
    executor.add_node(node)
    executor.add_node(robot)
    node.trigger_configure()
    node.trigger_activate()
    assert node.active
    end = Future()
    thread = threading.Thread(target=_spin, args=(executor, end), daemon=True)
    thread.start()
    try:
        yield robot
    finally:
        executor.create_task(end.set_result, None)
        thread.join(TIMEOUT_S)
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.destroy_node()
        robot.destroy_node()
        rclpy.shutdown()
