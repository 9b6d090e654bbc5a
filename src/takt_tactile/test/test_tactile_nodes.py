"""The tactile node as a process: a video of a gel in, fields in metres out."""

import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from tactile_gel import COLUMNS, HEIGHT, ROWS, WIDTH, draw, rest_positions

rclpy = pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from takt_core.conversions import stamp_from_ros  # noqa: E402
from takt_core.nodes.qos import RECORD  # noqa: E402
from takt_msgs.msg import TactileField  # noqa: E402
from takt_tactile.conversions import field_from_ros, field_to_ros  # noqa: E402
from takt_tactile.tracking import DisplacementField  # noqa: E402

NODE = [sys.executable, "-m", "takt_tactile.nodes.tactile_node", "--ros-args"]
RATE_HZ = 20.0
REST_FRAMES = 10
SHEAR_PX = (4.0, -6.0)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Half a second of rest, then sheared by SHEAR_PX for a long time."""
    path = tmp_path_factory.mktemp("gel") / "gel.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, (WIDTH, HEIGHT))
    for index in range(200):
        shear = np.array(SHEAR_PX) * (index >= REST_FRAMES)
        writer.write(draw(rest_positions() + shear, noise=1.0, seed=index))
    writer.release()
    return str(path)


@pytest.fixture
def rest_image(tmp_path):
    path = tmp_path / "rest.png"
    cv2.imwrite(str(path), draw(rest_positions()))
    return str(path)


@pytest.fixture
def listener(ros_domain):
    rclpy.init()
    node = rclpy.create_node("listener")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def start(video, **values):
    values = {
        "camera": "fingertip",
        "device": video,
        "width": WIDTH,
        "height": HEIGHT,
        "rate_hz": RATE_HZ,
        "rows": ROWS,
        "columns": COLUMNS,
        "mm_per_pixel": 0.05,
    } | values
    arguments = [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]
    return subprocess.Popen([*NODE, *arguments], stderr=subprocess.PIPE, text=True)


def spin_until(node, condition, timeout_s=30.0):
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    assert condition()


def stamps_of(messages):
    return {stamp_from_ros(message.header.stamp) for message in messages}


@pytest.mark.parametrize("from_file", [False, True])
def test_shear_in_the_video_is_shear_in_the_field(video, rest_image, listener, from_file):
    fields, images = [], []
    listener.create_subscription(TactileField, "fingertip/field", fields.append, RECORD)
    listener.create_subscription(Image, "fingertip/image_raw", images.append, RECORD)
    chosen = {"reference": rest_image} if from_file else {"reference_frames": REST_FRAMES}
    process = start(video, **chosen)
    try:
        # Both topics carry the stamp of the frame; either may arrive first.
        spin_until(listener, lambda: len(stamps_of(fields) & stamps_of(images)) >= REST_FRAMES + 20)
    finally:
        process.terminate()
        assert process.wait(15) == 0
    field = field_from_ros(fields[-1])
    assert field.valid.all()
    expected_m = np.array([SHEAR_PX[0], -SHEAR_PX[1], 0.0]) * 0.05e-3
    np.testing.assert_allclose(
        field.displacement_m, np.broadcast_to(expected_m, (ROWS, COLUMNS, 3)), atol=0.25 * 0.05e-3
    )
    assert fields[-1].header.frame_id == "fingertip_surface"


def test_a_grid_that_is_not_there_is_reported(video, listener):
    statuses = []
    listener.create_subscription(
        DiagnosticArray, "/diagnostics", lambda message: statuses.extend(message.status), RECORD
    )
    process = start(video, rows=4, columns=4, reference_frames=3)
    try:
        spin_until(
            listener, lambda: any("grid of 5x7, 4x4 are expected" in s.message for s in statuses)
        )
    finally:
        process.terminate()
        process.communicate(timeout=15)


def test_a_wrong_reference_file_stops_the_node_with_the_reason(video, ros_domain):
    process = start(video, reference="missing.png")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "reference 'missing.png' is no image" in errors


def test_a_field_and_back_is_the_same():
    random = np.random.default_rng(0)
    field = DisplacementField(
        displacement_m=random.normal(size=(3, 4, 3)).astype(np.float32),
        position_m=random.normal(size=(3, 4, 2)).astype(np.float32),
        valid=random.integers(0, 2, (3, 4)).astype(bool),
    )
    again = field_from_ros(field_to_ros(field, 5, "frame"))
    for name in ("displacement_m", "position_m", "valid"):
        np.testing.assert_array_equal(getattr(again, name), getattr(field, name))
