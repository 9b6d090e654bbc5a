"""`takt demo` as a user runs it: processes, report, picture, bags that others can read."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader

from takt_bringup.demo.command import main

# Everything that the simulated system publishes, with the type that a reader must find.
TOPICS = {
    "/joint_states": "sensor_msgs/msg/JointState",
    "/arm/state": "takt_msgs/msg/ArmState",
    "/arm/current_pose": "geometry_msgs/msg/PoseStamped",
    "/arm/wrench": "geometry_msgs/msg/WrenchStamped",
    "/arm/trajectory": "takt_msgs/msg/PoseTrajectory",
    "/wrist_camera/image_raw": "sensor_msgs/msg/Image",
    "/wrist_camera/camera_info": "sensor_msgs/msg/CameraInfo",
    "/front_camera/image_raw": "sensor_msgs/msg/Image",
    "/fingertip/field": "takt_msgs/msg/TactileField",
    "/policy/chunk": "takt_msgs/msg/ActionChunk",
    "/policy/status": "takt_msgs/msg/PolicyStatus",
    "/control/mode": "takt_msgs/msg/ControlMode",
    "/control/steps": "takt_msgs/msg/StepRecord",
    "/task/status": "takt_msgs/msg/TaskStatus",
    "/recorder/status": "takt_msgs/msg/RecorderStatus",
    "/diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
}


@pytest.fixture(scope="module")
def demo(reserve_ros_domain, tmp_path_factory) -> Path:  # type: ignore[no-untyped-def]
    """The folder of a demo of two episodes."""
    out = tmp_path_factory.mktemp("demo")
    with reserve_ros_domain() as domain, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(domain))
        assert main(["--episodes", "2", "--out", str(out)]) == 0
    return Path(out)


def test_the_report_says_how_well_it_went(demo: Path) -> None:
    report = json.loads((demo / "report.json").read_text())
    assert (report["episodes"], report["successes"]) == (2, 2)
    assert report["torque_violations"] == 0
    for part in ("observation_age", "inference", "publishing", "end_to_end"):
        assert set(report["chunk_latency_ms"][part]) >= {"p50", "p95", "p99"}
    assert isinstance(report["late_actions"], int)
    assert isinstance(report["starvations"], int)
    for topic in TOPICS:
        counted = report["recorder"][topic]
        assert counted["received"] == counted["written"] > 0
        assert counted["lost"] == 0
    assert len(report["bags"]) == 2


def test_the_picture_is_one(demo: Path) -> None:
    picture = cv2.imread(str(demo / "peg_insertion.png"))
    assert picture is not None
    assert min(picture.shape[:2]) > 500
    assert picture.std() > 20


def test_other_readers_find_every_topic_and_decode_every_message(demo: Path) -> None:
    bag = next(path for path in sorted((demo / "bags").iterdir()) if path.is_dir())
    with AnyReader([bag]) as reader:
        found = {connection.topic: connection.msgtype for connection in reader.connections}
        assert found.items() >= TOPICS.items()
        counts = dict.fromkeys(found, 0)
        for connection, _, data in reader.messages():
            reader.deserialize(data, connection.msgtype)
            counts[connection.topic] += 1
    assert all(counts[topic] > 0 for topic in TOPICS)

    decoded = dict.fromkeys(found, 0)
    with next(bag.glob("*.mcap")).open("rb") as file:
        for _, channel, _, _ in make_reader(
            file, decoder_factories=[DecoderFactory()]
        ).iter_decoded_messages():
            decoded[channel.topic] += 1
    assert decoded == counts
