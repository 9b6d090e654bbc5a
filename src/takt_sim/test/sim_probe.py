"""A simulator node in its own process, and a node that listens to all that it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String

from takt_core.conversions import stamp_from_ros
from takt_core.nodes.qos import LATCHED, SENSOR_PUBLISH, STEPS
from takt_msgs.msg import ArmState, HandState, TactileField, TaskStatus
from takt_msgs.srv import ResetTask

WAIT_S = 40.0
STEP_NS = 100_000_000


class Probe:
    """Subscribes to all that the simulator publishes and keeps the newest of each."""

    TOPICS = (
        ("/clock", Clock, SENSOR_PUBLISH),
        ("joint_states", JointState, SENSOR_PUBLISH),
        ("arm/state", ArmState, SENSOR_PUBLISH),
        ("arm/current_pose", PoseStamped, SENSOR_PUBLISH),
        ("arm/wrench", WrenchStamped, SENSOR_PUBLISH),
        ("wrist_camera/image_raw", Image, SENSOR_PUBLISH),
        ("wrist_camera/camera_info", CameraInfo, SENSOR_PUBLISH),
        ("front_camera/image_raw", Image, SENSOR_PUBLISH),
        ("fingertip/field", TactileField, SENSOR_PUBLISH),
        ("task/status", TaskStatus, LATCHED),
        ("robot_description", String, LATCHED),
        ("/diagnostics", DiagnosticArray, STEPS),
    )

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("sim_probe", context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.newest: dict[str, Any] = {}
        self.complaints: set[str] = set()
        for topic, kind, qos in self.TOPICS:
            self.node.create_subscription(kind, topic, self._keeper(topic), qos)
        # The hand's joints come in messages of their own.
        self.node.create_subscription(
            JointState, "joint_states", self._keep_hand_joints, SENSOR_PUBLISH
        )
        self.node.create_subscription(HandState, "hand/state", self._keep_hand, SENSOR_PUBLISH)
        self.hand: Any = None
        self.hand_joints: Any = None
        self.resetter = self.node.create_client(ResetTask, "task/reset")

    def _keeper(self, topic: str) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            self.newest[topic] = message
            if topic == "/diagnostics":
                self.complaints |= {s.message for s in message.status if s.level != b"\0"}

        return keep

    def _keep_hand(self, message: Any) -> None:
        self.hand = message

    def _keep_hand_joints(self, message: Any) -> None:
        if len(message.name) == 16:
            self.hand_joints = message

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end, f"waited {WAIT_S} s for {what}; {self.complaints}"
            self.executor.spin_once(timeout_sec=0.05)

    def reset(self, seed: int) -> Any:
        self.wait(self.resetter.service_is_ready, "task/reset")
        future = self.resetter.call_async(ResetTask.Request(seed=seed))
        self.wait(future.done, "the answer of task/reset")
        start = stamp_from_ros(future.result().start)
        self.wait(lambda: self.time_ns("arm/state") > start, "arm/state of the episode")
        return future.result()

    def time_ns(self, topic: str) -> int:
        message = self.newest.get(topic)
        return stamp_from_ros(message.header.stamp) if message else 0

    @property
    def now_ns(self) -> int:
        return stamp_from_ros(self.newest["/clock"].clock)

    @property
    def arm(self) -> Any:
        return self.newest["arm/state"]

    def pass_time(self, duration_ns: int) -> None:
        end = self.time_ns("arm/state") + duration_ns
        self.wait(lambda: self.time_ns("arm/state") >= end, "simulated time to pass")

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@contextmanager
def simulating(domain: int, *parameters: str) -> Iterator[tuple[subprocess.Popen[bytes], Probe]]:
    """A simulator in a process of its own, twice as fast as the clock, and a probe."""
    arguments = [argument for one in parameters for argument in ("-p", one)]
    environment = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    process = subprocess.Popen(
        [sys.executable, "-m", "takt_sim.nodes.simulator_node", "--ros-args",
         "-p", "rate_factor:=2.0", "-p", "image_size:=48", *arguments],
        env=os.environ | environment,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        probe = Probe()
    try:
        yield process, probe
    finally:
        probe.close()
        if process.poll() is None:
            process.kill()
            process.wait()
