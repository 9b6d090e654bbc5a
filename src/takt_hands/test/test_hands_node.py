"""The hand node as a process, at emulated motors behind a pseudo terminal."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

rclpy = pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from hand_rig import description  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402
from trajectory_msgs.msg import JointTrajectory  # noqa: E402

from takt_core.conversions import hand_trajectory_to_ros  # noqa: E402
from takt_core.nodes.qos import COMMAND, SENSOR_PUBLISH  # noqa: E402
from takt_core.trajectory import HandTrajectory  # noqa: E402
from takt_hands.conversions import current_limit_to_ros  # noqa: E402
from takt_hands.dynamixel import control_table as ct  # noqa: E402
from takt_hands.emulator.hand import make_bus  # noqa: E402
from takt_hands.emulator.pty_server import PtyServer  # noqa: E402
from takt_msgs.msg import HandState  # noqa: E402

NODE = [sys.executable, "-m", "takt_hands.nodes.hand_node", "--ros-args"]
TIMEOUT_S = 60.0
JOINTS = [
    {"name": "bend", "id": 1, "lower_rad": -0.5, "upper_rad": 1.9},
    {"name": "tip", "id": 3, "lower_rad": -0.4, "upper_rad": 2.0},
]
HAND = {"name": "pair", "models": ["XC330-M288-T"], "volt_range": [4.5, 6.0], "joints": JOINTS}


class Client:
    """Hears and commands the node of a test."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("client")
        self.states: list[HandState] = []
        self.joints: list[JointState] = []
        self.node.create_subscription(HandState, "hand/state", self.states.append, SENSOR_PUBLISH)
        self.node.create_subscription(
            JointState, "joint_states", self.joints.append, SENSOR_PUBLISH
        )
        self.trajectory = self.node.create_publisher(JointTrajectory, "hand/trajectory", COMMAND)
        self.limit = self.node.create_publisher(JointState, "hand/current_limit", COMMAND)

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + TIMEOUT_S
        while not condition() and time.monotonic() < end:
            rclpy.spin_once(self.node, timeout_sec=0.05)
        assert condition(), self.states[-1] if self.states else "no state"

    def until_state(self, condition: Callable[[HandState], bool]) -> HandState:
        self.states.clear()
        self.until(lambda: any(condition(state) for state in self.states))
        return next(state for state in self.states if condition(state))

    def call(self, kind: type, name: str, request: object) -> object:
        client = self.node.create_client(kind, name)
        self.until(client.service_is_ready)
        future = client.call_async(request)
        self.until(future.done)
        return future.result()

    def send(self, positions: list[float], lead_s: float = 0.5) -> None:
        self.until(lambda: self.trajectory.get_subscription_count() == 1)
        now_ns = self.node.get_clock().now().nanoseconds
        end_ns = now_ns + round(lead_s * 1e9)
        still = np.zeros((1, 2))
        sent = HandTrajectory(("tip", "bend"), (end_ns,), np.array([positions]), still)
        self.trajectory.publish(hand_trajectory_to_ros(sent, now_ns))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PtyServer]:
    (tmp_path / "pair.yaml").write_text(yaml.safe_dump(HAND), encoding="utf-8")
    with PtyServer(make_bus(description(joints=JOINTS)), tmp_path / "hand").serving() as server:
        yield server


@pytest.fixture
def client(ros_domain) -> Iterator[Client]:
    rclpy.init()
    client = Client()
    yield client
    client.node.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def node(server: PtyServer, client: Client) -> Iterator[subprocess.Popen]:
    values = {
        "port": server.path,
        "description": server.path.with_name("pair.yaml"),
        # Long against what a busy machine does to the thread of the emulated motors.
        "reply_timeout_s": 0.5,
        "silent_after_s": 5.0,
        "rate_hz": 50.0,
    }
    arguments = [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]
    process = subprocess.Popen([*NODE, *arguments])
    yield process
    process.terminate()
    assert process.wait(30) == 0


