"""Out of contact: straight back, compliant, as far as nothing new is in the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_motion.arm import MotionArm
from takt_motion.planners.interface import Space

_STEP_M = 0.005
# What touches at the start may come nearer by this: of the shapes, and of contact itself [m].
_TOLERANCE_M = 0.001
_UP = np.array([0.0, 0.0, 1.0])
# A tool that points up so far would go down by going back.
_DOWN = -0.2
SHORTEST_M = 0.01


@dataclass(frozen=True, eq=False)
class RetreatWay:
    """A straight way of the tool.

    Attributes:
        direction: (3,) unit vector, base axes.
        length_m: along it.
        ended: what ends it early; empty: nothing.
    """

    direction: Array
    length_m: float
    ended: str = ""


def way_back(
    arm: MotionArm, space: Space, q: Array, target: Pose, length_m: float, up: bool
) -> RetreatWay:
    """Back along the tool's axis, or straight up where that would lower the tool.

    What touches already may go on touching, but not come nearer; what does not touch at the start
    ends the way.

    Args:
        q: (n,) the measured joint angles [rad].
        target: base_from_tcp that the controller asks for: in contact it lies behind the surface,
            and that much is added to the way.
        up: straight up in any case.

    Raises:
        TaktError: no way of at least 1 cm.
    """
    measured = arm.pose(q)
    direction = -measured.rotation()[:, 2]
    if up or direction[2] < _DOWN:
        direction = _UP
    known = dict(space.touching(q))
    done_m, ended = 0.0, ""
    while done_m < length_m and not ended:
        step_m = min(_STEP_M, length_m - done_m)
        pose = Pose(measured.position_m + (done_m + step_m) * direction, measured.quaternion_xyzw)
        following = arm.solve(pose, q)
        if following is None:
            ended = "the arm's reach"
            continue
        ended = _new_contact(known, dict(space.touching(following)))
        if not ended:
            q, done_m = following, done_m + step_m
    if done_m < SHORTEST_M:
        raise TaktError(
            f"no retreat: {1e3 * done_m:.0f} mm {_words(direction)} it meets {ended}. Take "
            "over, or guide the arm by hand"
        )
    behind_m = max(float((measured.position_m - target.position_m) @ direction), 0.0)
    return RetreatWay(direction, done_m + behind_m, ended)


def _new_contact(known: dict[str, float], found: dict[str, float]) -> str:
    """What touches that did not, or has come nearer; what has parted is not known any more."""
    for name, distance_m in found.items():
        if name not in known or distance_m < known[name] - _TOLERANCE_M:
            return name
    for name in set(known) - set(found):
        del known[name]
    return ""


def _words(direction: Array) -> str:
    return "up" if direction is _UP else "back along the tool"
