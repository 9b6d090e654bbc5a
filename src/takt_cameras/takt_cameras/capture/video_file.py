"""A video file as a camera, at its own pace: for tests, demonstrations and stand-ins."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2

from takt_cameras.calibration import Intrinsics
from takt_cameras.capture.opencv import rgb_from_bgr
from takt_cameras.capture.source import Clock, SourceEndedError, SourceLostError
from takt_cameras.frame import Frame
from takt_cameras.parameters import OpenCVParameters
from takt_core.errors import TaktError

_SECOND_NS = 1_000_000_000
_WAIT_STEP_S = 0.05
_WAIT_STEPS = 10


class VideoFileSource:
    """Plays a file in the time of the clock: frame n is measured at start + n / rate of the file.

    A reader that is late gets the frames at once, with the stamps that they should have had;
    nothing is skipped.
    """

    def __init__(
        self,
        parameters: OpenCVParameters,
        now_ns: Clock,
        sleep_s: Callable[[float], object] = time.sleep,
    ) -> None:
        self._parameters = parameters
        self._now_ns = now_ns
        self._sleep_s = sleep_s
        self._capture: cv2.VideoCapture | None = None
        self._waiting: cv2.typing.MatLike | None = None
        self._period_ns = 0
        self._start_ns: int | None = None
        self._sequence = 0

    def open(self) -> list[str]:
        path = self._parameters.device
        capture = cv2.VideoCapture(path)
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
        if not capture.isOpened() or rate_hz <= 0:
            raise TaktError(
                f"video {path!r} cannot be played; allowed is what OpenCV reads (MJPG in avi is "
                "safe). Change the parameter 'device'"
            )
        width = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        wanted = self._parameters
        if (width, height) != (wanted.width, wanted.height):
            raise TaktError(
                f"video {path!r} is {width}x{height}, not {wanted.width}x{wanted.height}. "
                "Change 'width' and 'height'"
            )
        self._capture = capture
        self._period_ns = round(_SECOND_NS / rate_hz)
        self._start_ns = None
        if abs(rate_hz - wanted.rate_hz) > 0.05 * wanted.rate_hz:
            return [
                f"video {path!r} has {rate_hz:g} Hz and plays so, not at {wanted.rate_hz:g} Hz "
                "('rate_hz')"
            ]
        return []

    def read(self) -> Frame | None:
        if self._waiting is None:
            self._waiting = self._next_image()
        if self._start_ns is None:
            self._start_ns = self._now_ns() - self._sequence * self._period_ns
        due_ns = self._start_ns + self._sequence * self._period_ns
        if not self._wait_until(due_ns):
            return None
        image, self._waiting = rgb_from_bgr(self._waiting), None
        self._sequence += 1
        stamp_ns = due_ns - round(self._parameters.latency_s * _SECOND_NS)
        return Frame(stamp_ns, image, None, self._sequence)

    def close(self) -> None:
        self._waiting = None
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def intrinsics(self) -> Intrinsics | None:
        return None

    def _next_image(self) -> cv2.typing.MatLike:
        if self._capture is None:
            raise SourceLostError(f"video {self._parameters.device!r} is closed")
        ok, image = self._capture.read()
        if not ok and self._parameters.loop:
            # Opened again rather than rewound: not every container can be rewound exactly.
            self._capture.release()
            self._capture = cv2.VideoCapture(self._parameters.device)
            ok, image = self._capture.read()
        if not ok:
            raise SourceEndedError(f"video {self._parameters.device!r} is at its end")
        return image

    def _wait_until(self, due_ns: int) -> bool:
        """Whether the time has come; gives up for now after a while.

        In short steps: with a simulated clock nobody knows how long a second takes.
        """
        for _ in range(_WAIT_STEPS):
            remaining_ns = due_ns - self._now_ns()
            if remaining_ns <= 0:
                return True
            self._sleep_s(min(remaining_ns / _SECOND_NS, _WAIT_STEP_S))
        return due_ns <= self._now_ns()


def is_video_file(device: str) -> bool:
    """Whether a 'device' names a file to play rather than a device.

    A name that looks like neither a number nor a device node is a file, so that a mistyped
    path is reported as a missing video.
    """
    path = Path(device)
    return not device.isdecimal() and not path.is_char_device() and device[:5] != "/dev/"
