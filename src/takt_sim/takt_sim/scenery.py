"""What a camera sees at one moment, to be drawn later or not at all."""

from __future__ import annotations

import mujoco
import numpy as np

# All of the state that a picture of rigid bodies is drawn from.
_DRAWN = (
    "geom_xpos", "geom_xmat", "site_xpos", "site_xmat", "cam_xpos", "cam_xmat", "light_xpos",
    "light_xdir", "xpos", "xmat", "xipos", "ximat", "subtree_com",
)  # fmt: skip


class Scenery:
    """What a camera would see at one moment, kept to be drawn later."""

    def __init__(self, data: mujoco.MjData) -> None:
        self._arrays = {name: np.array(getattr(data, name)) for name in _DRAWN}

    def put_into(self, data: mujoco.MjData) -> None:
        """Makes ``data`` look like that moment; it is good for drawing only."""
        for name, values in self._arrays.items():
            getattr(data, name)[:] = values
