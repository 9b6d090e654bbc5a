"""The chunks that the small policies aim at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import ActionGroup, PolicySpec

Array = npt.NDArray[Any]

TINY_SCALE = 0.1
"""Scale of positions in the normaliser of the actions [m]."""


def straight_chunk(spec: PolicySpec, step_m: tuple[float, float, float]) -> Array:
    """(H, D) normalised: the tool moves by ``step_m`` per action, without turning.

    For a group of kind pose (in any rotation) or position; joints and grippers stay at 0.
    """
    horizons = spec.horizons
    clean = np.zeros((horizons.prediction, spec.action_size), np.float32)
    steps = np.arange(horizons.prediction) - horizons.first
    for group, span in spec.spans():
        part = clean[:, span]
        if group.kind in ("pose", "position"):
            count = np.ones(len(steps)) if group.reference == "delta" else steps
            part[:, :3] = count[:, None] * np.asarray(step_m) / TINY_SCALE
            part[:, 3:] = _no_rotation(group)
    return clean


def _no_rotation(group: ActionGroup) -> Array:
    if group.kind == "position":
        return np.zeros(0)
    return {
        "6d": np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        "6d_rows": np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        "quaternion": np.array([0.0, 0.0, 0.0, 1.0]),
        "rotation_vector": np.zeros(3),
    }[group.rotation]


def tiny_latent(spec: PolicySpec) -> Array:
    """(L, S) the latent that the small slow-fast policies sample."""
    length, size = spec.chunk
    return np.linspace(-0.5, 0.5, length * size, dtype=np.float32).reshape(length, size)
