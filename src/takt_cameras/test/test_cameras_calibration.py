"""Calibration files: what camera_calibration writes is read; anything else is explained."""

import numpy as np
import pytest
import yaml

from takt_cameras import calibration
from takt_cameras.calibration import Intrinsics
from takt_core.errors import TaktError

WRITTEN_BY_ROS = """
image_width: 640
image_height: 480
camera_name: wrist
camera_matrix:
  rows: 3
  cols: 3
  data: [615.2, 0.0, 318.1, 0.0, 614.9, 242.7, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [0.11, -0.23, 0.001, -0.0007, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
projection_matrix:
  rows: 3
  cols: 4
  data: [620.0, 0.0, 317.0, 0.0, 0.0, 621.0, 243.0, 0.0, 0.0, 0.0, 1.0, 0.0]
"""


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "wrist.yaml"
    path.write_text(WRITTEN_BY_ROS)
    return path


def test_a_file_of_camera_calibration_is_read(written):
    intrinsics = calibration.load(written, 640, 480)
    assert intrinsics.camera_matrix[0, 2] == 318.1
    assert intrinsics.projection.shape == (3, 4)
    assert intrinsics.distortion.tolist() == [0.11, -0.23, 0.001, -0.0007, 0.0]


def test_mapping_and_back_is_the_same():
    intrinsics = Intrinsics.pinhole(640, 480, (600.0, 601.0), (320.0, 240.0), [0.1, 0, 0, 0, 0])
    content = yaml.safe_load(yaml.safe_dump(calibration.to_mapping(intrinsics, "c")))
    again = calibration.from_mapping(content, "test")
    for name in ("camera_matrix", "distortion", "rectification", "projection"):
        np.testing.assert_array_equal(getattr(again, name), getattr(intrinsics, name))


def test_another_resolution_is_refused(written):
    with pytest.raises(TaktError, match=r"is for 640x480, the camera delivers 1280x720"):
        calibration.load(written, 1280, 720)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TaktError, match=r"missing\.yaml cannot be read"):
        calibration.load(tmp_path / "missing.yaml", 640, 480)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("image_width", -1, "image_width is -1"),
        ("image_height", "480", "image_height is '480'"),
        ("distortion_model", "fisheye", "'fisheye'; allowed are plumb_bob"),
        ("distortion_coefficients", {"rows": 1, "cols": 3, "data": [0, 0, 0]}, "plumb_bob has 3"),
        ("camera_matrix", {"rows": 3, "cols": 3, "data": [1.0]}, "camera_matrix is"),
        ("camera_matrix", {"rows": 3, "cols": 3, "data": [0.0] * 9}, "focal lengths 0 and 0"),
        ("projection_matrix", None, "matrix 3x4"),
        ("projection_matrix", {"rows": 3, "cols": 3, "data": [1.0] * 9}, "matrix 3x4"),
        ("rectification_matrix", {"rows": 3, "cols": 3, "data": ["x"] * 9}, "matrix 3x3"),
        ("rectification_matrix", {"rows": 3, "cols": 3, "data": [float("nan")] * 9}, "matrix 3x3"),
    ],
)
def test_what_is_wrong_is_named(name, value, message):
    content = yaml.safe_load(WRITTEN_BY_ROS) | {name: value}
    with pytest.raises(TaktError, match=message):
        calibration.from_mapping(content, "wrist.yaml")


def test_a_list_is_no_calibration():
    with pytest.raises(TaktError, match="not list"):
        calibration.from_mapping([], "wrist.yaml")
