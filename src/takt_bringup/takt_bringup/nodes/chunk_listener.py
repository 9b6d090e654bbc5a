"""Collects the chunks of a running policy."""

from __future__ import annotations

import time

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from takt_core.nodes.qos import RECORD
from takt_msgs.msg import ActionChunk, PolicyStatus


class ChunkListener(Node):
    """Keeps the chunks on policy/chunk, without their revisions, and the last policy/status."""

    def __init__(self, namespace: str) -> None:
        super().__init__("takt_latency", namespace=namespace)
        self.chunks: list[ActionChunk] = []
        self.status: PolicyStatus | None = None
        self.create_subscription(ActionChunk, "policy/chunk", self._on_chunk, RECORD)
        self.create_subscription(PolicyStatus, "policy/status", self._on_status, RECORD)

    def _on_chunk(self, chunk: ActionChunk) -> None:
        if not chunk.revision:
            self.chunks.append(chunk)

    def _on_status(self, status: PolicyStatus) -> None:
        self.status = status


def listen(namespace: str, seconds: float) -> tuple[list[ActionChunk], PolicyStatus | None]:
    """Listen for so long, or until interrupted."""
    with rclpy.init():
        node = ChunkListener(namespace)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        deadline_s = time.monotonic() + seconds
        try:
            while (left_s := deadline_s - time.monotonic()) > 0:
                executor.spin_once(timeout_sec=min(left_s, 0.2))
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        finally:
            executor.shutdown()
            node.destroy_node()
        return node.chunks, node.status
