"""Bodies that the tool point stays out of, from text."""

from __future__ import annotations

from typing import Any

import numpy as np
import yaml

from takt_core.errors import TaktError
from takt_impedance import KeepOut

_COUNTS = {"sphere": 4, "box": 6, "half_space": 6}
_ALLOWED = (
    "a YAML list such as [{sphere: [x, y, z, radius]}, {box: [x, y, z, half x, half y, half z]}, "
    "{half_space: [x, y, z, nx, ny, nz]}] in metres, the normal leading out"
)


def keep_outs_from_yaml(text: str) -> tuple[KeepOut, ...]:
    """The bodies of the parameter `keep_outs`; an empty text has none.

    Raises:
        TaktError: it is no such list.
    """
    try:
        bodies = yaml.safe_load(text) if text.strip() else []
    except yaml.YAMLError:
        bodies = None
    if not isinstance(bodies, list):
        raise TaktError(f"parameter keep_outs is {text!r}; allowed is {_ALLOWED}")
    return tuple(_keep_out(body) for body in bodies)


def _keep_out(body: Any) -> KeepOut:
    try:
        ((shape, raw),) = body.items()
        numbers = np.array(raw, dtype=np.float64)
        if numbers.shape != (_COUNTS[shape],) or not np.isfinite(numbers).all():
            raise ValueError(f"{shape} has {numbers.tolist()}")
        if shape == "sphere":
            return KeepOut.sphere(numbers[:3], float(numbers[3]))
        if shape == "box":
            return KeepOut.box(numbers[:3], numbers[3:])
        return KeepOut.half_space(numbers[:3], numbers[3:])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TaktError(
            f"parameter keep_outs has {body!r} ({error}); allowed is {_ALLOWED}"
        ) from None
