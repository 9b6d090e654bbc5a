"""The client of the demo: services and actions of the running graph, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor

from takt_bringup.demo.episodes import Recording, RunResult, TopicCount
from takt_core.conversions import stamp_from_ros
from takt_core.errors import TaktError
from takt_core.nodes.qos import LATCHED, SENSOR_LATEST
from takt_msgs.action import RunPolicy
from takt_msgs.msg import ArmState, ControlMode, PolicyStatus
from takt_msgs.srv import FinishRecording, ResetTask, StartRecording

_OUTCOMES = {
    RunPolicy.Result.SUCCEEDED: "succeeded",
    RunPolicy.Result.TIMED_OUT: "timed_out",
    RunPolicy.Result.CANCELLED: "cancelled",
    RunPolicy.Result.FAILED: "failed",
    RunPolicy.Result.TASK_FAILED: "task_failed",
}
_SETTLE_NS = 300_000_000
_SAME_TIME_NS = 200_000_000
_ANSWER_S = 30.0
RECORDED = (
    "arm/state",
    "arm/trajectory",
    "control/mode",
    "control/steps",
    "policy/chunk",
    "policy/status",
    "task/status",
    "wrist_camera/image_raw",
    "overview_camera/image_raw",
)
# A slow machine slows the world: wall-clock limits are generous, simulated ones are exact.
_SLOWEST_WORLD = 8.0


class EpisodeClient:
    """Implements ``takt_bringup.demo.episodes.Operator`` on ROS.

    Args:
        watch: called often while waiting; raises TaktError when the system has died.
    """

    def __init__(self, watch: Callable[[], None]) -> None:
        self._watch = watch
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("demo", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._mode: ControlMode | None = None
        self._arm: ArmState | None = None
        self._status: PolicyStatus | None = None
        subscribe = self._node.create_subscription
        subscribe(ControlMode, "control/mode", self._on_mode, LATCHED)
        subscribe(ArmState, "arm/state", self._on_arm, SENSOR_LATEST)
        subscribe(PolicyStatus, "policy/status", self._on_status, LATCHED)
        self._reset = self._node.create_client(ResetTask, "task/reset")
        self._start = self._node.create_client(StartRecording, "recorder/start")
        self._finish = self._node.create_client(FinishRecording, "recorder/finish")
        self._run = ActionClient(self._node, RunPolicy, "policy/run")

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def strangers(self, seconds: float) -> list[str]:
        """Nodes that are already there: another takt in the same domain.

        Args:
            seconds: how long discovery is given.
        """
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._executor.spin_once(timeout_sec=0.05)
        own = self._node.get_name()
        return sorted(name for name in self._node.get_node_names() if name != own)

    def wait_until_ready(self, limit_s: float) -> None:
        """Until every server is there, the policy is loaded, all have the same time, and the
        recorder hears what an episode is made of."""
        self._until(self._reset.service_is_ready, "task/reset", limit_s)
        self._until(self._start.service_is_ready, "recorder/start", limit_s)
        self._until(self._finish.service_is_ready, "recorder/finish", limit_s)
        self._until(self._run.server_is_ready, "policy/run", limit_s)
        self._until(self._is_loaded, "a loaded policy on policy/status", limit_s)
        self._until(self._is_holding, "mode HOLD on control/mode", limit_s)
        self._until(self._has_one_time, "policy/status and arm/state of the same time", limit_s)
        for topic in RECORDED:
            self._until(partial(self._is_recorded, topic), f"recording {topic}", limit_s)

    def reset_task(self, seed: int) -> None:
        answer = self._call(self._reset, ResetTask.Request(seed=seed), "task/reset")
        fresh_ns = stamp_from_ros(answer.start) + _SETTLE_NS
        self._until(lambda: self._arm_ns() >= fresh_ns, "arm/state after the reset", _ANSWER_S)
        self._until(self._is_holding, "mode HOLD after the reset", _ANSWER_S)

    def start_recording(self, name: str, task: str, tags: dict[str, str]) -> None:
        request = StartRecording.Request(
            episode=name,
            task=task,
            operator_id="demo",
            device="simulation",
            tag_names=list(tags),
            tag_values=list(tags.values()),
        )
        self._call(self._start, request, "recorder/start")

    def run_policy(self, time_limit_s: float) -> RunResult:
        goal = self._run.send_goal_async(RunPolicy.Goal(time_limit_s=time_limit_s))
        handle = self._result(goal, "policy/run", _ANSWER_S)
        if not handle.accepted:
            raise TaktError("policy/run refused the goal; the log of the policy node says why")
        limit_s = time_limit_s * _SLOWEST_WORLD + _ANSWER_S
        result = self._result(handle.get_result_async(), "the result of policy/run", limit_s).result
        return RunResult(
            outcome=_OUTCOMES[result.outcome],
            message=result.message,
            duration_s=result.duration_s,
            chunks=result.chunks,
        )

    def finish_recording(self, outcome: str, note: str) -> Recording:
        request = FinishRecording.Request(outcome=outcome, note=note)
        answer = self._call(self._finish, request, "recorder/finish")
        counts = {
            topic.topic: TopicCount(topic.received, topic.written, topic.lost)
            for topic in answer.topics
        }
        return Recording(answer.bag, counts)

    def _call(self, client: Any, request: Any, name: str) -> Any:
        answer = self._result(client.call_async(request), name, _ANSWER_S)
        if not answer.success:
            raise TaktError(f"{name} was refused: {answer.message}")
        return answer

    def _result(self, future: Any, name: str, limit_s: float) -> Any:
        self._until(future.done, name, limit_s)
        return future.result()

    def _until(self, condition: Callable[[], bool], name: str, limit_s: float) -> None:
        end_s = time.monotonic() + limit_s
        while not condition():
            self._watch()
            if time.monotonic() > end_s:
                raise TaktError(f"no answer within {limit_s:.0f} s: {name}")
            self._executor.spin_once(timeout_sec=0.05)

    def _is_holding(self) -> bool:
        return self._mode is not None and self._mode.mode == ControlMode.HOLD

    def _is_loaded(self) -> bool:
        return self._status is not None and self._status.state != PolicyStatus.UNLOADED

    def _has_one_time(self) -> bool:
        """The policy has heard of /clock: before that, its time is zero."""
        if self._status is None or self._arm is None:
            return False
        policy_ns = stamp_from_ros(self._status.header.stamp)
        return abs(policy_ns - self._arm_ns()) < _SAME_TIME_NS

    def _is_recorded(self, topic: str) -> bool:
        listeners = self._node.get_subscriptions_info_by_topic(self._node.resolve_topic_name(topic))
        # The recorder's subscriptions belong to a node of its own, hidden by an underscore.
        return any(one.node_name.lstrip("_").startswith("recorder") for one in listeners)

    def _arm_ns(self) -> int:
        return -1 if self._arm is None else stamp_from_ros(self._arm.header.stamp)

    def _on_mode(self, message: ControlMode) -> None:
        self._mode = message

    def _on_arm(self, message: ArmState) -> None:
        self._arm = message

    def _on_status(self, message: PolicyStatus) -> None:
        self._status = message
