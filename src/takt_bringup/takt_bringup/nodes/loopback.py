"""Sends images from a child process to this one and prints what arrived, as JSON.

It shows whether discovery works on this machine and what an image costs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image

from takt_core.nodes.qos import SENSOR_PUBLISH

_TOPIC = "takt_doctor/image"
_IMAGES = 30
_PERIOD_S = 0.02
_PATIENCE_S = 20.0


def send() -> None:
    """Wait for the receiver, then publish images that carry their time of sending."""
    with rclpy.init():
        node = Node("takt_doctor_sender")
        publisher = node.create_publisher(Image, _TOPIC, SENSOR_PUBLISH)
        deadline_s = time.monotonic() + _PATIENCE_S
        while publisher.get_subscription_count() == 0 and time.monotonic() < deadline_s:
            time.sleep(0.01)
        image = Image(height=480, width=640, encoding="rgb8", step=1920, data=bytes(921600))
        for _ in range(_IMAGES):
            image.header.stamp.sec, image.header.stamp.nanosec = divmod(
                time.time_ns(), 1_000_000_000
            )
            publisher.publish(image)
            time.sleep(_PERIOD_S)
        time.sleep(0.5)
        node.destroy_node()


def receive() -> None:
    """Start the sender, collect its images, report."""
    delays_ms: list[float] = []

    def on_image(message: Image) -> None:
        sent_ns = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        delays_ms.append((time.time_ns() - sent_ns) * 1e-6)

    with rclpy.init():
        node = Node("takt_doctor_receiver")
        node.create_subscription(Image, _TOPIC, on_image, SENSOR_PUBLISH)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        sender = subprocess.Popen([sys.executable, "-m", __spec__.name, "send"])
        deadline_s = time.monotonic() + 2 * _PATIENCE_S
        while len(delays_ms) < _IMAGES and sender.poll() is None and time.monotonic() < deadline_s:
            executor.spin_once(timeout_sec=0.1)
        sender.wait(timeout=_PATIENCE_S)
        executor.shutdown()
        node.destroy_node()
    median_ms = statistics.median(delays_ms) if delays_ms else None
    print(json.dumps({"sent": _IMAGES, "received": len(delays_ms), "median_ms": median_ms}))


if __name__ == "__main__":
    if sys.argv[1:] == ["send"]:
        send()
    else:
        receive()
