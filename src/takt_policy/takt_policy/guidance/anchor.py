"""The chunk that is being executed, in the terms of the one that is being planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_policy.actions import ActionCodec, Actions
from takt_policy.prediction import Prediction, Reference
from takt_policy.samplers.base import Float

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Anchor:
    """The previous chunk at the new chunk's times and relative to its reference.

    Attributes:
        tokens: (H, D) normalised; beyond the previous chunk's end its last action again.
        covered: (H,) whether the previous chunk says something for that time.
        decided: (H,) whether that action will be executed from the previous chunk, since the
            new one takes over only later; covered as well.
    """

    tokens: Float
    covered: npt.NDArray[np.bool_]
    decided: npt.NDArray[np.bool_]

    @property
    def prefix(self) -> int:
        """Number of actions from the first one on that are decided."""
        return int(np.argmin(np.append(self.decided, False)))


def reanchor(
    previous: Prediction,
    codec: ActionCodec,
    reference: Reference,
    reference_ns: int,
    commit_ns: int,
) -> Anchor:
    """The previous chunk for another observation of the same policy.

    Its actions in the base frame are interpolated at the new times (chunks need not lie on one
    grid) and expressed relative to the new reference. What a residual added is left out: it
    will be added again.

    Args:
        reference: the state at the new observation's time.
        reference_ns: that time [ns].
        commit_ns: the new chunk takes over after that time [ns].
    """
    actions = previous.actions
    if previous.residual is not None:
        actions = previous.reference.decode(codec, previous.raw)
    step_ns, length = previous.step_ns, len(previous.raw)
    # Both chunks have the same step, so all new times lie equally far behind an old one.
    shift, rest_ns = divmod(reference_ns - previous.reference_ns, step_ns)
    index = np.arange(length)
    covered = (index >= -shift) & (index < length - shift - (rest_ns > 0))
    last = previous.first + (commit_ns - reference_ns) // step_ns
    moved = _moved(actions, index + shift, rest_ns / step_ns)
    return Anchor(reference.encode(codec, moved), covered, covered & (index <= last))


def _moved(actions: Actions, index: Int, fraction: float) -> Actions:
    """Actions (n,) a fraction of a step after those at indices; the ends stand for beyond."""
    last = len(actions.poses) - 1
    earlier = _taken(actions, index.clip(0, last))
    if fraction == 0.0:
        return earlier
    later = _taken(actions, (index + 1).clip(0, last))
    a, b = earlier.poses, later.poses
    position = a[:, :3] + fraction * (b[:, :3] - a[:, :3])
    rotation = _slerp(a[:, 3:], b[:, 3:], fraction)
    return Actions(
        np.concatenate([position, rotation], axis=1),
        _between(earlier.gripper_width_m, later.gripper_width_m, fraction),
        _between(earlier.joint_position, later.joint_position, fraction),
        _between(earlier.hand_position, later.hand_position, fraction),
    )


def _taken(actions: Actions, index: Int) -> Actions:
    width, joints = actions.gripper_width_m, actions.joint_position
    hand = actions.hand_position
    return Actions(
        actions.poses[index],
        None if width is None else width[index],
        None if joints is None else joints[index],
        None if hand is None else hand[index],
    )


def _between(start: Array | None, end: Array | None, fraction: float) -> Array | None:
    return None if start is None or end is None else start + fraction * (end - start)


def _slerp(start: Array, end: Array, fraction: float) -> Array:
    """Quaternions (n, 4) along the shortest arcs."""
    cosine = np.sum(start * end, axis=1, keepdims=True)
    end = np.where(cosine < 0.0, -end, end)
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    sine = np.sin(angle)
    near = sine < 1e-6
    safe = np.where(near, 1.0, sine)
    a = np.where(near, 1.0 - fraction, np.sin((1.0 - fraction) * angle) / safe)
    b = np.where(near, fraction, np.sin(fraction * angle) / safe)
    mixed = a * start + b * end
    unit: Array = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return unit
