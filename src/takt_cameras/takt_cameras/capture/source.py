"""The interface between a kind of camera and the thread that reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from takt_cameras.calibration import Intrinsics
from takt_cameras.frame import Frame

Clock = Callable[[], int]
"""The present ROS time [ns]."""


class SourceLostError(Exception):
    """The device went away, or does not answer; opening it again may help."""


class SourceEndedError(Exception):
    """There is nothing more to come: the end of a file."""


class FrameSource(Protocol):
    """A camera as its driver sees it: opened, read in one thread, closed."""

    def open(self) -> list[str]:
        """Starts the device.

        Returns:
            Warnings: what the device does differently from what it was asked for.

        Raises:
            SourceLostError: the device is not there.
            TaktError: it is there, but cannot do what is asked.
        """
        ...

    def read(self) -> Frame | None:
        """The next frame, or None if there is none yet; blocks for a second at most.

        Raises:
            SourceLostError: the device is gone.
            SourceEndedError: none will.
        """
        ...

    def close(self) -> None:
        """Gives the device back; harmless when it is not open."""
        ...

    def intrinsics(self) -> Intrinsics | None:
        """What the open device knows of its own geometry."""
        ...
