"""A video file as a camera: its content, its timing, its end."""

import cv2
import numpy as np
import pytest

from takt_cameras.capture.source import SourceEndedError, SourceLostError
from takt_cameras.capture.video_file import VideoFileSource, is_video_file
from takt_cameras.parameters import OpenCVParameters
from takt_core.errors import TaktError

RATE_HZ = 20.0
PERIOD_NS = 50_000_000
FRAMES = 5


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now_ns = 1_000_000_000
        self.frozen = False

    def __call__(self):
        return self.now_ns

    def sleep(self, seconds):
        if not self.frozen:
            self.now_ns += round(seconds * 1e9)


@pytest.fixture
def video(tmp_path):
    """Grey frames of 10, 40, 70, ..."""
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, (64, 48))
    for index in range(FRAMES):
        writer.write(np.full((48, 64, 3), 10 + 30 * index, dtype=np.uint8))
    writer.release()
    return str(path)


def make(video, clock, **changes):
    values = {"device": video, "width": 64, "height": 48, "rate_hz": RATE_HZ} | changes
    return VideoFileSource(OpenCVParameters(**values), clock, clock.sleep)


def test_frames_come_at_the_rate_of_the_file(video):
    clock = Clock()
    source = make(video, clock)
    assert source.open() == []
    frames = [source.read() for _ in range(FRAMES)]
    assert np.diff([frame.stamp_ns for frame in frames]).tolist() == [PERIOD_NS] * (FRAMES - 1)
    assert clock.now_ns - frames[-1].stamp_ns == 0
    brightness = [float(frame.image.mean()) for frame in frames]
    assert brightness == pytest.approx([10, 40, 70, 100, 130], abs=3)


def test_latency_makes_stamps_earlier(video):
    clock = Clock()
    source = make(video, clock, latency_s=0.1)
    source.open()
    assert source.read().stamp_ns == 1_000_000_000 - 100_000_000


def test_a_loop_goes_on_in_time(video):
    source = make(video, Clock())
    source.open()
    frames = [source.read() for _ in range(2 * FRAMES + 1)]
    assert np.diff([frame.stamp_ns for frame in frames]).tolist() == [PERIOD_NS] * (2 * FRAMES)
    assert frames[FRAMES].image.mean() == pytest.approx(10, abs=3)
    assert [frame.sequence for frame in frames] == list(range(1, 2 * FRAMES + 2))


def test_without_loop_it_ends(video):
    source = make(video, Clock(), loop=False)
    source.open()
    for _ in range(FRAMES):
        source.read()
    with pytest.raises(SourceEndedError, match="at its end"):
        source.read()


def test_it_waits_for_a_clock_that_stands_still(video):
    clock = Clock()
    source = make(video, clock)
    source.open()
    source.read()
    clock.frozen = True
    assert source.read() is None
    clock.frozen = False
    assert source.read().sequence == 2


def test_a_late_reader_misses_nothing(video):
    clock = Clock()
    source = make(video, clock)
    source.open()
    first = source.read()
    clock.now_ns += 10 * PERIOD_NS
    second = source.read()
    assert second.stamp_ns == first.stamp_ns + PERIOD_NS


def test_another_size_is_an_error(video):
    with pytest.raises(TaktError, match=r"is 64x48, not 32x48"):
        make(video, Clock(), width=32).open()


def test_another_rate_is_a_warning(video):
    (warning,) = make(video, Clock(), rate_hz=30.0).open()
    assert "has 20 Hz" in warning


def test_what_is_no_video_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no video")
    with pytest.raises(TaktError, match="cannot be played"):
        make(str(path), Clock()).open()


def test_a_closed_file_is_lost(video):
    source = make(video, Clock())
    source.open()
    source.close()
    with pytest.raises(SourceLostError):
        source.read()


@pytest.mark.parametrize(
    ("device", "file"),
    [("0", False), ("/dev/video2", False), ("/dev/v4l/by-id/x", False), ("clip.avi", True)],
)
def test_files_and_devices_are_told_apart(device, file):
    assert is_video_file(device) is file
