"""A vision-based tactile skin as a ROS node."""

from __future__ import annotations

import sys
import threading

from takt_cameras.capture.opencv import OpenCVSource
from takt_cameras.capture.source import FrameSource
from takt_cameras.capture.video_file import VideoFileSource, is_video_file
from takt_cameras.frame import Frame
from takt_cameras.nodes.publisher import CameraPublisher
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ERROR, OK, WARN, ManagedNode, run_node
from takt_core.nodes.qos import SENSOR_PUBLISH
from takt_msgs.msg import TactileField
from takt_tactile.conversions import field_to_ros
from takt_tactile.markers import MarkerStyle, detect
from takt_tactile.parameters import TactileParameters
from takt_tactile.reference import (
    Reference,
    ReferenceCollector,
    load_image,
    make_reference,
)
from takt_tactile.tracking import Tracker

_COMPONENT = "skin"
# Fewer dots than that in a frame are worth a warning.
_FOUND_SHARE = 0.7


class TactileNode(ManagedNode):
    """Publishes the skin's images and its displacement field.

    Without a reference file the reference is taken anew at every activation.
    """

    def __init__(self) -> None:
        super().__init__("tactile", TactileParameters)
        self._camera: CameraPublisher | None = None
        self._reference: Reference | None = None
        self._tracker: Tracker | None = None
        self._collector: ReferenceCollector | None = None
        self._lock = threading.Lock()
        self._verdict: tuple[bytes, str, float] = (OK, "taking the reference", 0.0)

    def on_takt_configure(self) -> None:
        wanted: TactileParameters = self.parameters
        self._style = MarkerStyle(
            wanted.dark_markers, wanted.contrast, wanted.minimum_area_px, wanted.maximum_area_px
        )
        self._frame_id = wanted.frame_id or f"{wanted.camera}_surface"
        self._reference = None
        if wanted.reference:
            image = load_image(wanted.reference, wanted.width, wanted.height)
            self._reference = make_reference(image, wanted.rows, wanted.columns, self._style)
        self._camera = CameraPublisher(self, self._make_source(), wanted, self._on_frame)
        self._field = self.create_publisher(TactileField, f"{wanted.camera}/field", SENSOR_PUBLISH)
        self._timer = self.create_timer(1.0, self._diagnose)
        try:
            self._camera.open(None, has_depth=False)
        except TaktError:
            self.on_takt_cleanup()
            raise

    def on_takt_activate(self) -> None:
        wanted: TactileParameters = self.parameters
        assert self._camera is not None
        self._tracker = self._collector = None
        if self._reference is not None:
            self._tracker = Tracker(self._reference, wanted.mm_per_pixel)
        else:
            self._collector = ReferenceCollector(wanted.reference_frames)
        self._camera.start()

    def on_takt_deactivate(self) -> None:
        if self._camera is not None:
            self._camera.stop()

    def on_takt_cleanup(self) -> None:
        if self._camera is not None:
            self._camera.destroy()
            self._camera = None
            self.destroy_timer(self._timer)
            self.destroy_publisher(self._field)

    def _make_source(self) -> FrameSource:
        if is_video_file(self.parameters.device):
            return VideoFileSource(self.parameters, self.now_ns)
        return OpenCVSource(self.parameters, self.now_ns)

    def _on_frame(self, frame: Frame) -> None:
        """In the grabbing thread."""
        if self._tracker is None:
            self._take_reference(frame)
            return
        field = self._tracker.track(detect(frame.image, self._style))
        self._field.publish(field_to_ros(field, frame.stamp_ns, self._frame_id))
        share = float(field.valid.mean())
        level = OK if share >= _FOUND_SHARE else WARN
        message = "markers are followed" if level == OK else "too few markers are found"
        self._set_verdict(level, message, share)

    def _take_reference(self, frame: Frame) -> None:
        """Averages frames; a reference that fails is taken again and again, and reported."""
        wanted: TactileParameters = self.parameters
        if self._collector is None:
            self._collector = ReferenceCollector(wanted.reference_frames)
        if not self._collector.add(frame.image):
            return
        try:
            reference = make_reference(
                self._collector.mean(), wanted.rows, wanted.columns, self._style
            )
        except TaktError as error:
            self._set_verdict(ERROR, str(error), 0.0)
        else:
            self._tracker = Tracker(reference, wanted.mm_per_pixel)
        self._collector = None

    def _set_verdict(self, level: bytes, message: str, share: float) -> None:
        with self._lock:
            self._verdict = (level, message, share)

    def _diagnose(self) -> None:
        if self.active:
            with self._lock:
                level, message, share = self._verdict
            self.diagnose(level, message, _COMPONENT, markers_found=f"{share:.2f}")


def main() -> None:
    sys.exit(run_node(TactileNode))


if __name__ == "__main__":
    main()
