"""Chunks that are relative to a reference, or each action to the one before.

``first`` is the index of the action for the reference time. A delta chunk has that action
relative to the reference itself, and each later one relative to its predecessor. The ones before
lie in the past and count back from the reference; the very first of them (if it is not
``first``) says nothing and is zero when encoded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import Axes, Reference

Array = npt.NDArray[np.float64]


def absolute_vectors(values: Array, how: Reference, reference: Array, first: int) -> Array:
    """(H, n) of actions (H, n) that are added to a reference (n,)."""
    if how == "absolute":
        return values
    if how == "observation":
        return reference + values
    sums = np.cumsum(values, axis=0)
    before = sums[first - 1] if first else np.zeros_like(reference)
    return np.asarray(reference + sums - before)


def relative_vectors(values: Array, how: Reference, reference: Array, first: int) -> Array:
    """The inverse of ``absolute_vectors``."""
    if how == "absolute":
        return values
    if how == "observation":
        return values - reference
    steps = np.diff(values, axis=0, prepend=values[:1])
    steps[first] = values[first] - reference
    return np.asarray(steps)


def absolute_poses(
    actions: Array, how: Reference, reference: Array, first: int, axes: Axes
) -> Array:
    """base_from_tcp (H, 4, 4) of actions (H, 4, 4).

    Args:
        reference: (4, 4) base_from_tcp at the reference time.
        axes: those of the tool: ``previous @ action``; or of the base: the position is added, the
            rotation multiplied from the left.
    """
    if how == "absolute":
        return actions
    if how == "observation":
        return _moved(reference, actions, axes)
    poses = np.empty_like(actions)
    pose = reference
    for index in range(first, len(actions)):
        pose = poses[index] = _moved(pose, actions[index], axes)
    if first:
        poses[first - 1] = reference
    for index in range(first - 1, 0, -1):
        poses[index - 1] = _moved_back(poses[index], actions[index], axes)
    return poses


def relative_poses(poses: Array, how: Reference, reference: Array, first: int, axes: Axes) -> Array:
    """The inverse of ``absolute_poses``."""
    if how == "absolute":
        return poses
    if how == "observation":
        return _motion(reference, poses, axes)
    starts = np.concatenate([poses[:1], poses[:-1]])
    starts[first] = reference
    return _motion(starts, poses, axes)


def _moved(start: Array, motion: Array, axes: Axes) -> Array:
    if axes == "tool":
        return np.asarray(start @ motion)
    end = np.array(np.broadcast_to(motion, np.broadcast_shapes(start.shape, motion.shape)))
    end[..., :3, :3] = motion[..., :3, :3] @ start[..., :3, :3]
    end[..., :3, 3] = start[..., :3, 3] + motion[..., :3, 3]
    return end


def _moved_back(end: Array, motion: Array, axes: Axes) -> Array:
    """The start from which a motion (4, 4) leads to an end (4, 4)."""
    start = np.eye(4)
    if axes == "tool":
        start[:3, :3] = end[:3, :3] @ motion[:3, :3].T
        start[:3, 3] = end[:3, 3] - start[:3, :3] @ motion[:3, 3]
    else:
        start[:3, :3] = motion[:3, :3].T @ end[:3, :3]
        start[:3, 3] = end[:3, 3] - motion[:3, 3]
    return start


def _motion(start: Array, end: Array, axes: Axes) -> Array:
    """What leads from starts (..., 4, 4) to ends (..., 4, 4)."""
    if axes == "tool":
        return np.asarray(_inverse(start) @ end)
    motion = np.array(np.broadcast_to(end, np.broadcast_shapes(start.shape, end.shape)))
    back = np.swapaxes(start[..., :3, :3], -1, -2)
    way = end[..., :3, 3] - start[..., :3, 3]
    motion[..., :3, :3] = end[..., :3, :3] @ back
    motion[..., :3, 3] = way
    return motion


def _inverse(pose: Array) -> Array:
    inverse = np.zeros_like(pose)
    back = np.swapaxes(pose[..., :3, :3], -1, -2)
    inverse[..., :3, :3] = back
    inverse[..., :3, 3:] = -(back @ pose[..., :3, 3:])
    inverse[..., 3, 3] = 1.0
    return inverse
