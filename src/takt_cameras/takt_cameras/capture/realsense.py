"""Intel RealSense through pyrealsense2: colour and depth, as seen by the colour camera.

The sensors are read through one queue and paired here, rather than by the library's pipeline:
so the same code reads a `software_device`, and a pair is never held back for a stream that
pauses. Alignment is the library's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyrealsense2 as rs

from takt_cameras.calibration import Intrinsics
from takt_cameras.capture.source import Clock, SourceLostError
from takt_cameras.clock_map import ClockMap
from takt_cameras.frame import Frame
from takt_cameras.pairing import Pairing
from takt_cameras.parameters import RealSenseParameters
from takt_core.errors import TaktError

_MILLISECOND_NS = 1_000_000
_READ_TIMEOUT_MS = 200
# Without a frame for so long the camera counts as lost (it starts up within one second).
_SILENCE_NS = 3_000_000_000
_MODELS = {
    "inverse_brown_conrady": "plumb_bob",
    "modified_brown_conrady": "plumb_bob",
    "brown_conrady": "plumb_bob",
    "none": "plumb_bob",
    "kannala_brandt4": "equidistant",
}


class RealSenseSource:
    """One RealSense camera, found by its serial number."""

    def __init__(
        self,
        parameters: RealSenseParameters,
        now_ns: Clock,
        find_device: Callable[[str], Any] | None = None,
        wall_ns: Clock = time.time_ns,
    ) -> None:
        """
        Args:
            find_device: from a serial number to a device of pyrealsense2; raises
                SourceLostError if it is not there.
            wall_ns: the clock that the library calls global and system time.
        """
        self._parameters = parameters
        self._now_ns = now_ns
        self._wall_ns = wall_ns
        self._find_device = find_connected if find_device is None else find_device
        self._device: Any = None
        self._sensors: list[Any] = []
        self._queue: Any = None
        self._align: Any = None
        self._depth_scale_mm = 1.0
        self._intrinsics: Intrinsics | None = None
        self._clock = ClockMap()
        self._pairing: Pairing[Any, Any] = Pairing(500.0 / parameters.rate_hz)
        self._ready: list[tuple[Any, Any]] = []
        self._last_arrival_ns = 0

    def open(self) -> list[str]:
        wanted = self._parameters
        self._device = self._find_device(wanted.serial)
        self._clock = ClockMap()
        self._pairing = Pairing(500.0 / wanted.rate_hz)
        self._ready = []
        # Kept frames are taken out of the library's pool, which would otherwise reuse them.
        self._queue = rs.frame_queue(8, keep_frames=True)
        streams = [(rs.stream.color, rs.format.rgb8, wanted.width, wanted.height)]
        if wanted.depth:
            streams.append(
                (rs.stream.depth, rs.format.z16, wanted.depth_width, wanted.depth_height)
            )
            self._align = rs.align(rs.stream.color)
        chosen = [self._profile(*stream) for stream in streams]
        try:
            warnings = self._start(chosen)
        except RuntimeError as error:
            self.close()
            raise SourceLostError(f"RealSense cannot be started: {error}") from error
        self._last_arrival_ns = time.monotonic_ns()
        return warnings

    def read(self) -> Frame | None:
        if not self._ready:
            self._ready = self._receive()
        if not self._ready:
            return None
        color, depth = self._ready.pop(0)
        stamp_ns = self._stamp_ns(color) - round(self._parameters.latency_s * 1e9)
        image = np.array(color.get_data())
        if depth is None:
            return Frame(stamp_ns, image, None, color.get_frame_number())
        return Frame(stamp_ns, image, self._aligned(color, depth), color.get_frame_number())

    def close(self) -> None:
        for sensor in self._sensors:
            try:
                sensor.stop()
                sensor.close()
            except RuntimeError:
                # A device that was unplugged can be neither stopped nor closed.
                continue
        self._sensors = []
        self._ready = []
        self._queue = self._device = None

    def intrinsics(self) -> Intrinsics | None:
        return self._intrinsics

    def _start(self, chosen: list[tuple[Any, Any]]) -> list[str]:
        """Opens each sensor once with all its profiles: some cameras have but one sensor."""
        profiles: dict[str, list[Any]] = {}
        sensors: dict[str, Any] = {}
        for profile, sensor in chosen:
            name = sensor.get_info(rs.camera_info.name)
            sensors[name] = sensor
            profiles.setdefault(name, []).append(profile)
            if profile.stream_type() == rs.stream.color:
                self._intrinsics = intrinsics_from_realsense(profile.get_intrinsics())
            else:
                self._depth_scale_mm = 1000.0 * sensor.get_option(rs.option.depth_units)
        warnings = []
        for name, sensor in sensors.items():
            if sensor.supports(rs.option.global_time_enabled):
                sensor.set_option(rs.option.global_time_enabled, 1.0)
            else:
                warnings.append(
                    f"{name}: no global time; device stamps are mapped by their arrival"
                )
            sensor.open(profiles[name])
            self._sensors.append(sensor)
            sensor.start(self._queue)
        return warnings

    def _profile(self, stream: Any, format_: Any, width: int, height: int) -> tuple[Any, Any]:
        """The profile that was asked for, and the sensor that has it."""
        wanted = (width, height, round(self._parameters.rate_hz), format_)
        found = []
        for sensor in self._device.query_sensors():
            for profile in sensor.get_stream_profiles():
                if profile.stream_type() != stream or not profile.is_video_stream_profile():
                    continue
                video = profile.as_video_stream_profile()
                offer = (video.width(), video.height(), video.fps(), profile.format())
                if offer == wanted:
                    return video, sensor
                found.append(f"{offer[0]}x{offer[1]} at {offer[2]} Hz")
        offers = ", ".join(sorted(set(found))) or "nothing"
        raise TaktError(
            f"RealSense has no {stream.name} of {width}x{height} at "
            f"{self._parameters.rate_hz:g} Hz; it has {offers}. Change 'width', 'height', "
            "'depth_width', 'depth_height' or 'rate_hz'"
        )

    def _receive(self) -> list[tuple[Any, Any]]:
        ok, frame = self._queue.try_wait_for_frame(_READ_TIMEOUT_MS)
        now_ns = time.monotonic_ns()
        if not ok:
            if now_ns - self._last_arrival_ns > _SILENCE_NS or not self._connected():
                raise SourceLostError("RealSense delivers no frames; check cable and USB power")
            return []
        self._last_arrival_ns = now_ns
        if not self._parameters.depth:
            return [(frame, None)]
        stamp_ms = frame.get_timestamp()
        if frame.get_profile().stream_type() == rs.stream.color:
            return self._pairing.push_first(stamp_ms, frame)
        return self._pairing.push_second(stamp_ms, frame)

    def _connected(self) -> bool:
        return bool(self._device.is_connected()) if hasattr(self._device, "is_connected") else True

    def _stamp_ns(self, frame: Any) -> int:
        """ROS time of a frame, from its own stamp."""
        now_ns = self._now_ns()
        stamp_ns = int(frame.get_timestamp() * _MILLISECOND_NS)
        if frame.get_frame_timestamp_domain() == rs.timestamp_domain.hardware_clock:
            return self._clock.host_ns(stamp_ns, now_ns)
        # Global and system time are the host's wall clock; ROS time may be another.
        return now_ns - (self._wall_ns() - stamp_ns)

    def _aligned(self, color: Any, depth: Any) -> Any:
        """(H, W) uint16 depth [mm] on the pixels of the colour image."""
        pair = self._align.process(_frameset(color, depth))
        values = np.array(pair.get_depth_frame().get_data())
        if abs(self._depth_scale_mm - 1.0) < 1e-6:
            return values
        return np.minimum(values * self._depth_scale_mm + 0.5, 65535).astype(np.uint16)


def find_connected(serial: str) -> Any:
    """The connected device with this serial number, or the only one.

    Raises:
        SourceLostError: it is not there.
        TaktError: several are, and none was named.
    """
    devices = {
        device.get_info(rs.camera_info.serial_number): device
        for device in rs.context().query_devices()
    }
    present = f"connected are {', '.join(devices)}" if devices else "none is connected"
    if serial:
        if serial not in devices:
            raise SourceLostError(
                f"no RealSense has the serial number {serial!r}; {present}. Change 'serial'"
            )
        return devices[serial]
    if not devices:
        raise SourceLostError("no RealSense is connected; check cable and udev rules")
    if len(devices) > 1:
        raise TaktError(f"several RealSense cameras; {present}. Name one by 'serial'")
    return next(iter(devices.values()))


def intrinsics_from_realsense(intrinsics: Any) -> Intrinsics:
    """The library's intrinsics as ROS's.

    Raises:
        TaktError: a distortion model that CameraInfo does not know.
    """
    name = intrinsics.model.name
    if name not in _MODELS:
        raise TaktError(
            f"RealSense uses the distortion model {name!r}; allowed are {', '.join(_MODELS)}"
        )
    model = _MODELS[name]
    return Intrinsics.pinhole(
        intrinsics.width,
        intrinsics.height,
        (intrinsics.fx, intrinsics.fy),
        (intrinsics.ppx, intrinsics.ppy),
        intrinsics.coeffs[:4] if model == "equidistant" else intrinsics.coeffs,
        model,
    )


def _frameset(color: Any, depth: Any) -> Any:
    """Both frames as one, which is what the library's alignment takes."""
    combined = rs.frame_queue(1)
    block = rs.processing_block(
        lambda frame, source: source.frame_ready(source.allocate_composite_frame([depth, frame]))
    )
    block.start(combined)
    block.invoke(color)
    return combined.wait_for_frame().as_frameset()
