"""The threads that plan, and what is published of their results."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node

from takt_core.chunk import ActionChunk
from takt_core.conversions import chunk_to_ros
from takt_core.nodes.qos import COMMAND
from takt_msgs.msg import ActionChunk as ActionChunkMsg
from takt_msgs.msg import Uncertainty
from takt_policy.conversions import uncertainty_to_ros
from takt_policy.jobs import Plan, Reflex
from takt_policy.runtime import PolicyRuntime
from takt_policy.worker import Worker


class Inference:
    """A worker for plans and one for reflexes, so that neither waits for the other.

    Args:
        is_active: whether the node may publish chunks.
        now_ns: ROS time [ns].
    """

    def __init__(
        self,
        node: Node,
        base_frame: str,
        failures_allowed: int,
        is_active: Callable[[], bool],
        now_ns: Callable[[], int],
    ) -> None:
        self._node = node
        self._base_frame = base_frame
        self._is_active = is_active
        self._now_ns = now_ns
        self._planner: Worker[Plan] = Worker(self._wake, "inference")
        self._reflector: Worker[Reflex] = Worker(self._wake, "reflex")
        self._chunks = node.create_publisher(ActionChunkMsg, "policy/chunk", COMMAND)
        self._uncertainty = node.create_publisher(Uncertainty, "policy/uncertainty", COMMAND)
        self.runtime = PolicyRuntime(
            self._planner.submit, self._reflector.submit, now_ns, failures_allowed
        )

    def destroy(self) -> None:
        for publisher in (self._chunks, self._uncertainty):
            self._node.destroy_publisher(publisher)
        self._planner.close()
        self._reflector.close()

    def _wake(self) -> None:
        """Called by the workers: has the executor's thread take the result at once."""
        if self._node.executor is not None:
            self._node.executor.create_task(self._collect)

    def _collect(self) -> None:
        while (reflex := self._reflector.take()) is not None:
            chunk = self.runtime.finish_reflex(reflex, self._now_ns())
            if chunk is not None and self._is_active():
                self._chunks.publish(chunk_to_ros(chunk, self._base_frame))
                self.runtime.latency.add_reflex(chunk)
        while (plan := self._planner.take()) is not None:
            chunk = self.runtime.finish(plan, self._now_ns())
            if chunk is not None and self._is_active():
                self._publish(chunk, plan)

    def _publish(self, chunk: ActionChunk, plan: Plan) -> None:
        self._chunks.publish(chunk_to_ros(chunk, self._base_frame))
        self.runtime.latency.add(chunk, time.perf_counter_ns() - plan.end_steady_ns)
        uncertainty = uncertainty_to_ros(chunk, plan.policy)
        if uncertainty is not None:
            self._uncertainty.publish(uncertainty)
