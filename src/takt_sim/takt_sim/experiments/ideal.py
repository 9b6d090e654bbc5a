"""The spring-damper that the controller promises to be: a mass on a spring, in the task's axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
_SUBSTEPS = 4


def task_inertia(jacobian: Float, mass: Float) -> Float:
    """(6, 6) inertia that the arm has at its tool point."""
    return np.array(np.linalg.inv(jacobian @ np.linalg.solve(mass, jacobian.T)))


def damping_of(inertia: Float, stiffness: Float, ratio: float) -> Float:
    """(6, 6) damping that gives each mode of inertia and stiffness the ratio.

    Twice the ratio times the geometric mean of the two matrices.
    """
    values, vectors = np.linalg.eigh(inertia)
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    back = vectors @ np.diag(1.0 / np.sqrt(values)) @ vectors.T
    inner, axes = np.linalg.eigh(back @ stiffness @ back)
    middle = axes @ np.diag(np.sqrt(np.maximum(inner, 0.0))) @ axes.T
    return np.array(2.0 * ratio * root @ middle @ root)


def respond(
    inertia: Float, stiffness: Float, ratio: float, target: Float, target_twist: Float,
    inertia_share: float = 0.0, dt_s: float = 1e-3,
) -> Float:  # fmt: skip
    """Motion (ticks, 6) of the ideal arm whose target moves as given, from rest at zero.

    Lambda (xdd - share * xdd_target) = K (x_target - x) + D (xd_target - xd)

    Args:
        inertia: (ticks, 6, 6) of the arm on its way; the law leaves it as it is.
        stiffness: (6, 6).
        ratio: of the damping.
        target, target_twist: (ticks, 6) displacement, rotation vectors included, and velocity.
        inertia_share: of the target's acceleration that is fed forward.
    """
    x, v = np.zeros(6), np.zeros(6)
    h = dt_s / _SUBSTEPS
    motion = np.empty_like(target)
    acceleration = inertia_share * np.gradient(target_twist, dt_s, axis=0)
    for k, (goal, goal_velocity) in enumerate(zip(target, target_twist, strict=True)):
        motion[k] = x
        inverse, damping = np.linalg.inv(inertia[k]), damping_of(inertia[k], stiffness, ratio)
        for i in range(_SUBSTEPS):
            now = goal + (i * h) * goal_velocity
            force = stiffness @ (now - x) + damping @ (goal_velocity - v)
            v = v + h * (acceleration[k] + inverse @ force)
            x = x + h * v
    return motion