def test_it_holds_follows_limits_and_lets_go(node, server: PtyServer, client: Client) -> None:
    held = client.until_state(lambda state: state.control == HandState.CONTROL_HOLD)
    assert list(held.joint_names) == ["bend", "tip"]
    client.send([0.7, 0.4])
    client.until_state(lambda state: state.control == HandState.CONTROL_FOLLOW)
    client.until_state(lambda state: np.allclose(state.joint_position, [0.4, 0.7], atol=0.01))
    assert list(client.joints[-1].name) == ["bend", "tip"]
    client.limit.publish(current_limit_to_ros(("tip",), np.array([0.1]), 0))
    limited = client.until_state(lambda state: state.current_limit[1] < 0.15)
    assert list(limited.current_limit) == pytest.approx([0.3, 0.1])
    client.send([9.9, 0.4], lead_s=-1.0)
    refused = client.until_state(lambda state: state.rejected_trajectories > 0)
    assert "in the past" in refused.last_rejection
    answer = client.call(SetBool, "hand/enable", SetBool.Request(data=False))
    assert (answer.success, answer.message) == (True, "torque is off")
    client.until_state(lambda state: state.control == HandState.CONTROL_IDLE)
    assert client.call(SetBool, "hand/enable", SetBool.Request(data=True)).success
    node.terminate()
    assert node.wait(30) == 0
    # on_exit: limp
    assert [motor.get(ct.TORQUE_ENABLE) for motor in server.bus.motors.values()] == [0, 0]


def test_it_survives_the_loss_of_its_port(node, server: PtyServer, client: Client) -> None:
    client.until_state(lambda state: state.control == HandState.CONTROL_HOLD)
    client.send([0.7, 0.4])
    client.until_state(lambda state: np.allclose(state.joint_position, [0.4, 0.7], atol=0.01))
    server.unplug()
    client.until_state(lambda state: state.control == HandState.CONTROL_OFFLINE)
    assert not client.call(Trigger, "hand/reset_fault", Trigger.Request()).success
    server.plug()
    back = client.until_state(lambda state: state.control == HandState.CONTROL_HOLD)
    assert back.fault.endswith("2 of 2 motors still have torque")
    answer = client.call(Trigger, "hand/reset_fault", Trigger.Request())
    assert answer.success, answer.message
    client.until_state(lambda state: state.fault == "" and state.control == HandState.CONTROL_HOLD)
    assert np.allclose(client.states[-1].joint_position, [0.4, 0.7], atol=0.01)
    client.send([0.1, 0.2])
    client.until_state(lambda state: np.allclose(state.joint_position, [0.2, 0.1], atol=0.01))


def test_a_second_commander_makes_it_hold(node, server: PtyServer, client: Client) -> None:
    client.until_state(lambda state: state.control == HandState.CONTROL_HOLD)
    second = client.node.create_publisher(JointTrajectory, "hand/trajectory", COMMAND)
    # Sent until it is refused: the node looks for publishers ten times a second.
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        client.send([0.0, 0.0], lead_s=5.0)
        rclpy.spin_once(client.node, timeout_sec=0.2)
        if client.states and client.states[-1].rejected_trajectories:
            break
    assert client.states[-1].last_rejection == "hand/trajectory has more than one publisher"
    client.node.destroy_publisher(second)
    sent = client.states[-1].rejected_trajectories
    client.until_state(lambda state: state.control == HandState.CONTROL_HOLD)
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        client.send([0.5, 0.5])
        rclpy.spin_once(client.node, timeout_sec=0.2)
        if client.states[-1].joint_position[0] > 0.3:
            break
    assert client.states[-1].joint_position[0] > 0.3
    assert sent > 0


def test_deactivated_it_holds_and_does_not_follow(node, server, client: Client) -> None:
    client.until_state(lambda state: state.control == HandState.CONTROL_HOLD)
    change = ChangeState.Request()
    change.transition.id = Transition.TRANSITION_DEACTIVATE
    assert client.call(ChangeState, "hand/change_state", change).success
    client.send([0.7, 0.4])
    answer = client.call(SetBool, "hand/enable", SetBool.Request(data=True))
    assert (answer.success, answer.message) == (False, "the node is not active")
    state = client.until_state(lambda state: state.reads > client.states[0].reads + 20)
    assert state.control == HandState.CONTROL_HOLD
    assert np.allclose(state.joint_position, [0.0, 0.0], atol=0.01)
