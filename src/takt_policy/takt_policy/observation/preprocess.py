"""From one value of a stream to one time step of a graph's input.

Done in two parts: ``store`` when a sample arrives (small and cheap to keep), ``finish`` when
an observation is built, because some frames are only known then.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from takt_core.deferred import DeferredArray
from takt_core.geometry import Pose, matrix_from_quaternion, rotation_6d_from_matrix
from takt_policy.bundle.schema import InputSpec, Preprocess
from takt_policy.errors import PolicyError

Array = npt.NDArray[Any]


def store(spec: InputSpec, value: Array) -> Array:
    """What is kept of a sample's feature until an observation needs it.

    Raises:
        PolicyError: the value has not the shape or dtype that the input can work with.
    """
    kind = spec.preprocess.kind
    if kind == "image":
        return channels_first(spec, value)
    if kind == "field":
        wanted = (*spec.shape[1:], spec.shape[0])
        if value.shape != wanted:
            raise _unfit(spec, value, f"{list(wanted)} (rows, columns, xyz)")
        return np.moveaxis(np.asarray(value, np.float64), -1, 0)
    size = {"pose": 7, "wrench": 6}.get(kind, spec.shape[0])
    if value.size != size:
        raise _unfit(spec, value, f"{size} numbers")
    return np.asarray(value, np.float64).reshape(size)


def finish(
    spec: InputSpec, values: Array, base_from_reference: Pose, base_from_chunk: Pose | None = None
) -> Array:
    """The graph's input before normalisation, (history, *shape).

    Args:
        values: (history, ...) aligned values as ``store`` gave them.
        base_from_reference: the tool's pose at the reference time.
        base_from_chunk: that at the reference time of the chunk being executed; for inputs in
            the frame ``chunk``.

    Raises:
        PolicyError: the frame is that of the chunk, which is not given.
    """
    kind = spec.preprocess.kind
    if kind == "image":
        return scaled(spec, values)
    if kind not in ("pose", "wrench"):
        return values
    if spec.preprocess.frame == "chunk" and base_from_chunk is None:
        raise PolicyError(
            f"input {spec.name!r} is in the frame of the chunk that is being executed; give the "
            "reference pose of that chunk"
        )
    base_from_frame = frame_of(spec.preprocess, base_from_reference, base_from_chunk)
    if kind == "pose":
        return pose_features(values, base_from_frame)
    turn = base_from_frame.rotation()
    # Row vectors: (R^T v)^T = v^T R.
    return np.concatenate([values[:, :3] @ turn, values[:, 3:] @ turn], axis=1)


def frame_of(
    preprocess: Preprocess, base_from_reference: Pose, base_from_chunk: Pose | None = None
) -> Pose:
    """base_from_frame of the frame that an input is in."""
    if preprocess.frame == "reference":
        return base_from_reference
    if preprocess.frame == "chunk" and base_from_chunk is not None:
        return base_from_chunk
    if preprocess.base_from_fixed is not None:
        return Pose.from_array7(preprocess.base_from_fixed)
    return Pose.identity()


def pose_features(values: Array, base_from_frame: Pose) -> Array:
    """Positions and 6d rotations (history, 9) in a frame, of poses (history, 7) in base."""
    turn = base_from_frame.rotation()
    positions = (values[:, :3] - base_from_frame.position_m) @ turn
    rotations = turn.T @ matrix_from_quaternion(values[:, 3:])
    return np.concatenate([positions, rotation_6d_from_matrix(rotations)], axis=1)


def channels_first(spec: InputSpec, value: Any) -> Array:
    """An image (3, height, width) uint8 of the input's size, of one of any size.

    Of a ``DeferredArray`` it makes another one.

    Raises:
        PolicyError: it is no uint8 RGB image.
    """
    if value.ndim != 3 or value.shape[2] != 3 or value.dtype != np.uint8:
        raise _unfit(spec, value, "uint8 [height, width, 3]")
    if isinstance(value, np.ndarray):
        return _fitted(spec, value)
    # Simulated and not drawn yet: that is done when an observation is built with it.
    later: Any = DeferredArray(spec.shape, np.uint8, lambda: _fitted(spec, np.asarray(value)))
    return later  # type: ignore[no-any-return]


def _fitted(spec: InputSpec, value: Array) -> Array:
    _, height, width = spec.shape
    if value.shape[:2] != (height, width):
        # Averaging over areas keeps thin edges that sampling would drop.
        value = cv2.resize(value, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.moveaxis(value, -1, 0))


def scaled(spec: InputSpec, image: Array) -> Array:
    """An image of the input's dtype: as it is, or as float32 in 0 to 1."""
    return image if spec.dtype == "uint8" else image.astype(np.float32) / np.float32(255)


def _unfit(spec: InputSpec, value: Array, wanted: str) -> PolicyError:
    return PolicyError(
        f"input {spec.name!r}: stream {spec.stream!r}, feature {spec.feature!r} is {value.dtype} "
        f"{list(value.shape)}; preprocess kind {spec.preprocess.kind} needs {wanted}. "
        "Change the input in policy.yaml, or what publishes the stream"
    )
