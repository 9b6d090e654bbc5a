"""Publishes the frames of one camera and tells how it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image

from takt_cameras.calibration import Intrinsics
from takt_cameras.capture.grabber import Grabber
from takt_cameras.capture.source import FrameSource
from takt_cameras.conversions import camera_info_to_ros
from takt_cameras.frame import Frame
from takt_cameras.parameters import CameraParameters
from takt_core.image_transport import ImageEncoder
from takt_core.nodes.lifecycle import ERROR, OK, WARN, ManagedNode
from takt_core.nodes.qos import SENSOR_PUBLISH
from takt_core.percentiles import Window

_DIAGNOSE_PERIOD_S = 1.0


class CameraPublisher:
    """Owns the grabber, the topics and the diagnostics of one camera.

    Frames are published from the grabbing thread: a detour through the executor would cost
    latency and gain nothing.
    """

    def __init__(
        self,
        node: ManagedNode,
        source: FrameSource,
        parameters: CameraParameters,
        on_frame: Callable[[Frame], None] | None = None,
    ) -> None:
        """
        Args:
            on_frame: called with every frame after it was published, in the grabbing thread.
        """
        self._on_published = on_frame
        self._node = node
        self._source = source
        self._parameters = parameters
        self._frame_id = parameters.frame_id or f"{parameters.camera}_optical_frame"
        self._encoder = ImageEncoder(self._frame_id)
        self._depth_encoder = ImageEncoder(self._frame_id)
        self._intrinsics: Intrinsics | None = None
        self._warnings: list[str] = []
        self._lock = threading.Lock()
        self._latency_ms = Window(200)
        self._grabber = Grabber(
            source, self._on_frame, parameters.reconnect_period_s, self._on_warning
        )
        self._image = self._advertise(Image, "image_raw")
        self._info: Publisher | None = None
        self._depth: Publisher | None = None
        self._timer = node.create_timer(_DIAGNOSE_PERIOD_S, self._diagnose)
        self._counted = (time.monotonic(), 0)

    def open(self, intrinsics: Intrinsics | None, has_depth: bool) -> None:
        """Opens the camera.

        Args:
            intrinsics: from a calibration; None: the device's own, if it knows them.

        Raises:
            TaktError: the camera is missing or cannot do what is asked.
        """
        self._grabber.open()
        self._intrinsics = intrinsics or self._source.intrinsics()
        if self._intrinsics is not None:
            self._info = self._advertise(CameraInfo, "camera_info")
        if has_depth:
            self._depth = self._advertise(Image, "depth/image_raw")

    def start(self) -> None:
        self._grabber.start()

    def stop(self) -> None:
        self._grabber.stop()

    def destroy(self) -> None:
        self._grabber.stop()
        self._node.destroy_timer(self._timer)
        for publisher in (self._image, self._info, self._depth):
            if publisher is not None:
                self._node.destroy_publisher(publisher)

    def _advertise(self, message_type: type, name: str) -> Publisher:
        topic = f"{self._parameters.camera}/{name}"
        return self._node.create_publisher(message_type, topic, SENSOR_PUBLISH)

    def _on_frame(self, frame: Frame) -> None:
        self._image.publish(self._encoder.encode(frame.image, frame.stamp_ns))
        if self._intrinsics is not None and self._info is not None:
            self._info.publish(camera_info_to_ros(self._intrinsics, frame.stamp_ns, self._frame_id))
        if frame.depth is not None and self._depth is not None:
            self._depth.publish(self._depth_encoder.encode(frame.depth, frame.stamp_ns))
        if self._on_published is not None:
            self._on_published(frame)
        with self._lock:
            self._latency_ms.add((self._node.now_ns() - frame.stamp_ns) * 1e-6)

    def _on_warning(self, message: str) -> None:
        with self._lock:
            if message not in self._warnings:
                self._warnings.append(message)
        self._node.get_logger().warning(message)

    def _diagnose(self) -> None:
        if not self._node.active:
            return
        state = self._grabber.state()
        now, (then, counted) = time.monotonic(), self._counted
        self._counted = (now, state.frames)
        rate_hz = (state.frames - counted) / max(now - then, 1e-9)
        with self._lock:
            latency, warnings = self._latency_ms.summary(), "; ".join(self._warnings)
        level, message = OK, "frames are coming"
        if not state.running:
            level, message = ERROR, state.problem
        elif rate_hz < 0.8 * self._parameters.rate_hz:
            level, message = WARN, "the rate is more than 20 % below 'rate_hz'"
        elif warnings:
            level, message = WARN, warnings
        self._node.diagnose(
            level,
            message,
            self._parameters.camera,
            rate_hz=f"{rate_hz:.1f}",
            frames=state.frames,
            dropped=state.dropped,
            losses=state.losses,
            latency_ms_p50=f"{latency['p50']:.1f}",
            latency_ms_p99=f"{latency['p99']:.1f}",
        )
