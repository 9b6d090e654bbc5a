"""sensor_msgs/Image as it travels (CDR), written and read without a message object.

rclpy's publishers take and its ``raw=True`` subscriptions hand over serialized messages. For an
image that saves two copies on each side and the generic serializer, which goes through a
growing buffer. The layout is plain CDR, little endian, as in the OMG's DDSI-RTPS 2.5, 10.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError

_SECOND_NS = 1_000_000_000
_LITTLE_ENDIAN = b"\x00\x01\x00\x00"
_STAMP_OFFSET = len(_LITTLE_ENDIAN)
# Alignment counts from behind the encapsulation header.
_ORIGIN = len(_LITTLE_ENDIAN)
_ENCODINGS = {
    (3, "uint8"): "rgb8",
    (2, "uint8"): "mono8",
    (2, "uint16"): "16UC1",
    (2, "float32"): "32FC1",
}


@dataclass(frozen=True)
class Stamp:
    sec: int
    nanosec: int


@dataclass(frozen=True)
class HeaderView:
    stamp: Stamp
    frame_id: str


@dataclass(frozen=True)
class ImageView:
    """The attributes of a sensor_msgs/Image; ``data`` is a view of the serialized bytes.

    ``takt_core.conversions.image_from_ros`` takes it like a message.
    """

    header: HeaderView
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: memoryview


class ImageEncoder:
    """Serializes the images of one camera; keeps the part that does not change."""

    def __init__(self, frame_id: str) -> None:
        self._frame_id = frame_id
        self._layout: tuple[tuple[int, ...], str] | None = None
        self._prefix = bytearray()

    def encode(self, pixels: npt.NDArray[Any], stamp_ns: int) -> bytes:
        """The serialized sensor_msgs/Image, for ``Publisher.publish``.

        Args:
            pixels: (H, W, 3) uint8 RGB, (H, W) uint8, (H, W) uint16 depth [mm] or
                (H, W) float32 depth [m].
            stamp_ns: when the image was measured, ROS time [ns].

        Raises:
            TaktError: an array that is none of these.
        """
        if self._layout != (pixels.shape, pixels.dtype.name):
            self._prefix = _prefix(pixels, self._frame_id)
            self._layout = (pixels.shape, pixels.dtype.name)
        seconds, nanoseconds = divmod(stamp_ns, _SECOND_NS)
        struct.pack_into("<iI", self._prefix, _STAMP_OFFSET, seconds, nanoseconds)
        contiguous = np.ascontiguousarray(pixels)
        return b"".join((self._prefix, contiguous.reshape(-1).view(np.uint8).data))


def parse_image(serialized: bytes) -> ImageView:
    """A serialized sensor_msgs/Image, from a ``raw=True`` subscription or a bag.

    Raises:
        TaktError: bytes that are no little-endian CDR of an image.
    """
    try:
        return _parse(serialized)
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise TaktError(
            f"{len(serialized)} bytes are no sensor_msgs/Image ({error}); "
            "check the type of the topic"
        ) from error


def _parse(serialized: bytes) -> ImageView:
    if serialized[: len(_LITTLE_ENDIAN)] != _LITTLE_ENDIAN:
        raise struct.error(f"encapsulation {serialized[:4].hex()}, not {_LITTLE_ENDIAN.hex()}")
    seconds, nanoseconds = struct.unpack_from("<iI", serialized, _STAMP_OFFSET)
    frame_id, offset = _read_string(serialized, _STAMP_OFFSET + 8)
    offset = _aligned(offset)
    height, width = struct.unpack_from("<II", serialized, offset)
    encoding, offset = _read_string(serialized, offset + 8)
    is_bigendian = serialized[offset]
    offset = _aligned(offset + 1)
    step, length = struct.unpack_from("<II", serialized, offset)
    data = memoryview(serialized)[offset + 8 : offset + 8 + length]
    if len(data) != length:
        raise struct.error(f"{length} bytes of pixels announced, {len(data)} present")
    header = HeaderView(Stamp(seconds, nanoseconds), frame_id)
    return ImageView(header, height, width, encoding, is_bigendian, step, data)


def _prefix(pixels: npt.NDArray[Any], frame_id: str) -> bytearray:
    """Everything before the pixels, with stamp 0."""
    encoding = _ENCODINGS.get((pixels.ndim, pixels.dtype.name))
    if encoding is None or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise TaktError(
            f"an image of shape {pixels.shape}, {pixels.dtype} has no encoding; allowed are "
            "(H, W, 3) uint8 RGB and (H, W) uint8, uint16 [mm] or float32 [m]"
        )
    height, width = pixels.shape[:2]
    step = width * pixels.dtype.itemsize * (3 if pixels.ndim == 3 else 1)
    prefix = bytearray(_LITTLE_ENDIAN) + struct.pack("<iI", 0, 0)
    _append_string(prefix, frame_id)
    _pad(prefix)
    prefix += struct.pack("<II", height, width)
    _append_string(prefix, encoding)
    prefix += b"\x00"  # little endian
    _pad(prefix)
    return prefix + struct.pack("<II", step, step * height)


def _read_string(serialized: bytes, offset: int) -> tuple[str, int]:
    """The string at an aligned offset, and the offset behind it."""
    offset = _aligned(offset)
    (length,) = struct.unpack_from("<I", serialized, offset)
    end = offset + 4 + length
    if length < 1 or end > len(serialized):
        raise struct.error(f"a text of {length} bytes at {offset}")
    return serialized[offset + 4 : end - 1].decode(), end


def _append_string(buffer: bytearray, text: str) -> None:
    encoded = text.encode() + b"\x00"
    _pad(buffer)
    buffer += struct.pack("<I", len(encoded)) + encoded


def _pad(buffer: bytearray) -> None:
    buffer.extend(bytes(_aligned(len(buffer)) - len(buffer)))


def _aligned(offset: int) -> int:
    """The next multiple of 4 behind the encapsulation header."""
    return offset + (_ORIGIN - offset) % 4
