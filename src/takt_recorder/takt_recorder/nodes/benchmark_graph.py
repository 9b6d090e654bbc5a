"""The recorder against a graph of its usual size: ten topics at 100 Hz and three cameras."""

from __future__ import annotations

import array
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image

from takt_core.conversions import stamp_to_ros
from takt_core.nodes.qos import SENSOR_PUBLISH
from takt_msgs.msg import ArmState
from takt_msgs.srv import FinishRecording, StartRecording

SMALL_TOPICS = 10
CAMERAS = 3
_SMALL_PERIOD_S = 0.01
_CAMERA_PERIOD_S = 1 / 30
_PATIENCE_S = 30.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def measure(folder: Path, duration_s: float) -> dict[str, float]:
    """Run the recorder as a process and publish from this one.

    Returns:
        `node_messages_per_s` and `node_mb_per_s` that were written, `node_lost`, `node_cpu`
        (cores that the recorder kept busy), and `node_cpu_us_per_message`, both whole and for
        small messages alone (`node_small_...`).
    """
    small = _run(folder / "small", duration_s, cameras=0)
    full = _run(folder / "full", duration_s, cameras=CAMERAS)
    return {
        "node_small_cpu_us_per_message": small["node_cpu_us_per_message"],
        "node_small_lost": small["node_lost"],
        **full,
    }


def _run(folder: Path, duration_s: float, cameras: int) -> dict[str, float]:
    command = [sys.executable, "-m", "takt_recorder.nodes.recorder_node", "--ros-args"]
    command += ["-p", f"folder:={folder}", "-r", "__ns:=/benchmark"]
    rclpy.init()
    recorder = subprocess.Popen(command)
    try:
        node = rclpy.create_node("load", namespace="benchmark", start_parameter_services=False)
        return _load(node, recorder.pid, folder, duration_s, cameras)
    finally:
        recorder.terminate()
        recorder.wait(_PATIENCE_S)
        rclpy.shutdown()


def _load(node: Node, pid: int, folder: Path, duration_s: float, cameras: int) -> dict[str, float]:
    arms = [node.create_publisher(ArmState, f"s{i}", SENSOR_PUBLISH) for i in range(SMALL_TOPICS)]
    eyes = [node.create_publisher(Image, f"c{i}", SENSOR_PUBLISH) for i in range(cameras)]
    _wait(node, lambda: all(p.get_subscription_count() for p in (*arms, *eyes)))
    _call(node, StartRecording, "recorder/start", episode="load")
    before_s, began = _cpu_s(pid), time.monotonic()
    _publish(node, arms, eyes, duration_s)
    took_s, cpu_s = time.monotonic() - began, _cpu_s(pid) - before_s
    done = _call(node, FinishRecording, "recorder/finish", outcome="success")
    written = sum(topic.written for topic in done.topics)
    size = (folder / "load" / "load_0.mcap").stat().st_size
    return {
        "node_messages_per_s": written / took_s,
        "node_mb_per_s": size / took_s / 1e6,
        "node_lost": float(sum(topic.lost for topic in done.topics)),
        "node_cpu": cpu_s / took_s,
        "node_cpu_us_per_message": 1e6 * cpu_s / written,
    }


def _publish(node: Node, arms: list[Any], eyes: list[Any], duration_s: float) -> None:
    pixels = array.array("B", bytes(640 * 480 * 3))
    image = Image(height=480, width=640, encoding="rgb8", step=640 * 3, data=pixels)
    arm = ArmState(joint_position=[0.0] * 7, joint_velocity=[0.0] * 7)
    next_arm = next_eye = began = time.monotonic()
    while (now := time.monotonic()) < began + duration_s:
        stamp = stamp_to_ros(int(node.get_clock().now().nanoseconds))
        if now >= next_arm:
            next_arm += _SMALL_PERIOD_S
            arm.header.stamp = stamp
            for publisher in arms:
                publisher.publish(arm)
        if eyes and now >= next_eye:
            next_eye += _CAMERA_PERIOD_S
            image.header.stamp = stamp
            for publisher in eyes:
                publisher.publish(image)
        soonest = min(next_arm, next_eye) if eyes else next_arm
        time.sleep(max(soonest - time.monotonic(), 0.0))


def _call(node: Node, kind: Any, name: str, **fields: Any) -> Any:
    client = node.create_client(kind, name)
    _wait(node, client.service_is_ready)
    future = client.call_async(kind.Request(**fields))
    rclpy.spin_until_future_complete(node, future, timeout_sec=_PATIENCE_S)
    return future.result()


def _wait(node: Node, condition: Any) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the recorder did not come up")
        rclpy.spin_once(node, timeout_sec=0.05)


def _cpu_s(pid: int) -> float:
    """CPU time that a process has used so far [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
