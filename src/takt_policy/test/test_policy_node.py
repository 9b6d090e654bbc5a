"""The node over real ROS: a fake robot publishes, the node plans, and each end is reached."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rclpy
from geometry_msgs.msg import WrenchStamped
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future

from takt_core.conversions import chunk_from_ros, header_to_ros, image_to_ros, pose_to_ros
from takt_core.geometry import Pose
from takt_core.nodes.lifecycle import make_executor
from takt_core.nodes.qos import COMMAND, LATCHED, SENSOR_PUBLISH
from takt_msgs.action import RunPolicy
from takt_msgs.msg import ActionChunk, ArmState, ControlMode, PolicyStatus, TaskStatus
from takt_msgs.srv import LoadPolicy, SetGoal
from takt_policy.nodes.policy_node import PolicyNode
from takt_policy.run_watch import Mode, Outcome
from takt_policy.run_watch import TaskState as Task
from takt_policy.runtime import State
from takt_policy.testing import (
    IMAGE_SIZE,
    denoise_graph,
    straight_chunk,
    tiny_spec,
    write_tiny_bundle,
)

TIMEOUT_S = 30.0
HOME = Pose(np.array([0.45, 0.0, 0.25]), np.array([1.0, 0.0, 0.0, 0.0]))


class FakeRobot(Node):  # type: ignore[misc]
    """Publishes every stream of the tiny bundle, and is the client of the policy."""

    def __init__(self) -> None:
        super().__init__("fake_robot")
        self._image = self.create_publisher(
            type(image_to_ros(np.zeros((1, 1, 3), np.uint8), 0, "")),
            "wrist_camera/image_raw",
            SENSOR_PUBLISH,
        )
        self._arm = self.create_publisher(ArmState, "arm/state", SENSOR_PUBLISH)
        self._wrench = self.create_publisher(WrenchStamped, "arm/wrench", SENSOR_PUBLISH)
        self._mode = self.create_publisher(ControlMode, "control/mode", LATCHED)
        self._task = self.create_publisher(TaskStatus, "task/status", LATCHED)
        self._changed = threading.Condition()
        self.chunks: list[ActionChunk] = []
        self.statuses: list[PolicyStatus] = []
        self.camera_works = True
        self.create_subscription(ActionChunk, "policy/chunk", self._on_chunk, COMMAND)
        self.create_subscription(PolicyStatus, "policy/status", self._on_status, LATCHED)
        self.create_timer(0.01, self._publish_arm)
        self.create_timer(0.033, self._publish_image)
        self._run = ActionClient(self, RunPolicy, "policy/run")
        self._load = self.create_client(LoadPolicy, "policy/load")
        self._goal = self.create_client(SetGoal, "policy/set_goal")

    def now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def wait(self, what: str, met: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(met, TIMEOUT_S), f"never happened: {what}"

    def wait_for_state(self, state: State, word: str = "") -> None:
        start = len(self.statuses)
        self.wait(
            f"{state.name} {word}",
            lambda: any(s.state == state and word in s.reason for s in self.statuses[start:]),
        )

    def wait_for_chunks(self, count: int) -> list[Any]:
        start = len(self.chunks)
        self.wait(f"{count} chunks", lambda: len(self.chunks) >= start + count)
        return [chunk_from_ros(one) for one in self.chunks[start:]]

    def start(self, limit_s: float = 0.0, goal: str = "") -> Any:
        assert self._run.wait_for_server(TIMEOUT_S)
        return self.result(
            self._run.send_goal_async(RunPolicy.Goal(goal=goal, time_limit_s=limit_s))
        )

    def outcome(self, handle: Any) -> RunPolicy.Result:
        return self.result(handle.get_result_async()).result

    def load(self, path: Path | str) -> Any:
        assert self._load.wait_for_service(TIMEOUT_S)
        return self.result(self._load.call_async(LoadPolicy.Request(path=str(path), warm_up=True)))

    def set_goal(self, **fields: Any) -> Any:
        return self.result(self._goal.call_async(SetGoal.Request(**fields)))

    def result(self, future: Any) -> Any:
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        assert done.wait(TIMEOUT_S), "no answer"
        return future.result()

    def mode(self, mode: Mode, epoch: int, reason: str = "") -> None:
        self._mode.publish(
            ControlMode(
                header=header_to_ros(self.now_ns(), ""), mode=int(mode), epoch=epoch, reason=reason
            )
        )

    def task(self, state: Task, reason: str = "") -> None:
        self._task.publish(
            TaskStatus(header=header_to_ros(self.now_ns(), ""), state=int(state), reason=reason)
        )

    def _publish_arm(self) -> None:
        header = header_to_ros(self.now_ns(), "base")
        self._arm.publish(ArmState(header=header, tcp_pose=pose_to_ros(HOME)))
        self._wrench.publish(WrenchStamped(header=header))

    def _publish_image(self) -> None:
        if self.camera_works:
            pixels = np.full((IMAGE_SIZE, IMAGE_SIZE, 3), 7, np.uint8)
            self._image.publish(image_to_ros(pixels, self.now_ns(), "wrist_camera"))

    def _on_chunk(self, message: ActionChunk) -> None:
        with self._changed:
            self.chunks.append(message)
            self._changed.notify_all()

    def _on_status(self, message: PolicyStatus) -> None:
        with self._changed:
            self.statuses.append(message)
            self._changed.notify_all()


def _spin(executor: Any, end: Future) -> None:
    # In slices for the reason that takt_core.nodes.lifecycle gives.
    while not end.done():
        executor.spin_until_future_complete(end, timeout_sec=0.5)


@pytest.fixture
def robot(own_bundle: Path, ros_domain: int) -> Iterator[FakeRobot]:
    """A fake robot beside an active policy node that has loaded the tiny bundle."""
    with _robot_and_policy(f"policy:bundle:={own_bundle}") as robot:
        yield robot


@contextmanager
def _robot_and_policy(*parameters: str) -> Iterator[FakeRobot]:
    rclpy.init(args=["--ros-args", *(word for one in parameters for word in ("-p", one))])
    node, robot = PolicyNode(), FakeRobot()
    executor = make_executor()
    executor.add_node(node)
    executor.add_node(robot)
    node.trigger_configure()
    node.trigger_activate()
    assert node.active
    end = Future()
    thread = threading.Thread(target=_spin, args=(executor, end), daemon=True)
    thread.start()
    yield robot
    executor.create_task(end.set_result, None)
    thread.join(TIMEOUT_S)
    node.trigger_deactivate()
    node.trigger_cleanup()
    node.destroy_node()
    robot.destroy_node()
    rclpy.shutdown()


def test_a_run_succeeds_when_the_task_says_so(robot: FakeRobot) -> None:
    robot.wait_for_state(State.READY)
    robot.task(Task.SUCCEEDED, "of the episode before")
    handle = robot.start(goal="insert the peg")
    chunks = robot.wait_for_chunks(3)
    robot.task(Task.SUCCEEDED, "25 mm deep")
    result = robot.outcome(handle)
    assert (result.outcome, result.message) == (Outcome.SUCCEEDED, "25 mm deep")
    assert result.chunks >= 3
    robot.wait_for_state(State.READY, "25 mm deep")
    assert [chunk.id for chunk in chunks] == list(range(chunks[0].id, chunks[0].id + len(chunks)))
    for chunk in chunks:
        assert chunk.policy == "tiny"
        assert len(chunk.policy_hash) == 64
        assert chunk.goal == "insert the peg"
        assert chunk.raw.shape == (16, 10)
        assert chunk.start_ns > chunk.published_ns
        assert chunk.start_ns == chunk.reference_ns + (chunk.first_index - 1) * chunk.step_ns
        assert chunk.observed_oldest_ns <= chunk.observed_newest_ns <= chunk.inference_start_ns
        assert chunk.inference_start_ns <= chunk.inference_end_ns <= chunk.published_ns
        assert chunk.network_calls == 8
        # 2 mm per step along the tool's z axis, which points down.
        way = HOME.position_m[2] - chunk.poses[0].position_m[2]
        assert way == pytest.approx(-0.002 * (chunk.first_index - 1), abs=1e-4)
    latest = robot.statuses[-1]
    assert {one.name for one in latest.latency} == {
        "observation_age", "inference", "publishing", "end_to_end",
    }  # fmt: skip
    assert latest.chunks >= 3


def test_the_other_ways_to_end(robot: FakeRobot, own_bundle: Path) -> None:
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.task(Task.FAILED, "dropped")
    result = robot.outcome(handle)
    assert (result.outcome, result.message) == (Outcome.TASK_FAILED, "dropped")

    result = robot.outcome(robot.start(limit_s=0.3))
    assert result.outcome == Outcome.TIMED_OUT
    assert "0.3 s" in result.message

    handle = robot.start()
    robot.wait_for_chunks(1)
    second = robot.outcome(robot.start())
    assert second.outcome == Outcome.FAILED
    assert "going on" in second.message
    assert "somewhere is not a folder" in robot.load("somewhere").message
    assert "a policy is running" in robot.load(own_bundle).message
    robot.result(handle.cancel_goal_async())
    assert robot.outcome(handle).outcome == Outcome.CANCELLED

    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.mode(Mode.STOPPED, 1, "by the operator")
    result = robot.outcome(handle)
    assert result.outcome == Outcome.FAILED
    assert "by the operator" in result.message
    assert robot.statuses[-1].run == 4


def test_a_new_epoch_discards_and_observes_again(robot: FakeRobot) -> None:
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.mode(Mode.HUMAN, 5)
    start_ns = robot.now_ns()
    robot.wait("a chunk of the new epoch", lambda: robot.chunks[-1].epoch == 5)
    chunk = chunk_from_ros(robot.chunks[-1])
    assert chunk.reference_ns >= start_ns - 100_000_000
    assert robot.statuses[-1].state == State.RUNNING, "it keeps planning in the shadow"
    robot.result(handle.cancel_goal_async())


def test_a_dead_camera_makes_it_wait_and_say_so(robot: FakeRobot) -> None:
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.camera_works = False
    robot.wait_for_state(State.WAITING, "wrist_camera/image_raw")
    count = len(robot.chunks)
    reason = robot.statuses[-1].reason
    assert "input 'image'" in reason
    assert "allowed are 0.25 s" in reason
    assert len(robot.chunks) == count
    robot.camera_works = True
    robot.wait_for_chunks(1)
    robot.wait_for_state(State.RUNNING)
    robot.result(handle.cancel_goal_async())


def test_nan_fails_the_run_by_name_and_sends_nothing(robot: FakeRobot, tmp_path: Path) -> None:
    robot.wait_for_state(State.READY)
    answer = robot.load(write_tiny_bundle(tmp_path / "faulty.takt", faulty=True).path)
    assert answer.success, answer.message
    assert (answer.policy, answer.provider) == ("tiny", "CPUExecutionProvider")
    result = robot.outcome(robot.start())
    assert result.outcome == Outcome.FAILED
    assert "graph encode: output 'condition' has 4 of 4 values" in result.message
    assert not robot.chunks
    robot.wait_for_state(State.FAILED, "graph encode")


def test_a_bundle_with_nan_is_refused_at_load_and_the_old_one_goes_on(
    robot: FakeRobot, own_bundle: Path
) -> None:
    spec = tiny_spec()
    bad = denoise_graph(spec, straight_chunk(spec, (0, 0, 0)), faulty=True)
    onnx.save(bad, own_bundle / "denoise.onnx")
    answer = robot.load(own_bundle)
    assert not answer.success
    assert "graph denoise: output 'prediction' has" in answer.message
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.result(handle.cancel_goal_async())


def test_autorun_begins_by_itself_and_a_stop_ends_it(own_bundle: Path, ros_domain: int) -> None:
    with _robot_and_policy(f"policy:bundle:={own_bundle}", "policy:autorun:=true") as robot:
        robot.wait_for_chunks(2)
        assert robot.statuses[-1].run == 1
        robot.mode(Mode.STOPPED, 1, "button")
        robot.wait_for_state(State.READY, "button")
        robot.start()
        robot.wait_for_chunks(1)


def test_without_a_bundle_it_waits_for_one(own_bundle: Path, ros_domain: int) -> None:
    with _robot_and_policy("policy:goal:=left hole") as robot:
        robot.wait_for_state(State.UNLOADED, "policy/load")
        result = robot.outcome(robot.start())
        assert result.outcome == Outcome.FAILED
        assert "no bundle is loaded" in result.message
        assert robot.load(own_bundle).success
        robot.start()
        assert robot.wait_for_chunks(1)[0].goal == "left hole"


def test_goals(robot: FakeRobot) -> None:
    robot.wait_for_state(State.READY)
    assert robot.set_goal(kind=SetGoal.Request.TEXT, text="left hole").success
    robot.wait("the goal", lambda: robot.statuses[-1].goal == "left hole")
    answer = robot.set_goal(kind=SetGoal.Request.POSE)
    assert not answer.success
    assert "POSE" in answer.message
    assert robot.set_goal(kind=SetGoal.Request.NONE).success
    robot.wait("no goal", lambda: robot.statuses[-1].goal == "")


def test_a_bad_bundle_stops_the_node_at_configure(tmp_path: Path, ros_domain: int) -> None:
    rclpy.init()
    try:
        node = PolicyNode()
        node.set_parameters([Parameter("bundle", value=str(tmp_path / "missing.takt"))])
        node.trigger_configure()
        assert not node.configured
        node.destroy_node()
    finally:
        rclpy.shutdown()
