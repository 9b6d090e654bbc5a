"""From one value of a stream to one time step of a graph's input.

Done in two parts: ``store`` when a sample arrives (small and cheap to keep), ``finish`` when
an observation is built, because some frames are only known then.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose, matrix_from_quaternion, rotation_6d_from_matrix
from takt_policy.bundle.schema import InputSpec
from takt_policy.errors import PolicyError

Array = npt.NDArray[Any]


def store(spec: InputSpec, value: Array) -> Array:
    """What is kept of a sample's feature until an observation needs it.

    Raises:
        PolicyError: the value has not the shape or dtype that the input can work with.
    """
    kind = spec.preprocess.kind
    if kind == "image":
        return _image(spec, value)
    if kind == "field":
        wanted = (*spec.shape[1:], spec.shape[0])
        if value.shape != wanted:
            raise _unfit(spec, value, f"{list(wanted)} (rows, columns, xyz)")
        return np.moveaxis(np.asarray(value, np.float64), -1, 0)
    size = {"pose": 7, "wrench": 6}.get(kind, spec.shape[0])
    if value.size != size:
        raise _unfit(spec, value, f"{size} numbers")
    return np.asarray(value, np.float64).reshape(size)


def finish(spec: InputSpec, values: Array, base_from_reference: Pose) -> Array:
    """The graph's input before normalisation, (history, *shape).

    Args:
        values: (history, ...) aligned values as ``store`` gave them.
        base_from_reference: the tool's pose at the reference time.
    """
    kind = spec.preprocess.kind
    if kind == "image":
        return values if spec.dtype == "uint8" else values.astype(np.float32) / np.float32(255)
    if kind == "pose":
        base_from_frame = _frame(spec, base_from_reference)
        turn = base_from_frame.rotation()
        # Row vectors: (R^T v)^T = v^T R.
        positions = (values[:, :3] - base_from_frame.position_m) @ turn
        rotations = turn.T @ matrix_from_quaternion(values[:, 3:])
        return np.concatenate([positions, rotation_6d_from_matrix(rotations)], axis=1)
    if kind == "wrench":
        turn = _frame(spec, base_from_reference).rotation()
        return np.concatenate([values[:, :3] @ turn, values[:, 3:] @ turn], axis=1)
    return values


def _frame(spec: InputSpec, base_from_reference: Pose) -> Pose:
    if spec.preprocess.frame == "reference":
        return base_from_reference
    if spec.preprocess.base_from_fixed is not None:
        return Pose.from_array7(spec.preprocess.base_from_fixed)
    return Pose.identity()


def _image(spec: InputSpec, value: Array) -> Array:
    if value.ndim != 3 or value.shape[2] != 3 or value.dtype != np.uint8:
        raise _unfit(spec, value, "uint8 [height, width, 3]")
    _, height, width = spec.shape
    if value.shape[:2] != (height, width):
        # Averaging over areas keeps thin edges that sampling would drop.
        value = cv2.resize(value, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.moveaxis(value, -1, 0))


def _unfit(spec: InputSpec, value: Array, wanted: str) -> PolicyError:
    return PolicyError(
        f"input {spec.name!r}: stream {spec.stream!r}, feature {spec.feature!r} is {value.dtype} "
        f"{list(value.shape)}; preprocess kind {spec.preprocess.kind} needs {wanted}. "
        "Change the input in policy.yaml, or what publishes the stream"
    )
