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
      - kind: goal                # more and more towards the chunk's end
        position_m: [0.5, 0.0, 0.1]

All in the base frame, for the tool's position.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

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
from takt_policy.guidance.steering import WeightedCost

FORMAT_VERSION = 1
REACH_M = 0.05
KINDS = ("sketch", "keep_out_sphere", "keep_out_box", "keep_out_half_space", "goal")


def load_steering(path: Path | str) -> tuple[WeightedCost, ...]:
    """The costs in a file.

    Raises:
        PolicyError: the file is missing, or something in it is unknown, missing or impossible.
    """
    if not Path(path).is_file():
        raise PolicyError(f"{path} is no file; 'steer' is the path of a YAML file of costs")
    return costs_from_mapping(read_yaml(Path(path)), str(path))


def costs_from_mapping(values: dict[str, Any], source: str) -> tuple[WeightedCost, ...]:
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
    costs = tuple(
        _cost(entry, Section(entry, source, f"costs[{index}]"))
        for index, entry in enumerate(entries)
    )
    top.finish()
    return costs


def _cost(values: dict[str, Any], section: Section) -> WeightedCost:
    kind = section.choice("kind", KINDS)
    weight = section.number("weight", above=0.0, default=1.0)
    cost = _sketch(values, section) if kind == "sketch" else _of_kind(kind, section)
    section.finish()
    return WeightedCost(cost, weight, rising=kind == "goal")


def _of_kind(kind: str, section: Section) -> PositionCost:
    if kind == "goal":
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
