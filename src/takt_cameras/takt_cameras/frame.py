"""What every camera driver delivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Frame:
    """One picture at the time it was measured.

    Attributes:
        stamp_ns: middle of the exposure as well as the driver knows it, ROS time [ns].
        image: (H, W, 3) uint8 RGB.
        depth: (H, W) uint16 [mm], aligned to the image, 0 where nothing was measured; or None.
        sequence: counts the frames of the device. A gap is a frame that was lost before it
            reached the driver.
    """

    stamp_ns: int
    image: Image
    depth: Depth | None
    sequence: int
