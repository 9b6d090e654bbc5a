"""What is asked of a planned motion, and the places that can be named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose

HOME, RETREAT = "home", "retreat"
_SAYS = "Change parameter `places` of the motion node"


@dataclass(frozen=True, eq=False)
class Request:
    """One goal of motion/move_to: exactly one of place, joints and pose.

    Attributes:
        place: home, retreat, or another that is configured; empty: none.
        joints: [rad] by name; joints that are not named stay.
        pose: base_from_tcp.
        speed_scale: above 0 to 1.
    """

    place: str = ""
    joints: Mapping[str, float] | None = None
    pose: Pose | None = None
    speed_scale: float = 1.0

    def __str__(self) -> str:
        if self.place:
            return self.place
        if self.joints is not None:
            return "joints " + ", ".join(f"{value:.3f}" for value in self.joints.values())
        assert self.pose is not None
        return f"pose at {self.pose.position_m.round(3).tolist()}"


def places_from_yaml(text: str, names: tuple[str, ...]) -> dict[str, Array]:
    """Joint angles (n,) by the name of the place, from lists in the order of the joints.

    Raises:
        TaktError: something else.
    """
    try:
        values: Any = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError as error:
        raise TaktError(f"the places are no YAML: {error}. {_SAYS}") from error
    if not isinstance(values, Mapping):
        raise TaktError(f"the places are {values!r}; allowed are joint angles by name. {_SAYS}")
    places = {}
    for name, angles in values.items():
        try:
            q = np.array(angles, dtype=np.float64)
        except (TypeError, ValueError):
            q = np.empty(0)
        if q.shape != (len(names),) or not np.isfinite(q).all() or name == RETREAT:
            raise TaktError(
                f"place {name!r} is {angles!r}; allowed are {len(names)} joint angles [rad] for "
                f"{list(names)}, and any name but {RETREAT!r}. {_SAYS}"
            )
        places[str(name)] = q
    return places
