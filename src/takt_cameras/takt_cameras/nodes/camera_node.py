"""What the nodes of all kinds of cameras have in common."""

from __future__ import annotations

from abc import abstractmethod

from takt_cameras.calibration import Intrinsics
from takt_cameras.capture.source import FrameSource
from takt_cameras.nodes.publisher import CameraPublisher
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ManagedNode


class CameraNode(ManagedNode):
    """Opens its camera when it is configured, reads it while it is active."""

    _camera: CameraPublisher | None = None

    @abstractmethod
    def make_source(self) -> FrameSource:
        """The source of the frames, from ``self.parameters``."""

    def calibration(self) -> Intrinsics | None:
        """Intrinsics that go before those of the device.

        Raises:
            TaktError: they cannot be loaded.
        """
        return None

    def has_depth(self) -> bool:
        return False

    def on_takt_configure(self) -> None:
        known = self.calibration()
        self._camera = CameraPublisher(self, self.make_source(), self.parameters)
        try:
            self._camera.open(known, self.has_depth())
        except TaktError:
            self.on_takt_cleanup()
            raise

    def on_takt_activate(self) -> None:
        assert self._camera is not None
        self._camera.start()

    def on_takt_deactivate(self) -> None:
        if self._camera is not None:
            self._camera.stop()

    def on_takt_cleanup(self) -> None:
        if self._camera is not None:
            self._camera.destroy()
            self._camera = None
