"""The nodes with real rclpy, in simulated time that the test publishes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("takt_msgs.msg", exc_type=ImportError)

from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from teleop_world import HOME, MS, World  # noqa: E402
from trajectory_msgs.msg import JointTrajectory  # noqa: E402

from takt_core.conversions import (  # noqa: E402
    chunk_to_ros,
    header_to_ros,
    pose_to_ros,
    stamp_from_ros,
    stamp_to_ros,
)
from takt_core.nodes.qos import (  # noqa: E402
    COMMAND,
    LATCHED,
    SENSOR_PUBLISH,
    STEPS,
)
from takt_msgs.msg import (  # noqa: E402
    ActionChunk,
    ArmState,
    ControlMode,
    Impedance,
    PolicyStatus,
    PoseTrajectory,
    StepRecord,
    TeleopCommand,
)
from takt_msgs.srv import Pause, Release, ResetControl, Stop, TakeOver  # noqa: E402
from takt_teleop.nodes.arbiter_node import ArbiterNode  # noqa: E402

pytestmark = pytest.mark.ros


class Graph:
    """An arbiter, and one node that plays everybody else."""

    def __init__(self, arbiter: ArbiterNode) -> None:
        self.arbiter = arbiter
        self.node = rclpy.create_node("everybody_else", use_global_arguments=False)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(arbiter)
        self.executor.add_node(self.node)
        self.now_ns = 10_000 * MS
        self.heartbeat: int | None = None
        self.fault = ""
        self.base_frame = "base"
        self.received: dict[str, list[Any]] = {}
        make = self.node.create_publisher
        self.clock = make(Clock, "/clock", 1)
        self.arm = make(ArmState, "arm/state", SENSOR_PUBLISH)
        self.status = make(PolicyStatus, "policy/status", LATCHED)
        self.chunks = make(ActionChunk, "policy/chunk", COMMAND)
        self.device = make(TeleopCommand, "teleop/command", SENSOR_PUBLISH)
        for kind, topic, qos in (
            (PoseTrajectory, "arm/trajectory", COMMAND),
            (ControlMode, "control/mode", LATCHED),
            (StepRecord, "control/steps", STEPS),
            (Impedance, "arm/impedance", LATCHED),
            (JointTrajectory, "hand/trajectory", COMMAND),
        ):
            box = self.received.setdefault(topic, [])
            self.node.create_subscription(kind, topic, box.append, qos)

    def step(self) -> None:
        """Ten milliseconds of ROS time: clock, arm, heartbeat, and everything delivered."""
        self.now_ns += 10 * MS
        self.clock.publish(Clock(clock=stamp_to_ros(self.now_ns)))
        self.spin(lambda: self.arbiter.now_ns() >= self.now_ns)
        header = header_to_ros(self.now_ns, self.base_frame)
        self.arm.publish(ArmState(header=header, target_pose=pose_to_ros(HOME), fault=self.fault))
        if self.heartbeat is not None:
            self.status.publish(
                PolicyStatus(header=header, state=self.heartbeat, policy="peg", run=1)
            )
        for _ in range(10):
            self.executor.spin_once(timeout_sec=0.001)

    def spin(self, condition: Callable[[], bool], limit_s: float = 20.0) -> None:
        end = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < end, "the graph did not answer"
            self.executor.spin_once(timeout_sec=0.01)

    def until(self, condition: Callable[[], bool], steps: int = 400) -> None:
        for _ in range(steps):
            if condition():
                return
            self.step()
        pytest.fail(f"not within {steps} steps; modes: {[m.event for m in self.modes]}")

    @property
    def modes(self) -> list[ControlMode]:
        return self.received["control/mode"]

    def is_mode(self, mode: int) -> Callable[[], bool]:
        return lambda: bool(self.modes) and self.modes[-1].mode == mode

    def call(self, kind: Any, name: str, **fields: str) -> Any:
        client = self.node.create_client(kind, name)
        self.spin(client.service_is_ready)
        future = client.call_async(kind.Request(**fields))
        self.spin(future.done)
        self.node.destroy_client(client)
        return future.result()

    def send_chunk(self) -> int:
        """Publish a chunk from the arm's target on; the time of its first action."""
        world = World()
        world.now_ns = self.now_ns
        chunk = world.chunk(epoch=self.modes[-1].epoch)
        self.chunks.publish(chunk_to_ros(chunk, "base"))
        return chunk.start_ns


@pytest.fixture
def graph(ros_domain: int) -> Iterator[Graph]:
    rclpy.init(args=["--ros-args", "-p", "use_sim_time:=true"])
    arbiter = ArbiterNode()
    made = Graph(arbiter)
    arbiter.trigger_configure()
    arbiter.trigger_activate()
    made.until(lambda: made.arm.get_subscription_count() > 0 and bool(made.modes))
    yield made
    arbiter.stop()
    made.executor.shutdown()
    arbiter.destroy_node()
    made.node.destroy_node()
    rclpy.shutdown()


