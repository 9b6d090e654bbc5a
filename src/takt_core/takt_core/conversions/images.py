"""Images, from and to messages."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import Image

from takt_core.conversions.basic import header_to_ros
from takt_core.errors import TaktError

# Encoding to the type of a value and the values per pixel.
_ENCODINGS = {
    "rgb8": ("uint8", 3),
    "bgr8": ("uint8", 3),
    "mono8": ("uint8", 1),
    "16UC1": ("uint16", 1),
    "32FC1": ("float32", 1),
}


def image_from_ros(message: Any) -> npt.NDArray[Any]:
    """(H, W, 3) uint8 RGB, (H, W) uint8 for mono8, or (H, W) float32 [m] for depth.

    Raises:
        TaktError: an encoding that takt does not read, or data of the wrong length.
    """
    height, width, encoding = message.height, message.width, message.encoding
    if encoding not in _ENCODINGS:
        raise TaktError(
            f"image encoding {encoding!r}; allowed are {', '.join(_ENCODINGS)}. "
            "Change it at the driver"
        )
    kind, channels = _ENCODINGS[encoding]
    dtype = np.dtype(kind).newbyteorder(">" if message.is_bigendian else "<")
    data = np.frombuffer(message.data, dtype=np.uint8)
    row = width * channels * dtype.itemsize
    if message.step < row or data.size != message.step * height:
        raise TaktError(
            f"image of {width}x{height} {encoding} with step {message.step} has {data.size} bytes; "
            f"allowed are {message.step * height} with a step of at least {row}"
        )
    pixels = data.reshape(height, message.step)[:, :row].reshape(-1).view(dtype)
    pixels = pixels.reshape((height, width, channels) if channels > 1 else (height, width))
    if encoding == "bgr8":
        return np.ascontiguousarray(pixels[:, :, ::-1])
    if encoding == "16UC1":
        return pixels.astype(np.float32) * np.float32(0.001)
    return pixels


def image_to_ros(pixels: npt.NDArray[Any], stamp_ns: int, frame_id: str) -> Image:
    """From (H, W, 3) uint8 RGB, (H, W) uint8, or (H, W) float32 depth [m]."""
    encodings = {(3, "uint8"): "rgb8", (2, "uint8"): "mono8", (2, "float32"): "32FC1"}
    encoding = encodings.get((pixels.ndim, pixels.dtype.name))
    if encoding is None:
        raise TaktError(f"an image of shape {pixels.shape}, {pixels.dtype} has no encoding")
    pixels = np.ascontiguousarray(pixels)
    # array.array is the one type whose bytes rclpy takes over without looking at each.
    data = array.array("B")
    data.frombytes(pixels.view(np.uint8).reshape(-1).data)
    return Image(
        header=header_to_ros(stamp_ns, frame_id),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=data,
    )
