"""Listens to a robot that holds still and prints what it heard, as JSON.

`python -m takt_bringup.nodes.arm_probe SECONDS [NAMESPACE]`. It commands nothing.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from takt_core.nodes.qos import LATCHED, SENSOR

_PATIENCE_S = 5.0


class ArmProbe(Node):
    """Keeps joint states of one kind, and the description of the robot."""

    def __init__(self, namespace: str) -> None:
        super().__init__("takt_arm_probe", namespace=namespace)
        self.states: list[JointState] = []
        self.description = ""
        self.create_subscription(JointState, "joint_states", self._on_state, SENSOR)
        self.create_subscription(String, "robot_description", self._on_description, LATCHED)

    def _on_state(self, state: JointState) -> None:
        # A gripper may publish states of its own joints: the arm's are the most numerous.
        if self.states and len(state.name) > len(self.states[0].name):
            self.states.clear()
        if not self.states or list(state.name) == list(self.states[0].name):
            self.states.append(state)

    def _on_description(self, message: String) -> None:
        self.description = message.data

    def interfaces(self, executor: SingleThreadedExecutor) -> tuple[Any, Any]:
        """Names of command and state interfaces; None where ros2_control's messages are not."""
        try:
            from controller_manager_msgs.srv import ListHardwareInterfaces
        except ImportError:
            return None, None
        client = self.create_client(
            ListHardwareInterfaces, "controller_manager/list_hardware_interfaces"
        )
        if not client.wait_for_service(timeout_sec=_PATIENCE_S):
            return [], []
        future = client.call_async(ListHardwareInterfaces.Request())
        executor.spin_until_future_complete(future, timeout_sec=_PATIENCE_S)
        answer = future.result()
        if answer is None:
            return [], []
        available = [one.name for one in answer.command_interfaces if one.is_available]
        return available, [one.name for one in answer.state_interfaces]


def probe(seconds: float, namespace: str) -> dict[str, Any]:
    """Listen for so long."""
    with rclpy.init():
        node = ArmProbe(namespace)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        deadline_s = time.monotonic() + _PATIENCE_S + seconds
        while time.monotonic() < deadline_s:
            executor.spin_once(timeout_sec=0.05)
            if node.states and deadline_s - time.monotonic() > seconds:
                deadline_s = time.monotonic() + seconds
        commands, states = node.interfaces(executor)
        executor.shutdown()
        node.destroy_node()
    heard = node.states
    names = list(heard[0].name) if heard else []
    return {
        "names": names,
        "stamps_s": [one.header.stamp.sec + 1e-9 * one.header.stamp.nanosec for one in heard],
        "position": [list(one.position) for one in heard],
        "effort": [list(one.effort) or [float("nan")] * len(names) for one in heard],
        "description": node.description,
        "commands": commands,
        "states": states,
    }


if __name__ == "__main__":
    print(json.dumps(probe(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")))
