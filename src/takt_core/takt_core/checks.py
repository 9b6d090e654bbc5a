"""Checks of the numbers that messages bring and robots would be moved by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import Array

# builtin_interfaces/Time has 32 bits of seconds.
_END_OF_TIME_NS = 2**31 * 1_000_000_000


def finite(name: str, values: Array) -> Array:
    """The values. Raises TaktError if one is NaN or infinite."""
    if not np.isfinite(values).all():
        raise TaktError(f"{name} is {values.tolist()}; allowed are finite numbers")
    return values


def stiffness(values: npt.ArrayLike) -> Array:
    """A diagonal stiffness as an array. Raises TaktError if it is negative or not finite."""
    diagonal = finite("stiffness", np.array(values, dtype=np.float64))
    if diagonal.min() < 0.0:
        raise TaktError(f"stiffness is {diagonal.tolist()}; allowed is at least 0")
    return diagonal


def width(width_m: float) -> float:
    """A gripper width [m]; NaN stands for none. Raises TaktError if it is infinite."""
    if math.isinf(width_m):
        raise TaktError("gripper_width is infinite; allowed are a width [m], or NaN for none")
    return float(width_m)


def chunk_times(start_ns: int, step_ns: int, actions: int) -> None:
    """Raises TaktError unless the times of a chunk ascend and a message can carry them."""
    if actions and step_ns <= 0:
        raise TaktError(f"the step of a chunk is {step_ns} ns; allowed is more than 0")
    if start_ns + actions * step_ns >= _END_OF_TIME_NS:
        raise TaktError(
            f"{actions} actions of {step_ns * 1e-9:g} s from {start_ns * 1e-9:.0f} s on; allowed "
            "are times that a message can carry: 32 bits of seconds"
        )


def chunk_widths(widths: Array, actions: int) -> None:
    """Raises TaktError unless there are no widths, or one for each action."""
    if widths.size not in (0, actions) or np.isinf(widths).any():
        raise TaktError(
            f"gripper_width of a chunk with {actions} actions is {widths.tolist()}; allowed are "
            f"none or {actions}, not infinite"
        )


def chunk_joints(joints: Array, actions: int) -> None:
    """Raises TaktError unless there are no joints, or equally many for each action."""
    if joints.size and (not actions or joints.size % actions or not np.isfinite(joints).all()):
        raise TaktError(
            f"joint_position of a chunk with {actions} actions has {joints.size} numbers; allowed "
            "are none, or equally many finite ones for each action"
        )


def chunk_hand(names: tuple[str, ...], positions: Array, actions: int) -> None:
    """Raises TaktError unless there is one finite position per action and joint of a hand."""
    if (
        positions.size != actions * len(names)
        or len(set(names)) != len(names)
        or not np.isfinite(positions).all()
    ):
        raise TaktError(
            f"hand_position of a chunk with {actions} actions has {positions.size} numbers for the "
            f"joints {list(names)}; allowed are different joints, and a finite number for each "
            "action and joint"
        )


def chunk_residual(residual: Array, actions: int) -> None:
    """Raises TaktError unless there are no residuals (n, 6), or one for each action."""
    if len(residual) not in (0, actions) or not np.isfinite(residual).all():
        raise TaktError(
            f"residual of a chunk with {actions} actions has {len(residual)}; allowed are none or "
            f"{actions}, of finite numbers"
        )


def count(name: str, values: npt.NDArray[Any], *shape: int) -> None:
    """Raises TaktError unless there are as many values as the shape has."""
    if values.size != math.prod(shape):
        wanted = " x ".join(str(size) for size in shape)
        raise TaktError(f"{name} has {values.size} numbers; allowed are {wanted}, as it says")
