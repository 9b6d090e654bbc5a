"""The reference arm with its configuration, for tests of planned motions."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from takt_core.geometry import Array, Pose
from takt_description import ARM_JOINTS, robot_description
from takt_motion.arm import MotionArm
from takt_motion.collision import CollisionModel
from takt_motion.planners.interface import JointLimits
from takt_motion.planners.swept import SweptSpace
from takt_motion.planning import Start
from takt_motion.scene import obstacles_from_yaml
from takt_motion.settings import MotionParameters
from takt_motion.workshop import MotionWorkshop, make_workshop

CONFIG = Path(__file__).parents[3] / "config" / "motion.yaml"
HOME = np.array([0.0, -0.20, 0.0, -2.45, 0.0, 2.25, 0.7854])
DOWN = np.array([1.0, 0.0, 0.0, 0.0])
TABLE = "table: {box: [1.2, 1.4, 0.04], position: [0.4, 0.0, -0.02]}"
WALL = f"{TABLE}\nwall: {{box: [0.4, 0.04, 0.5], position: [0.5, 0.0, 0.25]}}"
LEFT = np.array([0.6, 0.3, 0.0, -2.45, 0.0, 2.25, 0.7854])
RIGHT = np.array([-0.6, 0.3, 0.0, -2.45, 0.0, 2.25, 0.7854])


def parameters(**changes: Any) -> MotionParameters:
    """As configured for the reference arm, with some changed."""
    values = yaml.safe_load(CONFIG.read_text())["/**"]["ros__parameters"]
    return MotionParameters(**{**values, "speed_scale": 1.0, **changes})


@cache
def arm() -> MotionArm:
    return MotionArm(robot_description(), "tcp", ARM_JOINTS, 0.03)


@cache
def collision_model(scene: str = TABLE, margin_m: float = 0.01) -> CollisionModel:
    return CollisionModel(
        robot_description(),
        ARM_JOINTS,
        obstacles_from_yaml(scene),
        margin_m=margin_m,
        allowed=["link5 - link7"],
    )


def space(scene: str = TABLE) -> SweptSpace:
    return SweptSpace(collision_model(scene))


def limits() -> JointLimits:
    return arm().limits


def workshop(**changes: Any) -> MotionWorkshop:
    return make_workshop(parameters(**changes), robot_description())


def start_at(q: Array) -> Start:
    return Start(q, arm().pose(q), {})


def above(x: float, y: float, z: float) -> Pose:
    """The tool pointing down."""
    return Pose(np.array([x, y, z]), DOWN)


def free_joints(rng: np.random.Generator, scene: str = TABLE) -> Array:
    """Joint angles anywhere within the limits where nothing touches."""
    model = collision_model(scene)
    while True:
        q = arm().random(rng, HOME)
        if model.is_free(q):
            return q
