"""Schedules: when inference runs and which of its actions are committed."""

from __future__ import annotations

from dataclasses import replace

from takt_policy.bundle.schema import Horizons
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.schedules.asynchronous import Asynchronous
from takt_policy.schedules.base import Schedule
from takt_policy.schedules.ensembling import Ensembling
from takt_policy.schedules.parts import Commit, ScheduleStatistics, Ticket, Timing
from takt_policy.schedules.synchronous import Synchronous

__all__ = [
    "Asynchronous",
    "Commit",
    "Ensembling",
    "Schedule",
    "ScheduleStatistics",
    "Synchronous",
    "Ticket",
    "Timing",
    "executed",
    "make_schedule",
]


def make_schedule(
    horizons: Horizons,
    execution: Execution,
    warm: bool = True,
    discrete_gripper: bool = False,
) -> Schedule:
    """The schedule that ``execution`` names.

    Args:
        warm: whether the policy was warmed up; if not, its first plan's delay is not counted.
        discrete_gripper: the policy's gripper knows only open and closed.

    Raises:
        PolicyError: there is no such schedule.
    """
    h, timing = executed(horizons, execution), Timing.of(execution)
    if execution.schedule == "synchronous":
        return Synchronous(h, timing, warm)
    if execution.schedule == "ensembling":
        return Ensembling(h, timing, warm, execution.ensemble_decay, discrete_gripper)
    if execution.schedule in ("asynchronous", "rtc"):
        return Asynchronous(h, timing, warm)
    raise PolicyError(
        f"schedule {execution.schedule!r}; allowed: asynchronous, synchronous, ensembling, rtc"
    )


def executed(horizons: Horizons, execution: Execution) -> Horizons:
    """The horizons with as many actions to execute as ``execution`` wants."""
    if execution.execute == 0.0:
        return horizons
    count = max(1, round(execution.execute / horizons.step_s))
    return replace(horizons, execute=min(count, horizons.prediction - horizons.first))