def test_a_policy_commands_and_its_death_holds(graph: Graph) -> None:
    assert graph.modes[-1].mode == ControlMode.HOLD
    graph.heartbeat = PolicyStatus.RUNNING
    graph.until(graph.is_mode(ControlMode.POLICY))
    start_ns = graph.send_chunk()
    graph.until(lambda: bool(graph.received["arm/trajectory"]))
    sent = graph.received["arm/trajectory"][-1]
    assert (sent.source, sent.chunk_id, len(sent.waypoints)) == ("policy", 1, 8)
    assert stamp_from_ros(sent.waypoints[0].time) == start_ns
    graph.until(lambda: bool(graph.received["control/steps"]))
    step = graph.received["control/steps"][0]
    assert stamp_from_ros(step.header.stamp) == start_ns
    assert (step.mode, step.policy_hash, step.has_base) == (ControlMode.POLICY, "abc", True)
    graph.heartbeat, died_ns = None, graph.now_ns
    graph.until(graph.is_mode(ControlMode.HOLD))
    assert stamp_from_ros(graph.modes[-1].header.stamp) - died_ns <= 150 * MS
    assert graph.modes[-1].event == "policy_lost"
    assert "heartbeat lost" in graph.modes[-1].reason
    graph.until(lambda: not graph.received["arm/trajectory"][-1].waypoints)


def test_the_services_take_over_release_stop_and_reset(graph: Graph) -> None:
    answer = graph.call(TakeOver, "control/take_over", operator_id="ada", reason="test")
    assert answer.success
    graph.until(graph.is_mode(ControlMode.HUMAN))
    assert graph.modes[-1].operator_id == "ada"

    def pushed() -> bool:
        message = TeleopCommand(header=header_to_ros(graph.now_ns, "base"), device="test")
        message.twist.linear.y = 0.1
        graph.device.publish(message)
        sent = graph.received["arm/trajectory"]
        return (
            bool(sent)
            and bool(sent[-1].waypoints)
            and (sent[-1].waypoints[0].pose.position.y > 0.01)
        )

    graph.until(pushed)
    assert graph.received["arm/trajectory"][-1].source == "human"
    assert graph.call(Release, "control/release", correction="left").success
    graph.until(lambda: any(s.correction == "left" for s in graph.received["control/steps"]))
    assert graph.call(Pause, "control/pause", reason="pause").success
    assert graph.call(Stop, "control/stop", reason="test").success
    graph.until(graph.is_mode(ControlMode.STOPPED))
    refused = graph.call(TakeOver, "control/take_over", operator_id="ada", reason="test")
    assert not refused.success
    assert graph.call(ResetControl, "control/reset").success
    graph.until(graph.is_mode(ControlMode.HOLD))


def test_guide_publishes_gains_and_restores_those_of_others(graph: Graph) -> None:
    mine = Impedance(stiffness=[300.0] * 6, damping_ratio=[0.9] * 6)
    others = graph.node.create_publisher(Impedance, "arm/impedance", LATCHED)
    others.publish(mine)
    graph.until(lambda: bool(graph.received["arm/impedance"]))
    graph.until(lambda: others.get_subscription_count() >= 2)
    assert graph.call(TakeOver, "control/guide", operator_id="ada").success
    graph.until(lambda: graph.received["arm/impedance"][-1].guide)
    assert graph.call(Release, "control/release").success
    graph.until(lambda: not graph.received["arm/impedance"][-1].guide)
    np.testing.assert_array_equal(graph.received["arm/impedance"][-1].stiffness, mine.stiffness)


def test_what_is_no_message_is_refused_and_the_arbiter_goes_on(graph: Graph) -> None:
    nan = float("nan")
    header = header_to_ros(graph.now_ns, "base")
    graph.status.publish(PolicyStatus(header=header, state=99, policy="peg"))
    reeling = ArmState(header=header, target_pose=pose_to_ros(HOME))
    reeling.target_twist.linear.x = nan
    nowhere = ArmState(header=header)
    nowhere.target_pose.orientation.w = 0.0
    for state in (reeling, nowhere):
        graph.arm.publish(state)
    for command in (
        TeleopCommand(header=header, button=77),
        TeleopCommand(header=header, gripper_width=float("inf")),
        TeleopCommand(header=header, absolute=True, pose=nowhere.target_pose),
    ):
        graph.device.publish(command)
    gains = graph.node.create_publisher(Impedance, "arm/impedance", LATCHED)
    gains.publish(Impedance(stiffness=[nan] * 6))
    graph.heartbeat = PolicyStatus.RUNNING
    graph.until(graph.is_mode(ControlMode.POLICY))
    world = World()
    world.now_ns = graph.now_ns
    broken = chunk_to_ros(world.chunk(epoch=graph.modes[-1].epoch), "base")
    broken.gripper_width = [0.01]
    graph.chunks.publish(broken)
    graph.until(graph.is_mode(ControlMode.HOLD))
    assert "gripper_width of a chunk" in graph.modes[-1].reason
    assert graph.call(TakeOver, "control/guide", operator_id="ada").success
    graph.until(lambda: graph.received["arm/impedance"][-1].guide)
    assert graph.call(Release, "control/release").success
    graph.until(lambda: not graph.received["arm/impedance"][-1].guide)
    assert np.isfinite(graph.received["arm/impedance"][-1].stiffness).all()


