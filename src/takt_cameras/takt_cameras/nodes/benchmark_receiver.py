"""The other end of the image benchmark: takes the images of three cameras.

Arguments: how images are taken (message or serialized), frames per camera. Ends when it
has all, or when none came for a while. Prints a line of JSON. It subscribes as the recorder
does: what is lost was lost on the way, not for want of a queue.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import Image

from takt_cameras.benchmark import CAMERAS, DISCOVERY_TIMEOUT_S, SILENCE_TIMEOUT_S
from takt_core.conversions import image_from_ros, stamp_from_ros
from takt_core.image_transport import parse_image
from takt_core.nodes.lifecycle import make_executor
from takt_core.nodes.qos import RECORD
from takt_core.percentiles import summary

_SLICE_S = 0.1


class Receiver(Node):
    """Counts and times the images."""

    def __init__(self, serialized: bool, frames: int) -> None:
        super().__init__("benchmark_receiver")
        self._serialized = serialized
        self._frames = frames
        self.latencies_ms: list[float] = []
        self.seen: set[tuple[int, int]] = set()
        self.last_arrival = time.monotonic()
        self.checksum = 0
        for index in range(CAMERAS):
            self.create_subscription(
                Image,
                f"camera_{index}/image_raw",
                lambda message, camera=index: self._on_image(camera, message),
                RECORD,
                raw=serialized,
            )

    def _on_image(self, camera: int, message: Any) -> None:
        view = parse_image(message) if self._serialized else message
        pixels = image_from_ros(view)
        now_ns = time.monotonic_ns()
        stamp_ns = stamp_from_ros(view.header.stamp)
        self.latencies_ms.append((now_ns - stamp_ns) * 1e-6)
        self.seen.add((camera, stamp_ns))
        self.last_arrival = time.monotonic()
        self.checksum += int(np.asarray(pixels[-1, -1, -1]))

    def done(self) -> bool:
        patience_s = SILENCE_TIMEOUT_S if self.seen else DISCOVERY_TIMEOUT_S
        silent = time.monotonic() - self.last_arrival > patience_s
        return silent or len(self.seen) == self._frames * CAMERAS


def main() -> None:
    serialized, frames = sys.argv[1] == "serialized", int(sys.argv[2])
    rclpy.init()
    receiver = Receiver(serialized, frames)
    executor = make_executor()
    executor.add_node(receiver)
    never: Future = Future()
    while not receiver.done():
        executor.spin_until_future_complete(never, timeout_sec=_SLICE_S)
    report = {"received": len(receiver.seen), "latency_ms": summary(receiver.latencies_ms)}
    print(json.dumps(report), flush=True)
    executor.remove_node(receiver)
    receiver.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
