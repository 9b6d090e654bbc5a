"""The RealSense driver against the library's own software device."""

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from takt_cameras.capture.source import SourceLostError
from takt_cameras.parameters import RealSenseParameters
from takt_core.errors import TaktError

# Loaded before rclpy, pyrealsense2 crashes a process that uses both at its exit.
with suppress(ImportError):
    import rclpy  # noqa: F401

rs = pytest.importorskip("pyrealsense2")

from takt_cameras.capture import realsense  # noqa: E402
from takt_cameras.capture.realsense import RealSenseSource  # noqa: E402

WIDTH, HEIGHT = 64, 48
NOW_NS = 7_000_000_000
MS = 1_000_000


class SoftwareCamera:
    """A colour and a depth sensor in one place, fed by the test."""

    def __init__(self, depth_units=0.001):
        self.device = rs.software_device()
        self.device.register_info(rs.camera_info.serial_number, "0123")
        self.depth = self.device.add_sensor("Depth")
        self.color = self.device.add_sensor("Color")
        self.depth.add_read_only_option(rs.option.depth_units, depth_units)
        self.depth_profile = self._add(self.depth, rs.stream.depth, 0, 2, rs.format.z16)
        self.color_profile = self._add(self.color, rs.stream.color, 1, 3, rs.format.rgb8)
        together = rs.extrinsics()
        together.rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1]
        together.translation = [0, 0, 0]
        self.depth_profile.register_extrinsics_to(self.color_profile, together)
        self.color_profile.register_extrinsics_to(self.depth_profile, together)
        # The library reads the pixels later and does not copy them.
        self.kept = []

    def _add(self, sensor, stream_type, uid, bytes_per_pixel, format_):
        stream = rs.video_stream()
        stream.type, stream.uid, stream.fmt = stream_type, uid, format_
        stream.width, stream.height, stream.fps, stream.bpp = WIDTH, HEIGHT, 30, bytes_per_pixel
        intrinsics = rs.intrinsics()
        intrinsics.width, intrinsics.height = WIDTH, HEIGHT
        intrinsics.fx, intrinsics.fy, intrinsics.ppx, intrinsics.ppy = 60.0, 61.0, 32.0, 24.0
        intrinsics.model, intrinsics.coeffs = rs.distortion.none, [0] * 5
        stream.intrinsics = intrinsics
        return rs.video_stream_profile(sensor.add_video_stream(stream))

    def send(self, sensor, profile, pixels, number, stamp_ms, domain):
        frame = rs.software_video_frame()
        self.kept.append(np.ascontiguousarray(pixels))
        frame.pixels = self.kept[-1].reshape(-1).view(np.uint8)
        frame.bpp = pixels.itemsize * (3 if pixels.ndim == 3 else 1)
        frame.stride = WIDTH * frame.bpp
        frame.timestamp, frame.domain, frame.frame_number = stamp_ms, domain, number
        frame.profile = profile
        sensor.on_video_frame(frame)

    def send_color(self, value, number, stamp_ms, domain=rs.timestamp_domain.hardware_clock):
        pixels = np.full((HEIGHT, WIDTH, 3), value, dtype=np.uint8)
        self.send(self.color, self.color_profile, pixels, number, stamp_ms, domain)

    def send_depth(self, value, number, stamp_ms, domain=rs.timestamp_domain.hardware_clock):
        pixels = np.full((HEIGHT, WIDTH), value, dtype=np.uint16)
        self.send(self.depth, self.depth_profile, pixels, number, stamp_ms, domain)


def make(camera, **changes):
    values = {"width": WIDTH, "height": HEIGHT, "depth_width": WIDTH, "depth_height": HEIGHT}
    parameters = RealSenseParameters(**(values | changes))
    return RealSenseSource(
        parameters, lambda: NOW_NS, lambda serial: camera.device, lambda: 1_000_000 * MS
    )


def read(source, attempts=20):
    for _ in range(attempts):
        frame = source.read()
        if frame is not None:
            return frame
    raise AssertionError("no frame")


