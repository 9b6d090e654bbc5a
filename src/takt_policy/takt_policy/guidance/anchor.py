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
    times_ns: npt.NDArray[np.int64],
    commit_ns: int,
) -> Anchor:
    """The previous chunk for another observation.

    Its actions in the base frame are interpolated at the new times (chunks need not lie on one
    grid) and expressed relative to the new reference. What a residual added is left out: it
    will be added again.

    Args:
        reference: the state at the new observation's time.
        times_ns: (H,) of the new chunk's actions [ns].
        commit_ns: the new chunk takes over after that time [ns].
    """
    actions = previous.actions
    if previous.residual is not None:
        actions = previous.reference.decode(codec, previous.raw)
    known_ns = previous.times_ns
    covered = (times_ns >= known_ns[0]) & (times_ns <= known_ns[-1])
    place = np.clip((times_ns - known_ns[0]) / previous.step_ns, 0, len(known_ns) - 1)
    tokens = reference.encode(codec, _interpolated(actions, place))
    return Anchor(tokens, covered, covered & (times_ns <= commit_ns))


def _interpolated(actions: Actions, place: Array) -> Actions:
    """Actions (n,) between those at places 0 to H - 1."""
    lower = np.floor(place).astype(np.int64)
    upper = np.minimum(lower + 1, len(actions.poses) - 1)
    fraction = place - lower
    position = _between(actions.poses[:, :3], lower, upper, fraction)
    rotation = _slerp(actions.poses[lower, 3:], actions.poses[upper, 3:], fraction[:, None])
    width, joints = actions.gripper_width_m, actions.joint_position
    return Actions(
        np.concatenate([position, rotation], axis=1),
        None if width is None else _between(width[:, None], lower, upper, fraction)[:, 0],
        None if joints is None else _between(joints, lower, upper, fraction),
    )


def _between(values: Array, lower: Int, upper: Int, fraction: Array) -> Array:
    """(n, ...) straight between values (H, ...) at two indices."""
    between: Array = values[lower] + fraction[:, None] * (values[upper] - values[lower])
    return between


def _slerp(start: Array, end: Array, fraction: Array) -> Array:
    """Quaternions (n, 4) along the shortest arcs; fraction (n, 1)."""
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
