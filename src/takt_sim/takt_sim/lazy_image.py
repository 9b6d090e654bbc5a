"""Images that are rendered when somebody looks at them.

A policy looks at few of the frames that its cameras send. A live camera has no choice; in
an evaluation, rendering the others would be half of the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

# All of the state that a picture of rigid bodies is drawn from.
_DRAWN = (
    "geom_xpos", "geom_xmat", "site_xpos", "site_xmat", "cam_xpos", "cam_xmat", "light_xpos",
    "light_xdir", "xpos", "xmat", "xipos", "ximat", "subtree_com",
)  # fmt: skip


class LazyImage:
    """An image (height, width, 3) uint8 whose pixels are made when NumPy asks for them, once.

    Args:
        render: makes the pixels.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, shape: tuple[int, int, int], render: Callable[[], Image]) -> None:
        self.shape = shape
        self._render: Callable[[], Image] | None = render
        self._pixels: Image | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self._render is not None:
            self._pixels, self._render = self._render(), None
        return np.array(self._pixels, dtype=dtype, copy=copy)


class Scenery:
    """What a camera would see at one moment, kept to be drawn later."""

    def __init__(self, data: mujoco.MjData) -> None:
        self._arrays = {name: np.array(getattr(data, name)) for name in _DRAWN}

    def put_into(self, data: mujoco.MjData) -> None:
        """Makes ``data`` look like that moment; it is good for drawing only."""
        for name, values in self._arrays.items():
            getattr(data, name)[:] = values
