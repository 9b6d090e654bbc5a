"""A synthetic bag of one demo episode, for tests: known path, forces, chunks and counters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Pose, Vector3, Wrench
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from takt_core.conversions import image_to_ros
from takt_msgs.msg import (
    ActionChunk,
    ArmState,
    ControlMode,
    PolicyStatus,
    PoseTrajectory,
    PoseWaypoint,
)
from takt_recorder.bag_writer import BagWriter
from takt_recorder.definitions import find_definition
from takt_recorder.topic import Received, Topic

MS = 1_000_000
BEGIN_MS = 5_000
POLICY_MS = 6_000
END_MS = 8_000
LAST_MS = END_MS + 190
RUN = ((POLICY_MS, 1), (END_MS, 0))
STEP_MS = 100


def write_demo_bag(bag: Path, modes: tuple[tuple[int, int], ...] = RUN) -> Path:
    """Two seconds under a policy: four chunks of eight actions, sent every 0.5 s.

    Of each chunk the arbiter drops one action as late; the policy itself counts three, the
    controller two dropped waypoints and one starvation; the counters restart once.

    Changes of mode at the same time are in the bag in reverse order.

    Args:
        modes: time [ms] and mode (0 HOLD, 1 POLICY) of the changes.
    """
    messages: list[tuple[str, int, Any]] = [
        ("/arm/state", ms, _arm(ms)) for ms in range(BEGIN_MS, END_MS + 200, 10)
    ]
    for ms in range(BEGIN_MS, END_MS + 200, 50):
        status = PolicyStatus(header=_header(ms), late_actions=3 if ms > POLICY_MS else 0)
        messages.append(("/policy/status", ms, status))
        pixels = np.full((24, 32, 3), (ms // 50) % 256, dtype=np.uint8)
        image = image_to_ros(pixels, ms * MS, "camera")
        messages.append(("/overview_camera/image_raw", ms, image))
    for number, ms in enumerate(range(POLICY_MS, END_MS, 500), start=1):
        messages.append(("/policy/chunk", ms + 40, _chunk(number, ms)))
        sent = PoseTrajectory(
            header=_header(ms + 41), waypoints=[PoseWaypoint()] * 7, chunk_id=number
        )
        messages.append(("/arm/trajectory", ms + 41, sent))
    for epoch, (ms, mode) in reversed(list(enumerate(modes))):
        changed = ControlMode(header=_header(ms), mode=mode, previous=1 - mode, epoch=epoch)
        messages.append(("/control/mode", ms, changed))
    _write(bag, messages)
    return bag


def _write(bag: Path, messages: list[tuple[str, int, Any]]) -> None:
    writer = BagWriter(bag)
    for topic, message in {topic: message for topic, _, message in messages}.items():
        kind = type(message).__module__.split(".")[0] + "/msg/" + type(message).__name__
        writer.add_topic(Topic(topic, find_definition(kind)))
    ordered = sorted(messages, key=lambda one: one[1])
    for sequence, (topic, ms, message) in enumerate(ordered):
        data = serialize_message(message)
        writer.write(Received(topic, ms * MS, ms * MS, sequence, data))
    writer.finish({})


def _arm(ms: int) -> ArmState:
    along = min(max((ms - POLICY_MS) / (END_MS - POLICY_MS), 0.0), 1.0)
    place = Point(x=0.45 + 0.05 * along, y=0.01 * along, z=0.25 - 0.2 * along)
    force = Vector3(z=10.0 if along > 0.9 else 0.0)
    following = 0 if ms < POLICY_MS + 60 else min((ms - POLICY_MS - 60) // 500 + 1, 4)
    return ArmState(
        header=_header(ms),
        joint_names=["joint"],
        joint_position=[0.0],
        joint_velocity=[0.0],
        joint_torque=[0.0],
        commanded_torque=[0.0],
        tcp_pose=Pose(position=place),
        target_pose=Pose(position=place),
        wrench=Wrench(force=force),
        chunk_id=following if ms < END_MS else 0,
        starvations=int(ms > 6_500),
        # A restart of the controller sets its counters back.
        dropped_waypoints=7 if ms < 5_500 else (2 if ms > 7_000 else 0),
    )


def _chunk(number: int, ms: int) -> ActionChunk:
    return ActionChunk(
        header=_header(ms + 40),
        id=number,
        start=_time(ms + 100),
        step=Duration(nanosec=STEP_MS * MS),
        poses=[Pose()] * 8,
        observed_newest=_time(ms - 30),
        inference_start=_time(ms),
        inference_end=_time(ms + 35 + number),
        inference_wall_ns=(35 + number) * 1_000_000,
    )


def _header(ms: int) -> Header:
    return Header(stamp=_time(ms))


def _time(ms: int) -> Time:
    return Time(sec=ms // 1000, nanosec=ms % 1000 * MS)
