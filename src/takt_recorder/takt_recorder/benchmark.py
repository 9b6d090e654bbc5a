"""How fast the recorder writes, and what a message costs it in a running graph.

The writer is compared with a plain file that takes the same bytes in the same minute on the
same disk: the ratio holds on any machine, the megabytes per second do not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from takt_recorder.definitions import find_definition
from takt_recorder.episode import EpisodeRequest
from takt_recorder.episode_recorder import EpisodeRecorder, RecordingOptions
from takt_recorder.topic import Received, Topic

SMALL_BYTES = 600
IMAGE_BYTES = 640 * 480 * 3
_SMALL_COUNT = 20_000
_IMAGE_COUNT = 300
_REPEATS = 3
_STEP_BYTES = 4 << 20


def run(folder: Path | None = None, node_s: float = 6.0) -> dict[str, float]:
    """Measure; units are in the names.

    Args:
        folder: where to write; the system's temporary folder if None.
        node_s: how long the graph runs [s]; 0 leaves it out, as does a missing ROS.

    Returns:
        `small_us_per_message`, `small_messages_per_s`, `image_mb_per_s`, `plain_mb_per_s` and
        `ratio_to_plain` of the writer alone; the `node_*` values are described in
        `takt_recorder.nodes.benchmark_graph`.
    """
    place = Path(tempfile.mkdtemp(prefix="takt_recorder_", dir=folder))
    try:
        results = _writer(place)
        if node_s > 0 and find_spec("rclpy") is not None:
            from takt_recorder.nodes.benchmark_graph import measure

            results |= measure(place, node_s)
    finally:
        shutil.rmtree(place)
    return {name: round(value, 4) for name, value in results.items()}


def _writer(place: Path) -> dict[str, float]:
    small_s = _best(lambda i: _record(place / f"small{i}", SMALL_BYTES, _SMALL_COUNT))
    image_s, plain_s = float("inf"), float("inf")
    for i in range(_REPEATS):
        # In turn, so that both meet the same state of disk and machine.
        image_s = min(image_s, _record(place / f"image{i}", IMAGE_BYTES, _IMAGE_COUNT))
        plain_s = min(plain_s, _plain(place / f"plain{i}", IMAGE_BYTES * _IMAGE_COUNT))
    megabytes = IMAGE_BYTES * _IMAGE_COUNT / 1e6
    return {
        "small_us_per_message": 1e6 * small_s / _SMALL_COUNT,
        "small_messages_per_s": _SMALL_COUNT / small_s,
        "image_mb_per_s": megabytes / image_s,
        "plain_mb_per_s": megabytes / plain_s,
        "ratio_to_plain": plain_s / image_s,
    }


def _best(measure: Callable[[int], float]) -> float:
    return min(measure(i) for i in range(_REPEATS))


def _record(folder: Path, size: int, count: int) -> float:
    """Seconds to record messages into a bag, audit and all, until they are on the disk."""
    definition = find_definition("std_msgs/msg/Header")
    recorder = EpisodeRecorder(RecordingOptions(folder, pre_roll_ns=0))
    recorder.add_topic(Topic("/load", definition))
    data = os.urandom(size)
    began = time.perf_counter()
    recorder.start(EpisodeRequest("bag"), 0)
    waiting = 0
    for i in range(count):
        recorder.receive(Received("/load", i, i, i, data))
        waiting += size
        if waiting > _STEP_BYTES:
            recorder.drain()
            waiting = 0
    recorder.finish("success", "", count)
    took = time.perf_counter() - began
    shutil.rmtree(folder)
    return took


def _plain(path: Path, size: int) -> float:
    """Seconds to write as many bytes into a file until they are on the disk."""
    data = os.urandom(_STEP_BYTES)
    began = time.perf_counter()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    left = size
    while left > 0:
        left -= os.write(descriptor, data[: min(left, _STEP_BYTES)])
    os.fdatasync(descriptor)
    os.close(descriptor)
    took = time.perf_counter() - began
    path.unlink()
    return took


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<28} {value:12.4f}")