def test_colour_and_depth_arrive_together():
    camera = SoftwareCamera()
    source = make(camera)
    source.open()
    camera.send_depth(800, 1, 1000.0)
    camera.send_color(90, 1, 1000.0)
    frame = read(source)
    source.close()
    assert frame.image.shape == (HEIGHT, WIDTH, 3)
    assert frame.image.mean() == 90
    assert frame.depth.dtype == np.uint16
    assert frame.depth[HEIGHT // 2, WIDTH // 2] == 800
    assert frame.sequence == 1


def test_depth_in_other_units_becomes_millimetres():
    camera = SoftwareCamera(depth_units=0.0001)
    source = make(camera)
    source.open()
    camera.send_depth(8000, 1, 1000.0)
    camera.send_color(90, 1, 1000.0)
    frame = read(source)
    source.close()
    assert frame.depth[HEIGHT // 2, WIDTH // 2] == 800


def test_colour_alone_waits_for_nothing():
    camera = SoftwareCamera()
    source = make(camera, depth=False)
    source.open()
    camera.send_color(50, 4, 1000.0)
    frame = read(source)
    source.close()
    assert frame.depth is None
    assert frame.sequence == 4


def test_device_stamps_keep_their_distances_however_late_they_arrive():
    camera = SoftwareCamera()
    now_ns = [NOW_NS]
    parameters = RealSenseParameters(width=WIDTH, height=HEIGHT, depth=False)
    source = RealSenseSource(parameters, lambda: now_ns[0], lambda serial: camera.device)
    source.open()
    stamps = []
    for number, late_ms in enumerate((0, 10, 4)):
        camera.send_color(50, number + 1, 1000.0 + 33 * number)
        now_ns[0] = NOW_NS + (33 * number + late_ms) * MS
        stamps.append(read(source).stamp_ns)
    source.close()
    assert stamps == [NOW_NS, NOW_NS + 33 * MS, NOW_NS + 66 * MS]


def test_global_time_is_mapped_to_ros_time():
    camera = SoftwareCamera()
    source = make(camera, depth=False, latency_s=0.01)
    source.open()
    # The wall clock says 1,000,000 ms: this frame is 25 ms old.
    camera.send_color(50, 1, 999_975.0, rs.timestamp_domain.global_time)
    frame = read(source)
    source.close()
    assert frame.stamp_ns == NOW_NS - 25 * MS - 10 * MS


def test_intrinsics_come_from_the_device():
    source = make(SoftwareCamera())
    source.open()
    intrinsics = source.intrinsics()
    source.close()
    assert (intrinsics.width, intrinsics.height) == (WIDTH, HEIGHT)
    assert np.diag(intrinsics.camera_matrix).tolist() == [60.0, 61.0, 1.0]


def test_a_missing_profile_names_what_there_is():
    with pytest.raises(TaktError, match=r"no color of 32x48 at 30 Hz; it has 64x48 at 30 Hz"):
        make(SoftwareCamera(), width=32).open()


def test_silence_means_lost(monkeypatch):
    source = make(SoftwareCamera())
    source.open()
    monkeypatch.setattr(realsense, "_SILENCE_NS", 0)
    with pytest.raises(SourceLostError, match="delivers no frames"):
        read(source)
    source.close()


def test_it_opens_again_after_a_loss():
    camera = SoftwareCamera()
    source = make(camera, depth=False)
    for number in (1, 2):
        source.open()
        camera.send_color(50, number, 1000.0 * number)
        assert read(source).sequence == number
        source.close()


def test_no_device_is_explained(monkeypatch):
    monkeypatch.setattr(realsense.rs, "context", lambda: SimpleNamespace(query_devices=list))
    with pytest.raises(SourceLostError, match="no RealSense has the serial number '9'"):
        realsense.find_connected("9")
    with pytest.raises(SourceLostError, match="no RealSense is connected"):
        realsense.find_connected("")
