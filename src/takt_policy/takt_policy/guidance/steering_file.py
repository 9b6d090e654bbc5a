"""A steering file: costs in YAML, read strictly.

.. code-block:: yaml

    takt_steering: 1
    costs:
      - kind: sketch              # stay near a drawn path
        points_m: [[0.4, 0.0, 0.2], [0.5, 0.1, 0.2]]
        reach_m: 0.05             # beyond this distance the pull no longer grows (default 0.05)
        weight: 1.0               # (default 1)
      - kind: keep_out_sphere
        center_m: [0.5, 0.0, 0.1]
        radius_m: 0.05
        margin_m: 0.01            # kept as well (default 0)
      - kind: keep_out_box        # along the base's axes
        low_m: [0.4, -0.1, 0.0]
        high_m: [0.6, 0.1, 0.1]
      - kind: keep_out_half_space
        point_m: [0.0, 0.0, 0.02]
        normal: [0.0, 0.0, 1.0]   # to the side that is allowed
      - kind: goal_position       # more and more towards the chunk's end
        position_m: [0.5, 0.0, 0.1]
      - kind: goal_rotation       # likewise; of policies that act in poses
        quaternion_xyzw: [1.0, 0.0, 0.0, 0.0]
        reach_rad: 0.2            # (default 0.2)

All of the tool, in the base frame. A goal pose is a goal position and a goal rotation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from takt_policy.bundle.schema import PolicySpec
from takt_policy.bundle.section import Section, read_yaml
from takt_policy.errors import PolicyError
from takt_policy.guidance.costs import (
    GoalPosition,
    KeepOutBox,
    KeepOutHalfSpace,
    KeepOutSphere,
    PositionCost,
    Sketch,
)
from takt_policy.guidance.rotations import RotationGoal
from takt_policy.guidance.steering import SteeringCosts, WeightedCost

FORMAT_VERSION = 1
REACH_M = 0.05
REACH_RAD = 0.2
GOAL_ROTATION = "goal_rotation"
KINDS = (
    "sketch",
    "keep_out_sphere",
    "keep_out_box",
    "keep_out_half_space",
    "goal_position",
    GOAL_ROTATION,
)


def load_costs(path: str, spec: PolicySpec) -> SteeringCosts | None:
    """The costs that a policy is to be steered by; None for an empty path.

    Raises:
        PolicyError: the file is not good, or the policy has no rotation to steer.
    """
    if not path:
        return None
    costs = load_steering(path)
    if costs.rotations and not any(group.kind == "pose" for group in spec.actions):
        raise PolicyError(
            f"{path} has a cost of kind {GOAL_ROTATION!r}, but policy {spec.name!r} does not say "
            "orientations; take the cost out, or use a policy that acts in poses"
        )
    return costs


def load_steering(path: Path | str) -> SteeringCosts:
    """The costs in a file.

    Raises:
        PolicyError: the file is missing, or something in it is unknown, missing or impossible.
    """
    if not Path(path).is_file():
        raise PolicyError(f"{path} is no file; 'steer' is the path of a YAML file of costs")
    return costs_from_mapping(read_yaml(Path(path)), str(path))


def costs_from_mapping(values: dict[str, Any], source: str) -> SteeringCosts:
    """The costs in a file's content.

    Args:
        source: the file, for messages.
    """
    top = Section(values, source)
    version = top.integer("takt_steering", 1)
    if version != FORMAT_VERSION:
        raise top.error("takt_steering", version, str(FORMAT_VERSION))
    entries = values["costs"] if top.has("costs") else []
    if not isinstance(entries, list) or not entries:
        raise top.error("costs", entries, "a list of at least one cost")
    positions, rotations = [], []
    for index, entry in enumerate(entries):
        cost = _cost(entry, Section(entry, source, f"costs[{index}]"))
        if isinstance(cost, RotationGoal):
            rotations.append(cost)
        else:
            positions.append(cost)
    top.finish()
    return SteeringCosts(tuple(positions), tuple(rotations))


def _cost(values: dict[str, Any], section: Section) -> WeightedCost | RotationGoal:
    kind = section.choice("kind", KINDS)
    weight = section.number("weight", above=0.0, default=1.0)
    cost: WeightedCost | RotationGoal
    if kind == GOAL_ROTATION:
        cost = _rotation(section, weight)
    elif kind == "sketch":
        cost = WeightedCost(_sketch(values, section), weight)
    else:
        cost = WeightedCost(_of_kind(kind, section), weight, rising=kind == "goal_position")
    section.finish()
    return cost


def _rotation(section: Section, weight: float) -> RotationGoal:
    quaternion = np.array(section.numbers("quaternion_xyzw", 4))
    if np.linalg.norm(quaternion) < 1e-6:
        raise section.error("quaternion_xyzw", quaternion.tolist(), "a rotation, not zero")
    reach = section.number("reach_rad", above=0.0, default=REACH_RAD)
    return RotationGoal(quaternion, weight, reach)


def _of_kind(kind: str, section: Section) -> PositionCost:
    if kind == "goal_position":
        return GoalPosition(np.array(section.numbers("position_m", 3)), _reach(section))
    margin = section.number("margin_m", above=0.0, default=0.0, at_least=True)
    if kind == "keep_out_sphere":
        radius = section.number("radius_m", above=0.0)
        return KeepOutSphere(np.array(section.numbers("center_m", 3)), radius + margin)
    if kind == "keep_out_box":
        low, high = (np.array(section.numbers(key, 3)) for key in ("low_m", "high_m"))
        if not np.all(low < high):
            raise section.error("low_m", low.tolist(), f"less than high_m, {high.tolist()}")
        return KeepOutBox(low - margin, high + margin)
    normal = np.array(section.numbers("normal", 3))
    length = float(np.linalg.norm(normal))
    if length < 1e-9:
        raise section.error("normal", normal.tolist(), "a direction, not zero")
    normal = normal / length
    return KeepOutHalfSpace(np.array(section.numbers("point_m", 3)) + margin * normal, normal)


def _reach(section: Section) -> float:
    return section.number("reach_m", above=0.0, default=REACH_M)


def _sketch(values: dict[str, Any], section: Section) -> Sketch:
    given = values["points_m"] if section.has("points_m") else None
    try:
        points = np.array(given, np.float64)
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 2 or not np.isfinite(points).all():
        raise section.error("points_m", given, "a list of at least two points of three numbers")
    return Sketch(points, _reach(section))
