"""Obstacles around the robot, as they are written in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from scipy.spatial.transform import Rotation

from takt_core.errors import TaktError
from takt_core.geometry import Array

#: Shapes, and how many numbers each takes.
SHAPES = {"box": 3, "sphere": 1, "cylinder": 2, "half_space": 3}
_KEYS = {*SHAPES, "position", "rpy", "frame"}
_SAYS = "see docs/motion.md, and parameter `scene` of the motion node"


@dataclass(frozen=True, eq=False)
class Obstacle:
    """One solid.

    Attributes:
        name: in messages, e.g. "link4 - table".
        shape: box (edge lengths [m]), sphere (radius [m]), cylinder (radius, length along z [m])
            or half_space (the normal that points out of what is solid; its surface goes through
            ``position``).
        size: the shape's numbers.
        frame_from_obstacle: (4, 4).
        frame: link that it is fixed to; empty: the base.
    """

    name: str
    shape: str
    size: Array
    frame_from_obstacle: Array
    frame: str = ""


def obstacles_from_yaml(text: str) -> tuple[Obstacle, ...]:
    """Obstacles by name::

        table: {box: [1.2, 1.4, 0.04], position: [0.4, 0.0, -0.02]}
        wall: {half_space: [0.0, 1.0, 0.0], position: [0.0, -0.5, 0.0]}
        tool: {cylinder: [0.02, 0.10], position: [0.0, 0.0, 0.05], frame: tcp}

    ``rpy`` [rad] turns a shape about its fixed axes x, y, z.

    Raises:
        TaktError: something else.
    """
    try:
        values = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError as error:
        raise TaktError(f"the scene is no YAML: {error}; {_SAYS}") from error
    if not isinstance(values, Mapping):
        raise TaktError(f"the scene is {values!r}; allowed are obstacles by name; {_SAYS}")
    return tuple(_obstacle(str(name), value) for name, value in values.items())


def _obstacle(name: str, value: Any) -> Obstacle:
    what = f"obstacle {name!r}"
    if not isinstance(value, Mapping) or not set(value) <= _KEYS:
        raise TaktError(f"{what} is {value!r}; allowed are the keys {sorted(_KEYS)}; {_SAYS}")
    shapes = [key for key in SHAPES if key in value]
    if len(shapes) != 1:
        raise TaktError(f"{what} has the shapes {shapes}; allowed is one of {list(SHAPES)}")
    shape = shapes[0]
    size = _numbers(f"{shape} of {what}", value[shape], SHAPES[shape])
    if shape == "half_space":
        length = float(np.linalg.norm(size))
        if length < 1e-9:
            raise TaktError(f"{what} has the normal {size.tolist()}; allowed is a direction")
        size = size / length
    elif size.min() <= 0.0:
        raise TaktError(f"{what} has the size {size.tolist()}; allowed is more than 0")
    pose = np.eye(4)
    pose[:3, 3] = _numbers(f"position of {what}", value.get("position", (0.0,) * 3), 3)
    turn = _numbers(f"rpy of {what}", value.get("rpy", (0.0,) * 3), 3)
    pose[:3, :3] = Rotation.from_euler("xyz", turn).as_matrix()
    return Obstacle(name, shape, size, pose, str(value.get("frame", "")))


def _numbers(what: str, value: Any, count: int) -> Array:
    try:
        numbers = np.atleast_1d(np.array(value, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise TaktError(f"{what} is {value!r}; allowed are {count} numbers") from error
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise TaktError(f"{what} is {value!r}; allowed are {count} finite numbers")
    return numbers


def pairs_from_yaml(text: str) -> tuple[str, ...]:
    """Pairs of names that may touch: ``[link5 - link7]``.

    Raises:
        TaktError: something else.
    """
    try:
        values = yaml.safe_load(text) if text.strip() else []
    except yaml.YAMLError as error:
        raise TaktError(f"allowed_collisions is no YAML: {error}") from error
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TaktError(f"allowed_collisions is {values!r}; allowed is a list of texts 'a - b'")
    return tuple(values)
