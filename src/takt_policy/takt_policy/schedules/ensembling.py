"""Temporal ensembling (ACT, arXiv 2304.13705): plan every step, average all that is predicted.

For each time to come, every prediction that reaches it says something; they are averaged with
weights exp(-decay * rank), rank 0 being the oldest. Rotations are averaged as rotations (the
chordal mean). Predictions need not lie on one grid: each is interpolated between its actions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation, Slerp

from takt_policy.actions import Actions
from takt_policy.bundle.schema import Horizons
from takt_policy.prediction import Prediction
from takt_policy.schedules.base import Schedule
from takt_policy.schedules.parts import Commit, Timing

Array = npt.NDArray[np.float64]


class Ensembling(Schedule):
    """Plans each step, or as often as it can.

    Args:
        decay: of the weights; 0 averages evenly.
        discrete_gripper: widths are one of two and must not be averaged: the weightier wins.
    """

    def __init__(
        self,
        horizons: Horizons,
        timing: Timing,
        warm: bool = True,
        decay: float = 0.01,
        discrete_gripper: bool = False,
    ) -> None:
        super().__init__(horizons, timing, warm)
        self._decay = decay
        self._discrete = discrete_gripper
        self._predictions: list[Prediction] = []

    @property
    def budget_ns(self) -> int:
        return self.horizons.step_ns

    def _is_due(self, now_ns: int) -> bool:
        last_ns = self._started_ns
        return last_ns is None or now_ns >= last_ns + self.horizons.step_ns

    def _place(self, prediction: Prediction, now_ns: int) -> Commit:
        commit = self._cut(prediction, now_ns, self.timing.reserve)
        last = self.horizons.prediction - 1
        kept = [one for one in self._predictions if one.time_ns(last) > now_ns]
        self._predictions = kept if commit.over_budget else [*kept, prediction]
        return self._average(commit)

    def _replace(self, revision: Prediction, now_ns: int) -> Commit:
        self._predictions[-1] = revision
        return self._average(self._cut(revision, now_ns, self.timing.reserve))

    def _forget(self) -> None:
        self._predictions = []

    def _average(self, commit: Commit) -> Commit:
        if commit.over_budget:
            return commit
        times_ns = commit.start_ns + np.arange(commit.count) * commit.step_ns
        parts = [_interpolated(one, times_ns) for one in self._predictions]
        reaches = np.array(
            [times_ns <= one.time_ns(self.horizons.prediction - 1) for one in self._predictions]
        )
        # Rank among the predictions that reach a time, the oldest first.
        weights = np.exp(-self._decay * (np.cumsum(reaches, axis=0) - 1)) * reaches
        weights /= weights.sum(axis=0)
        actions = _mean(parts, weights, self._discrete)
        return replace(commit, actions=actions, residual=self._residual(times_ns, weights))

    def _residual(self, times_ns: npt.NDArray[np.int64], weights: Array) -> Array | None:
        found = [
            np.zeros((len(times_ns), 6))
            if one.residual is None
            else _linear(one.residual, _index(one, times_ns))
            for one in self._predictions
        ]
        if self._predictions[-1].residual is None:
            return None
        return _sum(np.stack(found), weights)


def _index(prediction: Prediction, times_ns: npt.NDArray[np.int64]) -> Array:
    """Where times lie among a prediction's actions; beyond its last, that one."""
    index = (times_ns - prediction.reference_ns) / prediction.step_ns + prediction.first
    return np.clip(index, 0.0, len(prediction.actions.poses) - 1)


def _interpolated(prediction: Prediction, times_ns: npt.NDArray[np.int64]) -> Actions:
    """A prediction's actions at other times; beyond its last, that one."""
    actions, index = prediction.actions, _index(prediction, times_ns)
    turn = Slerp(np.arange(len(actions.poses)), Rotation.from_quat(actions.poses[:, 3:]))
    widths, joints = actions.gripper_width_m, actions.joint_position
    hand = actions.hand_position
    if widths is not None:
        widths = _linear(widths[:, None], index)[:, 0]
    return replace(
        actions,
        poses=np.hstack([_linear(actions.poses[:, :3], index), turn(index).as_quat()]),
        gripper_width_m=widths,
        joint_position=None if joints is None else _linear(joints, index),
        hand_position=None if hand is None else _linear(hand, index),
    )


def _linear(rows: Array, index: Array) -> Array:
    before = np.minimum(np.floor(index).astype(int), max(len(rows) - 2, 0))
    after = np.minimum(before + 1, len(rows) - 1)
    fraction = (index - before)[:, None]
    return np.asarray(rows[before] * (1.0 - fraction) + rows[after] * fraction)


def _mean(parts: list[Actions], weights: Array, discrete: bool) -> Actions:
    """Weighted mean of actions; weights (parts, times), each column of which sums to 1."""
    poses = np.stack([one.poses for one in parts])
    positions = _sum(poses[..., :3], weights)
    turns = [
        Rotation.from_quat(poses[:, time, 3:]).mean(weights[:, time]).as_quat()
        for time in range(weights.shape[1])
    ]
    widths = [one.gripper_width_m for one in parts if one.gripper_width_m is not None]
    joints = [one.joint_position for one in parts if one.joint_position is not None]
    hands = [one.hand_position for one in parts if one.hand_position is not None]
    width = None
    if widths:
        width = _median(np.stack(widths), weights) if discrete else _sum(np.stack(widths), weights)
    return replace(
        parts[-1],
        poses=np.hstack([positions, np.array(turns)]),
        gripper_width_m=width,
        joint_position=_sum(np.stack(joints), weights) if joints else None,
        hand_position=_sum(np.stack(hands), weights) if hands else None,
    )


def _sum(values: Array, weights: Array) -> Array:
    """Weighted sum over the first axis of (parts, times, ...)."""
    return np.asarray(np.einsum("pt,pt...->t...", weights, values))


def _median(values: Array, weights: Array) -> Array:
    """Weighted median over the first axis: of two values the one with the greater weight."""
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0) >= 0.5
    chosen = np.take_along_axis(order, reached.argmax(axis=0)[None], axis=0)
    return np.asarray(np.take_along_axis(values, chosen, axis=0)[0])
