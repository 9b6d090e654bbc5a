"""The UVC driver against a stand-in for cv2.VideoCapture."""

import cv2
import numpy as np
import pytest

from takt_cameras.capture.opencv import OpenCVSource, fourcc_text
from takt_cameras.capture.source import SourceLostError
from takt_cameras.parameters import OpenCVParameters
from takt_core.errors import TaktError

NOW_NS = 5_000_000_000


class FakeCapture:
    """Delivers what it is asked for, except where ``fixed`` says otherwise."""

    def __init__(self, fixed=None, opened=True, refused=()):
        self.values = {cv2.CAP_PROP_POS_MSEC: 0.0}
        self.fixed = fixed or {}
        self.opened = opened
        self.refused = refused
        self.grabs = True
        self.released = False

    def isOpened(self):
        return self.opened

    def set(self, propId, value):
        self.values[propId] = value
        return propId not in self.refused

    def get(self, propId):
        return self.fixed.get(propId, self.values.get(propId, 0.0))

    def grab(self):
        return self.grabs

    def retrieve(self):
        image = np.zeros((48, 64, 3), dtype=np.uint8)
        image[:, :, 0] = 200  # blue, in OpenCV's order
        return True, image

    def release(self):
        self.released = True


def make(capture, **changes):
    parameters = OpenCVParameters(**({"width": 64, "height": 48} | changes))
    return OpenCVSource(parameters, lambda: NOW_NS, lambda device: capture, lambda: 90_000_000_000)


def test_frames_are_rgb_and_counted():
    source = make(FakeCapture())
    assert source.open() == []
    first, second = source.read(), source.read()
    assert first.image.shape == (48, 64, 3)
    assert first.image[0, 0].tolist() == [0, 0, 200]
    assert (first.sequence, second.sequence) == (1, 2)


def test_the_configured_latency_is_subtracted():
    source = make(FakeCapture(), latency_s=0.02)
    source.open()
    assert source.read().stamp_ns == NOW_NS - 20_000_000


def test_the_kernels_stamp_is_used_where_there_is_one():
    source = make(FakeCapture(fixed={cv2.CAP_PROP_POS_MSEC: 90_000.0 - 12.0}))
    source.open()
    assert source.read().stamp_ns == NOW_NS - 12_000_000


@pytest.mark.parametrize("position_ms", [33.0, 90_001.0, 88_000.0])
def test_a_position_that_is_no_recent_monotonic_time_is_ignored(position_ms):
    source = make(FakeCapture(fixed={cv2.CAP_PROP_POS_MSEC: position_ms}))
    source.open()
    assert source.read().stamp_ns == NOW_NS


def test_another_size_is_an_error_that_names_both():
    capture = FakeCapture(fixed={cv2.CAP_PROP_FRAME_WIDTH: 32.0})
    with pytest.raises(TaktError, match=r"delivers 32x48 instead of 64x48.*'width'"):
        make(capture).open()
    assert capture.released


def test_another_rate_or_format_is_a_warning():
    yuyv = float(cv2.VideoWriter.fourcc(*"YUYV"))
    fixed = {cv2.CAP_PROP_FPS: 15.0, cv2.CAP_PROP_FOURCC: yuyv}
    rate, format_ = make(FakeCapture(fixed=fixed)).open()
    assert "15 Hz instead of 30 Hz" in rate
    assert "'YUYV' instead of 'MJPG'" in format_


def test_refused_controls_are_warnings():
    refused = (cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_WB_TEMPERATURE)
    source = make(FakeCapture(refused=refused), exposure=100.0, white_balance_k=4500.0)
    exposure, white_balance = source.open()
    assert "'exposure' 100" in exposure
    assert "'white_balance_k' 4500" in white_balance


def test_manual_exposure_is_set_and_automatic_is_left():
    manual, automatic = FakeCapture(), FakeCapture()
    make(manual, exposure=80.0).open()
    make(automatic).open()
    assert manual.values[cv2.CAP_PROP_EXPOSURE] == 80.0
    assert cv2.CAP_PROP_EXPOSURE not in automatic.values


def test_a_missing_device_is_lost_and_named():
    with pytest.raises(SourceLostError, match="camera '7' cannot be opened"):
        make(FakeCapture(opened=False), device="7").open()


def test_an_unplugged_device_is_lost():
    capture = FakeCapture()
    source = make(capture)
    source.open()
    capture.grabs = False
    with pytest.raises(SourceLostError, match="delivers no frames"):
        source.read()
    source.close()
    assert capture.released
    with pytest.raises(SourceLostError):
        source.read()


def test_a_format_has_four_letters():
    with pytest.raises(TaktError, match="'format' is 'JPEGS'"):
        make(FakeCapture(), format="JPEGS")


def test_fourcc_text_is_readable():
    assert fourcc_text(float(cv2.VideoWriter.fourcc(*"MJPG"))) == "MJPG"
    assert fourcc_text(0.0) == "    "
