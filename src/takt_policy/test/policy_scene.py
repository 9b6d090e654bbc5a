"""Observations for tests of the engine, without a world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from takt_core.geometry import Pose
from takt_policy.bundle import Bundle
from takt_policy.observation import Observation
from takt_policy.rehearsal import example_observation
from takt_policy.testing import tiny_fast_observation, tiny_observation

SECOND_NS = 1_000_000_000


def pose(seed: int = 0, position_m: npt.ArrayLike | None = None) -> Pose:
    """Somewhere in front of a robot, turned somehow."""
    rng = np.random.default_rng(seed)
    turn = Rotation.from_rotvec(rng.uniform(-0.8, 0.8, 3)).as_quat()
    place = rng.uniform([0.3, -0.2, 0.1], [0.6, 0.2, 0.4]) if position_m is None else position_m
    return Pose(np.asarray(place, np.float64), turn)


def observe(
    bundle: Bundle,
    reference_ns: int = SECOND_NS,
    at: Pose | None = None,
    seed: int = 0,
    **more: Any,
) -> Observation:
    """What a tiny bundle sees at a time, with the tool at a pose."""
    arrays = tiny_observation(bundle.spec, seed)
    return replace(
        example_observation(bundle.spec, arrays),
        reference_ns=reference_ns,
        reference_pose=pose() if at is None else at,
        **more,
    )


def touch(bundle: Bundle, reference_ns: int = SECOND_NS, value: float = 0.0) -> Observation:
    """A fast observation, all of whose normalised numbers are ``value``."""
    arrays = tiny_fast_observation(bundle.spec)
    filled = {name: np.full_like(one, value) for name, one in arrays.items()}
    return replace(example_observation(bundle.spec, filled), reference_ns=reference_ns)
