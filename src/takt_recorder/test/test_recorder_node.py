"""The recorder as a real process, with real publishers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.qos import QoSProfile, ReliabilityPolicy  # noqa: E402
from rosbags.highlevel import AnyReader  # noqa: E402

from takt_core.conversions import image_to_ros, sample_from_ros, stamp_to_ros  # noqa: E402
from takt_core.nodes.lifecycle import ERROR, OK, WARN  # noqa: E402
from takt_core.nodes.qos import LATCHED, SENSOR_PUBLISH  # noqa: E402
from takt_msgs.msg import ArmState, ControlMode, RecorderStatus, TactileField  # noqa: E402
from takt_msgs.srv import DiscardRecording, FinishRecording, StartRecording  # noqa: E402
from takt_recorder import episode  # noqa: E402
from takt_recorder.conversions import samples_from_bag  # noqa: E402
from takt_recorder.nodes.reporting import findings  # noqa: E402
from takt_recorder.nodes.taps import message_class  # noqa: E402
from takt_recorder.reader import BagReader  # noqa: E402
from takt_recorder.writer_thread import RecorderState  # noqa: E402

pytestmark = pytest.mark.ros
_PATIENCE_S = 40.0
SECOND_NS = 1_000_000_000


class Graph:
    """One node that publishes, calls the recorder, and watches its status."""

    def __init__(self, folder: Path, domain: int) -> None:
        self.folder = folder
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node("world", context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.statuses: list[RecorderStatus] = []
        self.node.create_subscription(
            RecorderStatus, "recorder/status", self.statuses.append, LATCHED
        )
        self.arm = self.node.create_publisher(ArmState, "arm/state", SENSOR_PUBLISH)
        self.mode = self.node.create_publisher(ControlMode, "control/mode", LATCHED)
        self.process: subprocess.Popen[bytes] | None = None
        self.sent = 0

    def launch(self, remaps: tuple[str, ...] = (), **parameters: object) -> None:
        """Start the recorder and wait for it to see the topics."""
        command = [sys.executable, "-m", "takt_recorder.nodes.recorder_node", "--ros-args"]
        values = {"folder": self.folder, "minimum_free_mb": 0, **parameters}
        for name, value in values.items():
            command += ["-p", f"{name}:={value}"]
        for remap in remaps:
            command += ["-r", remap]
        self.statuses.clear()
        self.process = subprocess.Popen(command)
        self.wait(lambda: bool(self.statuses) and self.arm.get_subscription_count() > 0)

    def stop(self, number: int = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE_S)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < end, self.statuses[-1:]
            assert self.process is None or self.process.poll() is None
            self.executor.spin_once(timeout_sec=0.02)

    def call(self, kind: Any, name: str, **fields: Any) -> Any:
        client = self.node.create_client(kind, name)
        self.wait(client.service_is_ready)
        future = client.call_async(kind.Request(**fields))
        self.wait(future.done)
        return future.result()

    def publish_arm(self, count: int) -> list[ArmState]:
        """Publish at a pace at which nothing may be lost."""
        messages = []
        for _ in range(count):
            self.sent += 1
            message = ArmState(joint_position=[0.1 * self.sent] * 7, gripper_width=0.02)
            message.header.stamp = stamp_to_ros(self.node.get_clock().now().nanoseconds)
            message.tcp_pose.position.x = self.sent / 1000.0
            self.arm.publish(message)
            messages.append(message)
            self.executor.spin_once(timeout_sec=0.0)
            time.sleep(0.002)
        return messages


@pytest.fixture
def graph(tmp_path: Path, ros_domain: int) -> Iterator[Graph]:
    made = Graph(tmp_path, ros_domain)
    yield made
    made.close()


def _received(graph: Graph, topic: str, count: int) -> Callable[[], bool]:
    def reached() -> bool:
        if not graph.statuses:
            return False
        found = {t.topic: t.written for t in graph.statuses[-1].topics}
        return bool(found.get(topic, 0) >= count)

    return reached


def test_an_episode_from_start_to_bag(graph: Graph) -> None:
    graph.mode.publish(ControlMode(mode=ControlMode.POLICY, reason="before"))
    graph.launch(pre_roll_s=0.0)
    answer = graph.call(
        StartRecording,
        "recorder/start",
        episode="one",
        task="peg",
        tag_names=["seed"],
        tag_values=["5"],
    )
    assert answer.success, answer.message
    assert answer.bag == str(graph.folder / "one")
    sent = graph.publish_arm(200)
    # A topic that appears in mid-episode.
    late = graph.node.create_publisher(TactileField, "finger/field", SENSOR_PUBLISH)
    graph.wait(lambda: late.get_subscription_count() > 0)
    late.publish(TactileField(rows=1, columns=2, displacement=[0.0] * 6))
    graph.wait(_received(graph, "/arm/state", 200))
    graph.wait(_received(graph, "/finger/field", 1))
    assert graph.statuses[-1].state == RecorderStatus.RECORDING
    done = graph.call(FinishRecording, "recorder/finish", outcome="success", note="good")
    assert done.success, done.message
    topics = {topic.topic: topic for topic in done.topics}
    assert (topics["/arm/state"].written, topics["/arm/state"].lost) == (200, 0)
    assert topics["/control/mode"].written == 1
    assert graph.stop() == 0
    with AnyReader([graph.folder / "one"]) as reader:
        decoded = [
            (connection.topic, reader.deserialize(data, connection.msgtype))
            for connection, _, data in reader.messages()
        ]
    xs = [message.tcp_pose.position.x for topic, message in decoded if topic == "/arm/state"]
    assert xs == [message.tcp_pose.position.x for message in sent]
    values = episode.read(graph.folder / "one")
    assert values is not None
    assert (values["outcome"], values["tags"]["seed"]) == ("success", "5")
    assert values["modes"][0]["reason"] == "before"
    assert values["audit"]["lost"] == 0


def test_killed_in_mid_episode_the_bag_so_far_is_recovered_at_the_next_start(
    graph: Graph,
) -> None:
    graph.launch(flush_s=0.1)
    graph.call(StartRecording, "recorder/start", episode="one", task="peg")
    graph.publish_arm(100)
    graph.wait(_received(graph, "/arm/state", 100))
    # One flush interval later they must be safe, whatever happens.
    time.sleep(0.5)
    graph.publish_arm(20)
    assert graph.stop(signal.SIGKILL) == -signal.SIGKILL
    bag = graph.folder / "one"
    assert BagReader(bag).cut
    counts = BagReader(bag).content().counts
    assert counts["/arm/state"] >= 100
    graph.launch()
    graph.wait((bag / "metadata.yaml").exists)
    graph.stop()
    with AnyReader([bag]) as reader:
        found = {c.topic: c.msgcount for c in reader.connections}
    assert found["/arm/state"] == counts["/arm/state"]
    values = episode.read(bag)
    assert values is not None
    assert (values["cut"], values["task"]) == (True, "peg")


def test_stopped_in_mid_episode_the_bag_is_whole(graph: Graph) -> None:
    graph.launch()
    graph.call(StartRecording, "recorder/start", episode="one")
    graph.publish_arm(50)
    graph.wait(_received(graph, "/arm/state", 50))
    assert graph.stop(signal.SIGTERM) == 0
    assert not BagReader(graph.folder / "one").cut
    values = episode.read(graph.folder / "one")
    assert values is not None
    assert (values["outcome"], values["cut"]) == ("interrupted", False)


def test_services_refuse_with_a_reason(graph: Graph) -> None:
    graph.launch()
    done = graph.call(FinishRecording, "recorder/finish", outcome="success")
    assert not done.success
    assert "no episode is being recorded" in done.message
    assert graph.call(StartRecording, "recorder/start", episode="one").success
    again = graph.call(StartRecording, "recorder/start", episode="two")
    assert not again.success
    assert "'one' is being recorded" in again.message
    assert graph.call(DiscardRecording, "recorder/discard", reason="test").success
    assert not (graph.folder / "one").exists()
    bad = graph.call(StartRecording, "recorder/start", episode="../two")
    assert not bad.success
    assert "allowed are letters" in bad.message


def test_a_parameter_that_is_wrong_stops_the_node_with_its_name(
    tmp_path: Path, ros_domain: int
) -> None:
    command = [sys.executable, "-m", "takt_recorder.nodes.recorder_node", "--ros-args"]
    command += ["-p", f"folder:={tmp_path}", "-p", "compression:=gzip"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "'compression' is 'gzip'" in done.stderr


def test_live_and_recorded_messages_give_the_same_arrays(graph: Graph) -> None:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    depth = random.random((6, 8), dtype=np.float32)
    arm = ArmState(
        joint_position=random.random(7).tolist(),
        joint_velocity=random.random(7).tolist(),
        joint_torque=random.random(7).tolist(),
        gripper_width=0.03,
    )
    arm.header.stamp = stamp_to_ros(5 * SECOND_NS + 1)
    arm.tcp_pose.orientation.w = 1.0
    arm.wrench.force.z = -3.25
    field = TactileField(rows=2, columns=3, displacement=random.random(18).tolist())
    field.header.stamp = stamp_to_ros(5 * SECOND_NS + 2)
    color = image_to_ros(pixels, 5 * SECOND_NS + 3, "camera")
    live = {
        "arm/state": arm,
        "finger/field": field,
        "wrist/image_raw": color,
        "wrist/depth/image_raw": image_to_ros(depth, 5 * SECOND_NS + 4, "camera"),
    }
    publishers = {
        name: graph.node.create_publisher(type(message), name, SENSOR_PUBLISH)
        for name, message in live.items()
    }
    graph.launch()
    graph.wait(lambda: all(p.get_subscription_count() > 0 for p in publishers.values()))
    graph.call(StartRecording, "recorder/start", episode="one")
    for name, message in live.items():
        publishers[name].publish(message)
        graph.wait(_received(graph, f"/{name}", 1))
    graph.call(FinishRecording, "recorder/finish", outcome="success")
    graph.stop()
    recorded = {s.stream: s for s in samples_from_bag(graph.folder / "one", list(live))}
    assert recorded.keys() == live.keys()
    for name, message in live.items():
        expected = sample_from_ros(name, message)
        assert recorded[name].stamp_ns == expected.stamp_ns
        assert recorded[name].features.keys() == expected.features.keys()
        for feature, values in expected.features.items():
            found = recorded[name].features[feature]
            assert found.dtype == values.dtype
            np.testing.assert_array_equal(found, values)


def test_quality_of_service_follows_the_publishers(graph: Graph) -> None:
    """A best-effort publisher beside a reliable one is recorded, and so is a late latched one."""
    reliable = QoSProfile(depth=5)
    effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    first = graph.node.create_publisher(TactileField, "mixed", reliable)
    graph.launch()
    graph.wait(lambda: first.get_subscription_count() > 0)
    graph.call(StartRecording, "recorder/start", episode="one")
    second = graph.node.create_publisher(TactileField, "mixed", effort)
    # The taps subscribe again, this time without asking for reliability.
    graph.wait(lambda: second.get_subscription_count() > 0)
    first.publish(TactileField(rows=1))
    graph.wait(_received(graph, "/mixed", 1))
    second.publish(TactileField(rows=2))
    graph.wait(_received(graph, "/mixed", 2))
    done = graph.call(FinishRecording, "recorder/finish", outcome="success")
    assert sum(topic.lost for topic in done.topics) == 0
    offered = BagReader(graph.folder / "one").topics()["/mixed"].qos
    # The bag's channel was announced when only the first was there.
    assert [profile.reliability for profile in offered] == ["reliable"]


def test_the_taps_have_a_name_of_their_own_whatever_the_launch_file_says(graph: Graph) -> None:
    graph.launch(remaps=("__node:=bookkeeper",))
    names = [name for name, _ in graph.node.get_node_names_and_namespaces()]
    # With a leading underscore, `ros2 node` and `ros2 param` leave the taps alone.
    assert sorted(n for n in names if "bookkeeper" in n) == ["_bookkeeper_taps", "bookkeeper"]
    taps_services = graph.node.get_service_names_and_types_by_node("_bookkeeper_taps", "/")
    assert taps_services == []


def test_findings_name_what_is_wrong() -> None:
    def levels(state: RecorderState, *rest: Any) -> dict[str, tuple[bytes, str]]:
        return {f.component: (f.level, f.message) for f in findings(state, *rest)}

    fine = levels(RecorderState(), {}, [])
    assert {level for level, _ in fine.values()} == {OK}
    bad = levels(RecorderState(problem="disk full", lost=3), {"/x": "a/msg/B"}, ["/y"])
    assert bad["disk"] == (ERROR, "disk full")
    assert bad["topics"][0] == WARN
    assert "/x (a/msg/B)" in bad["topics"][1]
    assert bad["losses"][0] == WARN
    assert "/y" in levels(RecorderState(), {}, ["/y"])["topics"][1]


def test_a_type_that_is_not_installed_is_told_apart() -> None:
    assert message_class("takt_msgs/msg/ArmState") is ArmState
    assert message_class("nobody/msg/Knows") is None
    assert message_class("takt_msgs/msg/NoSuchThing") is None
