"""One end of the image benchmark: three cameras in one process.

Arguments: how images are handed to rclpy (message or serialized), frames per camera.
Prints a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image

from takt_cameras.benchmark import CAMERAS, DISCOVERY_TIMEOUT_S, HEIGHT, RATE_HZ, WIDTH
from takt_core.conversions import image_to_ros
from takt_core.image_transport import ImageEncoder
from takt_core.nodes.qos import SENSOR_PUBLISH
from takt_core.percentiles import summary

_SETTLE_S = 0.5


def main() -> None:
    serialized, frames = sys.argv[1] == "serialized", int(sys.argv[2])
    rclpy.init()
    node = Node("benchmark_sender")
    publishers = [
        node.create_publisher(Image, f"camera_{index}/image_raw", SENSOR_PUBLISH)
        for index in range(CAMERAS)
    ]
    _wait_for_receiver(publishers)
    publishing_ms = _send(publishers, frames, serialized)
    time.sleep(_SETTLE_S)
    print(json.dumps({"publishing_ms": summary(publishing_ms)}), flush=True)
    node.destroy_node()
    rclpy.shutdown()


def _wait_for_receiver(publishers: list[Publisher]) -> None:
    end = time.monotonic() + DISCOVERY_TIMEOUT_S
    while any(publisher.get_subscription_count() == 0 for publisher in publishers):
        if time.monotonic() > end:
            sys.exit(f"no receiver after {DISCOVERY_TIMEOUT_S:g} s")
        time.sleep(0.01)
    time.sleep(_SETTLE_S)


def _send(publishers: list[Publisher], frames: int, serialized: bool) -> list[float]:
    """Sends at RATE_HZ, the cameras evenly apart; returns what each publishing took [ms]."""
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    encoder = ImageEncoder("camera")
    start_ns = time.monotonic_ns()
    publishing_ms = []
    for count in range(frames * len(publishers)):
        due_ns = start_ns + round(count * 1e9 / RATE_HZ / len(publishers))
        time.sleep(max(0, due_ns - time.monotonic_ns()) * 1e-9)
        # The stamp is that of the monotonic clock, which both processes share.
        begin_ns = time.monotonic_ns()
        message: Any
        if serialized:
            message = encoder.encode(pixels, begin_ns)
        else:
            message = image_to_ros(pixels, begin_ns, "camera")
        publishers[count % len(publishers)].publish(message)
        publishing_ms.append((time.monotonic_ns() - begin_ns) * 1e-6)
    return publishing_ms


if __name__ == "__main__":
    main()
