"""The simulator node in its own process: topics, one commander, reset, and a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("takt_msgs")

import numpy as np  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from geometry_msgs.msg import PoseStamped, WrenchStamped  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image, JointState  # noqa: E402

from takt_core.conversions import (  # noqa: E402
    pose_from_ros,
    pose_to_ros,
    sample_from_ros,
    stamp_from_ros,
    trajectory_to_ros,
)
from takt_core.geometry import Pose  # noqa: E402
from takt_core.nodes.qos import COMMAND, LATCHED, SENSOR_PUBLISH, STEPS  # noqa: E402
from takt_core.trajectory import Trajectory, Waypoint  # noqa: E402
from takt_msgs.msg import (  # noqa: E402
    ArmState,
    Impedance,
    PoseTrajectory,
    TactileField,
    TaskStatus,
)
from takt_msgs.srv import ResetTask  # noqa: E402

pytestmark = pytest.mark.ros
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
        self.resetter = self.node.create_client(ResetTask, "task/reset")

    def _keeper(self, topic: str) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            self.newest[topic] = message
            if topic == "/diagnostics":
                self.complaints |= {s.message for s in message.status if s.level != b"\0"}

        return keep

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


@pytest.fixture(scope="module")
def domain(reserve_ros_domain: Callable[[], AbstractContextManager[int]]) -> Iterator[int]:
    with reserve_ros_domain() as number:
        yield number


@pytest.fixture(scope="module")
def simulator(domain: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "takt_sim.nodes.simulator_node", "--ros-args",
         "-p", "rate_factor:=2.0", "-p", "image_size:=48"],
        env=environment,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def probe(domain: int, simulator: subprocess.Popen[bytes]) -> Iterator[Probe]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(domain))
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        probe = Probe()
    yield probe
    probe.close()


def shifted(probe: Probe, offset_m: tuple[float, float, float], steps: int) -> Trajectory:
    start = pose_from_ros(probe.arm.target_pose)
    waypoints = []
    for i in range(1, steps + 1):
        position = start.position_m + i / steps * np.asarray(offset_m)
        pose = Pose(position, start.quaternion_xyzw)
        waypoints.append(Waypoint(probe.now_ns + (i + 1) * STEP_NS, pose, None))
    return Trajectory(tuple(waypoints), "test", 7)


def test_publishes_every_topic_of_the_interface(probe: Probe) -> None:
    probe.wait(lambda: len(probe.newest) == len(probe.TOPICS), "all topics")
    assert probe.newest["task/status"].state == TaskStatus.IDLE
    assert len(probe.newest["joint_states"].name) == 9
    for topic in ("arm/state", "arm/wrench", "fingertip/field", "wrist_camera/image_raw"):
        sample = sample_from_ros(topic, probe.newest[topic])
        numbers = [value for value in sample.features.values() if value.dtype.kind != "U"]
        assert numbers
        assert all(np.isfinite(value).all() for value in numbers)
    image = probe.newest["wrist_camera/image_raw"]
    assert (image.width, image.height) == (48, 48)
    assert image.header.frame_id == "wrist_camera_optical_frame"
    info = probe.newest["wrist_camera/camera_info"]
    assert info.k[2] == 24.0
    assert info.k[0] > 20.0


def test_reset_starts_the_episode_of_the_seed(probe: Probe) -> None:
    answer = probe.reset(5)
    assert answer.success
    probe.wait(lambda: probe.newest["task/status"].seed == 5, "status of seed 5")
    first = probe.newest["task/status"]
    assert first.state == TaskStatus.RUNNING
    home = pose_from_ros(probe.arm.tcp_pose).position_m
    probe.reset(6)
    probe.reset(5)
    np.testing.assert_allclose(pose_from_ros(probe.arm.tcp_pose).position_m, home, atol=2e-3)
    probe.wait(lambda: probe.newest["task/status"].episode == first.episode + 2, "two episodes")


def test_follows_stamped_waypoints_then_starves_and_holds(probe: Probe) -> None:
    probe.reset(5)
    publisher = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: publisher.get_subscription_count() == 1, "the simulator's subscription")
    start = pose_from_ros(probe.arm.tcp_pose).position_m
    trajectory = shifted(probe, (0.0, 0.0, 0.04), 6)
    publisher.publish(trajectory_to_ros(trajectory, probe.now_ns, "base"))
    probe.wait(lambda: probe.arm.chunk_id == 7, "the trajectory")
    probe.pass_time(15 * STEP_NS)
    moved = pose_from_ros(probe.arm.tcp_pose).position_m - start
    np.testing.assert_allclose(moved, [0.0, 0.0, 0.04], atol=3e-3)
    assert probe.arm.starved
    assert probe.arm.starvations == 1
    assert probe.arm.torque_violations == 0
    assert probe.arm.fault == ""
    probe.node.destroy_publisher(publisher)


def test_single_targets_only_while_nobody_sends_trajectories(probe: Probe) -> None:
    probe.reset(5)
    targets = probe.node.create_publisher(PoseStamped, "arm/target_pose", COMMAND)
    probe.wait(lambda: targets.get_subscription_count() == 1, "the simulator's subscription")
    goal = pose_from_ros(probe.arm.tcp_pose)
    goal = Pose(goal.position_m + np.array([0.0, 0.03, 0.0]), goal.quaternion_xyzw)
    targets.publish(PoseStamped(pose=pose_to_ros(goal)))

    def arrived() -> bool:
        error = pose_from_ros(probe.arm.tcp_pose).position_m - goal.position_m
        return bool(np.abs(error).max() < 3e-3)

    probe.wait(arrived, "the target")
    commander = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: commander.get_subscription_count() == 1, "the simulator's subscription")
    probe.pass_time(5 * STEP_NS)
    away = Pose(goal.position_m - [0.0, 0.05, 0.0], goal.quaternion_xyzw)
    targets.publish(PoseStamped(pose=pose_to_ros(away)))
    probe.wait(lambda: any("target_pose refused" in c for c in probe.complaints), "the refusal")
    probe.pass_time(5 * STEP_NS)
    assert arrived()
    probe.node.destroy_publisher(commander)
    probe.node.destroy_publisher(targets)


def test_two_commanders_are_a_fault_and_the_arm_holds(probe: Probe) -> None:
    probe.reset(5)
    first = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    second = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_HOLD, "hold")
    probe.wait(lambda: any("2 publishers on" in c for c in probe.complaints), "the diagnostic")
    before = pose_from_ros(probe.arm.tcp_pose).position_m
    first.publish(trajectory_to_ros(shifted(probe, (0.0, 0.0, 0.05), 4), probe.now_ns, "base"))
    probe.pass_time(8 * STEP_NS)
    np.testing.assert_allclose(pose_from_ros(probe.arm.tcp_pose).position_m, before, atol=2e-3)
    probe.node.destroy_publisher(second)
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_CARTESIAN, "one commander")
    probe.node.destroy_publisher(first)


def test_guide_mode_can_be_asked_for(probe: Probe) -> None:
    publisher = probe.node.create_publisher(Impedance, "arm/impedance", LATCHED)
    publisher.publish(Impedance(guide=True))
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_GUIDE, "guide mode")
    publisher.publish(Impedance(stiffness=[900.0] * 3 + [45.0] * 3, damping_ratio=[1.0] * 6))
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_CARTESIAN, "the law again")
    publisher.publish(Impedance(stiffness=[-1.0] * 6, damping_ratio=[1.0] * 6))
    probe.wait(lambda: any("impedance refused" in c for c in probe.complaints), "the refusal")
    in_tool = Impedance(frame=Impedance.FRAME_TCP, stiffness=[9.0] * 6, damping_ratio=[1.0] * 6)
    publisher.publish(in_tool)
    probe.wait(lambda: any("FRAME_BASE" in c for c in probe.complaints), "the frame's refusal")
    probe.node.destroy_publisher(publisher)


def test_ends_cleanly(probe: Probe, simulator: subprocess.Popen[bytes]) -> None:
    simulator.send_signal(signal.SIGTERM)
    assert simulator.wait(timeout=WAIT_S) == 0
