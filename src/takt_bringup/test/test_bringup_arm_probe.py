"""`takt check arm` hears a robot that holds still, in a namespace, and commands nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from takt_bringup.robots.configuration import read_robot
from takt_description import home_posture, real_arm_description
from takt_impedance.kinematics import ArmModel

rclpy = pytest.importorskip("rclpy", reason="ROS is not installed")

from rclpy.node import Node  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from takt_bringup.cli.check import main_arm  # noqa: E402
from takt_core.nodes.qos import LATCHED, SENSOR_PUBLISH  # noqa: E402

pytestmark = pytest.mark.ros

_FOLDER = Path(__file__).resolve().parents[3] / "config" / "robots"


class StillRobot(Node):
    """Publishes the description of an FR3, its joint states at rest, and a gripper's."""

    def __init__(self, sign: float) -> None:
        super().__init__("still_robot", namespace="left")
        robot = read_robot("fr3", folder=_FOLDER)
        description = real_arm_description("fr3")
        posture = home_posture(description)
        self._q = np.array([posture[joint] for joint in robot.joints])
        arm = ArmModel(description, robot.tool_frame, robot.joints)
        self._effort = sign * arm.gravity(self._q)
        self._names = list(robot.joints)
        self._states = self.create_publisher(JointState, "joint_states", SENSOR_PUBLISH)
        self._description = self.create_publisher(String, "robot_description", LATCHED)
        self._description.publish(String(data=description))
        self.create_timer(0.005, self._publish)

    def _publish(self) -> None:
        state = JointState(name=self._names, position=self._q, effort=self._effort)
        state.header.stamp = self.get_clock().now().to_msg()
        self._states.publish(state)
        fingers = JointState(name=["finger"], position=[0.04], effort=[0.0])
        fingers.header.stamp = state.header.stamp
        self._states.publish(fingers)


@pytest.fixture
def start(ros_domain: int) -> Iterator[Callable[[float], StillRobot]]:
    rclpy.init()
    nodes: list[Node] = []
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            for node in nodes:
                rclpy.spin_once(node, timeout_sec=0.002)

    thread = threading.Thread(target=spin)

    def make(sign: float) -> StillRobot:
        nodes.append(StillRobot(sign))
        thread.start()
        return nodes[0]

    yield make
    stop.set()
    thread.join()
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


@pytest.mark.parametrize(
    ("sign", "expected"), [(1.0, "agrees with the model"), (-1.0, "sign: -1.0")]
)
def test_the_gravity_of_a_robot_is_checked(
    sign: float,
    expected: str,
    start: Callable[[float], StillRobot],
    capsys: pytest.CaptureFixture[str],
) -> None:
    start(sign)
    words = ["fr3", "--namespace", "left", "--seconds", "1", "--folder", str(_FOLDER)]
    # This machine may lack a real-time kernel: the exit code says nothing here.
    main_arm(words)
    seen = " ".join(capsys.readouterr().out.split())
    assert expected in seen
    assert "joint states" in seen
    assert "posture" in seen
    assert "nothing on joint_states" not in seen
