"""Asynchronous receding horizon: each chunk is planned while the one before is executed.

A plan starts when what is being executed will last only for the delay that was measured lately
(and a margin). (Diffusion Policy, arXiv 2303.04137, executes ``x[To-1 : To-1+Ta]``; UMI, arXiv
2402.10329, drops late actions.)

Real-time chunking (arXiv 2506.07339) is the same in time: it differs in how a chunk is drawn,
namely so that it continues ``Ticket.previous`` up to ``Ticket.takeover_ns`` and softly beyond.
"""

from __future__ import annotations

from takt_policy.prediction import Prediction
from takt_policy.schedules.base import Schedule
from takt_policy.schedules.parts import Commit


class Asynchronous(Schedule):
    """Plans ahead of the end of the current chunk's Ta actions."""

    _end_ns: int | None = None

    @property
    def budget_ns(self) -> int:
        """A chunk has to last while the next but one is begun and the next is made: twice."""
        lasts_ns = (self.horizons.execute - 1) * self.horizons.step_ns
        spare_ns = lasts_ns - self.timing.margin_ns - self.timing.lead_ns
        return max(spare_ns, self.horizons.step_ns) // 2

    def _is_due(self, now_ns: int) -> bool:
        if self._end_ns is None:
            return True
        return now_ns + self.expected_delay_ns + self.timing.margin_ns >= self._end_ns

    def _place(self, prediction: Prediction, now_ns: int) -> Commit:
        commit = self._cut(prediction, now_ns, self.timing.reserve)
        end_ns = prediction.time_ns(self.horizons.first + self.horizons.execute - 1)
        # If only reserve is left of it, the next plan is wanted at once.
        self._end_ns = None if commit.over_budget else max(end_ns, now_ns)
        return commit

    def _replace(self, revision: Prediction, now_ns: int) -> Commit:
        return self._cut(revision, now_ns, self.timing.reserve)

    def _forget(self) -> None:
        self._end_ns = None
