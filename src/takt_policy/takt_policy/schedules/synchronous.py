"""Synchronous receding horizon: execute a chunk, stand still, look, plan, execute the next.

The plain scheme of most published evaluations. No action is ever late, because the chunk's time
begins when its plan is ready; the price is that the robot stands for as long as planning takes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from takt_policy.actions import Actions
from takt_policy.prediction import Prediction
from takt_policy.schedules.base import Schedule
from takt_policy.schedules.parts import Commit

SETTLE_NS = 300_000_000
"""Beyond the expected delay, for so much longer the last action is held [ns].

Observations are older than now, and a delay may be longer than the last ten were.
"""


class Synchronous(Schedule):
    """Plans only when the chunk has been executed, from an observation of after its end."""

    _end_ns: int | None = None

    @property
    def budget_ns(self) -> int:
        """Beyond it, the robot stands longer than it moves."""
        return max(self.horizons.execute - 1, 1) * self.horizons.step_ns

    @property
    def earliest_reference_ns(self) -> int:
        return 0 if self._end_ns is None else self._end_ns

    def _is_due(self, now_ns: int) -> bool:
        return self._end_ns is None or now_ns >= self._end_ns

    def _place(self, prediction: Prediction, now_ns: int) -> Commit:
        h = self.horizons
        # The action for the reference time is where the robot stands until now; if it is the
        # only one, there is a step of time to go there.
        begin_ns = now_ns + self.timing.lead_ns + (h.step_ns if h.execute == 1 else 0)
        moved = replace(prediction, reference_ns=begin_ns)
        commit = self._hold(self._cut(moved, now_ns, 0))
        end_ns = moved.time_ns(h.first + h.execute - 1)
        self._end_ns = max(end_ns, now_ns)
        return commit

    def _replace(self, revision: Prediction, now_ns: int) -> Commit:
        return self._hold(self._cut(revision, now_ns, 0))

    def _forget(self) -> None:
        self._end_ns = None

    def _hold(self, commit: Commit) -> Commit:
        """Repeats the last action, so that the arm stands where it was sent while planning."""
        if commit.over_budget:
            return commit
        count = -(-(self.expected_delay_ns + SETTLE_NS) // commit.step_ns)
        residual = commit.residual
        return replace(
            commit,
            actions=_extend(commit.actions, count),
            residual=None if residual is None else _repeat_last(residual, count),
        )


def _extend(actions: Actions, count: int) -> Actions:
    widths, joints = actions.gripper_width_m, actions.joint_position
    hand = actions.hand_position
    return replace(
        actions,
        poses=_repeat_last(actions.poses, count),
        gripper_width_m=None if widths is None else _repeat_last(widths, count),
        joint_position=None if joints is None else _repeat_last(joints, count),
        hand_position=None if hand is None else _repeat_last(hand, count),
    )


def _repeat_last(rows: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([rows, np.repeat(rows[-1:], count, axis=0)])
