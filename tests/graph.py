"""A launched system and a client that watches it; for the tests over several processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from takt_bringup.cli.launch_files import find_launch_file
from takt_bringup.launcher.output import Console
from takt_bringup.launcher.supervisor import Supervisor, supervise
from takt_core.conversions import stamp_from_ros
from takt_core.nodes.qos import LATCHED, RECORD
from takt_msgs.msg import (
    ArmState,
    ControlMode,
    PolicyStatus,
    PoseTrajectory,
    StepRecord,
    TaskStatus,
)
from takt_policy.bundle.bundle import Bundle
from takt_policy.testing import straight_chunk, tiny_spec, write_tiny_bundle

# Generous, because it only ends a test that would fail anyway; on a busy machine simulated
# time is slow.
PATIENCE_S = 90.0


class Client:
    """Sees what the nodes publish, in simulated time."""

    def __init__(self, system: Supervisor, context: Any) -> None:
        self.system = system
        self.node = Node(
            "observer",
            context=context,
            parameter_overrides=[Parameter("use_sim_time", value=True)],
        )
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self.now_ns = 0
        self.arm: list[ArmState] = []
        self.modes: list[ControlMode] = []
        self.statuses: list[PolicyStatus] = []
        self.steps: list[StepRecord] = []
        self.sent: list[PoseTrajectory] = []
        self.task: TaskStatus | None = None
        for kind, topic, take, qos in (
            (Clock, "/clock", self._on_clock, 10),
            (ArmState, "arm/state", self.arm.append, RECORD),
            (ControlMode, "control/mode", self.modes.append, LATCHED),
            (PolicyStatus, "policy/status", self.statuses.append, LATCHED),
            (StepRecord, "control/steps", self.steps.append, RECORD),
            (PoseTrajectory, "arm/trajectory", self.sent.append, RECORD),
            (TaskStatus, "task/status", self._on_task, LATCHED),
        ):
            self.node.create_subscription(kind, topic, take, qos)

    def _on_clock(self, message: Clock) -> None:
        self.now_ns = stamp_from_ros(message.clock)

    def _on_task(self, message: TaskStatus) -> None:
        self.task = message

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Spins until the condition holds; fails with the last messages after a long time."""
        end_s = time.monotonic() + PATIENCE_S
        while not condition():
            self._executor.spin_once(timeout_sec=0.05)
            self.system.poll()
            if time.monotonic() > end_s:
                mode = self.modes[-1] if self.modes else None
                status = self.statuses[-1] if self.statuses else None
                raise AssertionError(f"never happened: {what}; last seen {mode}, {status}")

    def pass_time(self, duration_s: float) -> None:
        """Spins for a time of the simulated clock."""
        end_ns = self.now_ns + int(duration_s * 1e9)
        self.until(lambda: self.now_ns >= end_ns, f"{duration_s} s of simulated time")

    def call(self, kind: type, name: str, **fields: object) -> Any:
        """Calls a service and returns its answer."""
        client = self.node.create_client(kind, name)
        self.until(client.service_is_ready, f"service {name}")
        future = client.call_async(kind.Request(**fields))
        self.until(future.done, f"answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def mode_is(self, mode: int) -> bool:
        return bool(self.modes) and self.modes[-1].mode == mode

    def speed_m_s(self, state: ArmState | None = None) -> float:
        """Of the tool, in the last state unless another is given."""
        state = self.arm[-1] if state is None else state
        linear = state.tcp_twist.linear
        return float(np.linalg.norm([linear.x, linear.y, linear.z]))

    def destroy(self) -> None:
        self._executor.remove_node(self.node)
        self.node.destroy_node()


@contextmanager
def launched(name: str, log: Path, **arguments: object) -> Iterator[Client]:
    """A launch file's processes and a client; everything is stopped at the end."""
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value)
             for key, value in arguments.items()}  # fmt: skip
    context = rclpy.Context()
    with supervise(find_launch_file(name), texts, Console(log)) as system:
        context.init()
        client = Client(system, context)
        try:
            # Discovery takes each process its own time.
            client.until(lambda: bool(client.arm), "the arm's state")
            client.until(lambda: bool(client.modes), "the arbiter's mode")
            yield client
        finally:
            client.destroy()
            context.shutdown()


def sideways_bundle(folder: Path) -> Bundle:
    """A valid bundle whose policy moves the tool sideways by 5 cm/s, whatever it sees."""
    spec = tiny_spec()
    return write_tiny_bundle(folder, spec=spec, clean=straight_chunk(spec, (0.0, 0.005, 0.0)))
