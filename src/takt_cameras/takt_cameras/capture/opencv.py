"""UVC cameras through OpenCV."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from takt_cameras.calibration import Intrinsics
from takt_cameras.capture.source import Clock, SourceLostError
from takt_cameras.frame import Frame
from takt_cameras.parameters import OpenCVParameters
from takt_core.errors import TaktError

_SECOND_NS = 1_000_000_000
# V4L2's and UVC's numbers for "manual" and "automatic" exposure.
_EXPOSURE_MANUAL, _EXPOSURE_AUTOMATIC = 1.0, 3.0


class VideoCapture(Protocol):
    """The part of cv2.VideoCapture that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802
    def set(self, propId: int, value: float) -> bool: ...
    def get(self, propId: int) -> float: ...
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


class OpenCVSource:
    """A UVC camera.

    A frame's stamp is the time at which the kernel received it where the back end tells
    (V4L2 does), else the return of ``grab``, less the configured latency.
    """

    def __init__(
        self,
        parameters: OpenCVParameters,
        now_ns: Clock,
        open_device: Callable[[int | str], VideoCapture] | None = None,
        monotonic_ns: Clock = time.monotonic_ns,
    ) -> None:
        self._parameters = parameters
        self._now_ns = now_ns
        self._monotonic_ns = monotonic_ns
        self._open_device = open_device or _open_device
        self._capture: VideoCapture | None = None
        self._sequence = 0
        if len(parameters.format) not in (0, 4):
            raise TaktError(
                f"'format' is {parameters.format!r}; allowed are four letters such as MJPG or "
                "YUYV, or nothing"
            )

    def open(self) -> list[str]:
        device = self._parameters.device
        capture = self._open_device(int(device) if device.isdecimal() else device)
        if not capture.isOpened():
            capture.release()
            raise SourceLostError(
                f"camera {device!r} cannot be opened; {_present()}. "
                "Change the parameter 'device', or check the cable and the group 'video'"
            )
        self._capture = capture
        self._request(capture)
        return self._check(capture)

    def read(self) -> Frame:
        capture = self._capture
        if capture is None or not capture.grab():
            raise SourceLostError(f"camera {self._parameters.device!r} delivers no frames")
        stamp_ns = self._now_ns() - self._age_ns(capture) - round(self._parameters.latency_s * 1e9)
        ok, image = capture.retrieve()
        if not ok:
            raise SourceLostError(f"camera {self._parameters.device!r}: frame cannot be decoded")
        self._sequence += 1
        return Frame(stamp_ns, rgb_from_bgr(image), None, self._sequence)

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def intrinsics(self) -> Intrinsics | None:
        return None

    def _request(self, capture: VideoCapture) -> None:
        wanted = self._parameters
        # The format first: it decides which sizes and rates there are.
        if wanted.format:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wanted.format))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height)
        capture.set(cv2.CAP_PROP_FPS, wanted.rate_hz)
        # One buffer, so that no old frame is read after a pause.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def _check(self, capture: VideoCapture) -> list[str]:
        wanted, device = self._parameters, self._parameters.device
        width = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if (width, height) != (wanted.width, wanted.height):
            self.close()
            raise TaktError(
                f"camera {device!r} delivers {width}x{height} instead of {wanted.width}x"
                f"{wanted.height}. Change 'width' and 'height' to a size that it has "
                "(v4l2-ctl --list-formats-ext)"
            )
        warnings = []
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
        if abs(rate_hz - wanted.rate_hz) > 0.05 * wanted.rate_hz:
            warnings.append(
                f"camera {device!r} runs at {rate_hz:g} Hz instead of {wanted.rate_hz:g} Hz "
                "('rate_hz')"
            )
        format_ = fourcc_text(capture.get(cv2.CAP_PROP_FOURCC))
        if wanted.format and format_ != wanted.format:
            warnings.append(
                f"camera {device!r} sends {format_!r} instead of {wanted.format!r} ('format'); "
                "uncompressed video may not fit USB at this size and rate"
            )
        return warnings + self._control(capture)

    def _control(self, capture: VideoCapture) -> list[str]:
        """Exposure and white balance; a camera without them is still a camera."""
        exposure, white_balance = self._parameters.exposure, self._parameters.white_balance_k
        automatic = _EXPOSURE_AUTOMATIC if exposure < 0 else _EXPOSURE_MANUAL
        capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, automatic)
        capture.set(cv2.CAP_PROP_AUTO_WB, 1.0 if white_balance < 0 else 0.0)
        warnings = []
        if exposure >= 0 and not capture.set(cv2.CAP_PROP_EXPOSURE, exposure):
            warnings.append(f"the camera refuses 'exposure' {exposure:g}")
        if white_balance >= 0 and not capture.set(cv2.CAP_PROP_WB_TEMPERATURE, white_balance):
            warnings.append(f"the camera refuses 'white_balance_k' {white_balance:g}")
        return warnings

    def _age_ns(self, capture: VideoCapture) -> int:
        """How long ago the kernel received the grabbed frame [ns]; 0 if it does not say."""
        received_ns = round(capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        age_ns = self._monotonic_ns() - received_ns
        # Other back ends put other things here; only a recent monotonic time is believed.
        return age_ns if received_ns > 0 and 0 <= age_ns < _SECOND_NS else 0


def rgb_from_bgr(image: Any) -> Any:
    """(H, W, 3) uint8 RGB of what OpenCV delivers: BGR or grey."""
    code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), dtype=np.uint8)


def fourcc_text(code: float) -> str:
    """Four letters of OpenCV's number for a pixel format; a space for what is not printable."""
    letters = (chr(int(code) >> shift & 0xFF) for shift in (0, 8, 16, 24))
    return "".join(letter if letter.isprintable() else " " for letter in letters)


def _open_device(device: int | str) -> VideoCapture:
    capture: VideoCapture = cv2.VideoCapture(device)
    return capture


def _present() -> str:
    devices = sorted(str(path) for path in Path("/dev").glob("video*"))
    return f"present are {', '.join(devices)}" if devices else "no /dev/video* is present"