def test_a_second_publisher_of_the_command_is_noticed(graph: Graph) -> None:
    graph.heartbeat = PolicyStatus.RUNNING
    graph.until(graph.is_mode(ControlMode.POLICY))
    graph.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    graph.until(graph.is_mode(ControlMode.HOLD))
    assert "everybody_else" in graph.modes[-1].reason


def test_a_chunk_that_is_none_is_refused_with_its_reason(graph: Graph) -> None:
    graph.heartbeat = PolicyStatus.RUNNING
    graph.until(graph.is_mode(ControlMode.POLICY))
    broken = chunk_to_ros(World().chunk(epoch=graph.modes[-1].epoch), "base")
    broken.poses[3].position.x = float("nan")
    graph.chunks.publish(broken)
    graph.until(graph.is_mode(ControlMode.HOLD))
    assert "not a pose" in graph.modes[-1].reason


def test_deactivating_holds_and_activating_begins_anew(graph: Graph) -> None:
    graph.call(TakeOver, "control/take_over", operator_id="ada")
    graph.until(lambda: bool(graph.received["arm/trajectory"]))
    graph.arbiter.trigger_deactivate()
    graph.until(lambda: not graph.received["arm/trajectory"][-1].waypoints)
    # A hand that a policy moved stops as well.
    graph.until(lambda: bool(graph.received["hand/trajectory"]))
    assert not graph.received["hand/trajectory"][-1].points
    answer = graph.call(TakeOver, "control/take_over", operator_id="ada")
    assert (answer.success, answer.message) == (False, "the arbiter is not active")
    graph.arbiter.trigger_activate()
    graph.until(graph.is_mode(ControlMode.HOLD))
    graph.arbiter.trigger_deactivate()
    graph.arbiter.trigger_cleanup()
    assert graph.arbiter.count_publishers("arm/trajectory") == 0


def test_the_keyboard_node_commands_from_a_terminal(ros_domain: int) -> None:
    rclpy.init()
    node = rclpy.create_node("listener")
    received: list[TeleopCommand] = []
    node.create_subscription(TeleopCommand, "teleop/command", received.append, SENSOR_PUBLISH)
    modes = node.create_publisher(ControlMode, "control/mode", LATCHED)
    modes.publish(ControlMode(mode=ControlMode.HUMAN, reason="of the test"))
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [sys.executable, "-m", "takt_teleop.nodes.keyboard_node"],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        text=True,
    )
    shown = b""

    def until(condition: Callable[[], bool], keys: bytes = b"") -> None:
        nonlocal shown
        end = time.monotonic() + 40.0
        while not condition():
            assert time.monotonic() < end, shown.decode()
            assert process.poll() is None, shown.decode()
            os.write(master, keys)
            if select.select([master], [], [], 0)[0]:
                shown += os.read(master, 65536)
            rclpy.spin_once(node, timeout_sec=0.05)

    try:
        until(lambda: bool(received))
        until(lambda: any(m.button == TeleopCommand.TAKE_OVER for m in received), b"t")
        until(lambda: received[-1].twist.linear.x > 0.0, b"w")
        until(lambda: received[-1].twist.linear.x == 0.0)
        until(lambda: b"[HUMAN  ]" in shown)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, process.stderr and process.stderr.read()
        assert termios.tcgetattr(slave) == before
    finally:
        process.kill()
        process.wait()
        node.destroy_node()
        rclpy.shutdown()
        os.close(master)
        os.close(slave)


def test_commands_are_in_the_frame_that_the_arm_names(graph: Graph) -> None:
    """The base of a real arm is called after the arm, and its controller refuses other frames."""
    graph.base_frame = "fr3_link0"
    graph.until(graph.is_mode(ControlMode.HOLD))
    graph.step()
    assert graph.call(Stop, "control/stop", reason="test").success
    graph.until(graph.is_mode(ControlMode.STOPPED))
    graph.until(lambda: bool(graph.received["arm/trajectory"]))
    assert graph.received["arm/trajectory"][-1].header.frame_id == "fr3_link0"
