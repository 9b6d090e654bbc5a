"""The camera node as a process: a video file in, topics and diagnostics out."""

import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import yaml

rclpy = pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402

from takt_cameras import calibration  # noqa: E402
from takt_cameras.calibration import Intrinsics  # noqa: E402
from takt_cameras.conversions import camera_info_from_ros, camera_info_to_ros  # noqa: E402
from takt_core.conversions import image_from_ros, stamp_from_ros  # noqa: E402
from takt_core.nodes.qos import RECORD  # noqa: E402

NODE = [sys.executable, "-m", "takt_cameras.nodes.opencv_camera_node", "--ros-args"]
RATE_HZ = 20.0


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, (64, 48))
    for index in range(10):
        writer.write(np.full((48, 64, 3), (0, 0, 10 + 20 * index), dtype=np.uint8))
    writer.release()
    return str(path)


@pytest.fixture
def listener(ros_domain):
    rclpy.init()
    node = rclpy.create_node("listener")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def parameters(**values):
    return [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]


def start(video, **values):
    values = {"device": video, "width": 64, "height": 48, "rate_hz": RATE_HZ} | values
    return subprocess.Popen([*NODE, *parameters(**values)], stderr=subprocess.PIPE, text=True)


def spin_until(node, condition, timeout_s=30.0):
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    assert condition()


def test_images_and_calibration_are_published(video, tmp_path, listener):
    intrinsics = Intrinsics.pinhole(64, 48, (60.0, 60.0), (32.0, 24.0))
    path = tmp_path / "wrist.yaml"
    path.write_text(yaml.safe_dump(calibration.to_mapping(intrinsics, "wrist")))
    images, infos, diagnostics = [], [], []
    listener.create_subscription(Image, "wrist_camera/image_raw", images.append, RECORD)
    listener.create_subscription(CameraInfo, "wrist_camera/camera_info", infos.append, RECORD)
    listener.create_subscription(
        DiagnosticArray, "/diagnostics", lambda message: diagnostics.extend(message.status), RECORD
    )
    process = start(video, camera="wrist_camera", calibration=path)
    try:
        spin_until(listener, lambda: len(images) >= 30 and len(infos) >= 30)
        spin_until(listener, lambda: any("wrist_camera" in status.name for status in diagnostics))
    finally:
        process.terminate()
        assert process.wait(15) == 0
    stamps = [stamp_from_ros(image.header.stamp) for image in images]
    # No frame is missing, and the time is that of the file.
    assert set(np.diff(stamps)) == {50_000_000}
    reds = [round(float(image_from_ros(image)[:, :, 0].mean()), -1) for image in images]
    assert {10.0, 30.0, 190.0} <= set(reds)
    assert images[0].header.frame_id == "wrist_camera_optical_frame"
    # The first of one topic may have come before the other was discovered.
    assert {stamp_from_ros(info.header.stamp) for info in infos} & set(stamps)
    assert camera_info_from_ros(infos[0]).camera_matrix[0, 0] == 60.0
    status = next(status for status in diagnostics if "wrist_camera" in status.name)
    assert {"rate_hz", "dropped", "latency_ms_p50"} <= {value.key for value in status.values}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 32}, "is 64x48, not 32x48. Change 'width' and 'height'"),
        ({"device": "missing.avi"}, "'missing.avi' cannot be played"),
        ({"device": "/dev/video99"}, "'/dev/video99' cannot be opened"),
        ({"rate_hz": 0.0}, "'rate_hz' is 0.0; allowed is a number from 0.1"),
        ({"calibration": "missing.yaml"}, "calibration missing.yaml cannot be read"),
    ],
)
def test_a_wrong_configuration_stops_the_node_with_the_reason(video, ros_domain, changes, message):
    process = start(video, **changes)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert message in errors


def test_a_missing_realsense_stops_its_node_with_the_reason(ros_domain):
    pytest.importorskip("pyrealsense2")
    node = [sys.executable, "-m", "takt_cameras.nodes.realsense_node", "--ros-args"]
    # A number that no camera has, should one be connected.
    result = subprocess.run(
        [*node, *parameters(serial="'none'")], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1
    assert "no RealSense has the serial number 'none'" in result.stderr


def test_camera_info_and_back_is_the_same():
    intrinsics = Intrinsics.pinhole(640, 480, (600.0, 601.0), (320.0, 240.0), [0.1] * 5)
    again = camera_info_from_ros(camera_info_to_ros(intrinsics, 5, "frame"))
    assert (again.width, again.height) == (640, 480)
    for name in ("camera_matrix", "distortion", "rectification", "projection"):
        np.testing.assert_array_equal(getattr(again, name), getattr(intrinsics, name))
