"""Plans: from an observation of the moment to a job for the worker, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from takt_core.chunk import ActionChunk
from takt_policy.jobs import Plan, plan_job
from takt_policy.loaded import LoadedPolicy
from takt_policy.observation import Missing
from takt_policy.run_health import RunHealth


@dataclass(frozen=True)
class Situation:
    """What a plan is made in, beyond what is observed.

    Attributes:
        epoch: of control.
        epoch_start_ns: observations from before are stale [ns].
        goal: in words.
        chunk: that is being executed.
    """

    epoch: int
    epoch_start_ns: int
    goal: str
    chunk: ActionChunk | None


class PlanLoop:
    """Starts a plan when the schedule asks for one and the worker is free.

    Args:
        submit: hands a job to the worker that plans.
        clock: ROS time [ns].
    """

    def __init__(
        self, submit: Callable[[Callable[[], Plan]], None], clock: Callable[[], int]
    ) -> None:
        self._submit = submit
        self._clock = clock
        self._since_ns: int | None = None

    def finished(self) -> None:
        """The worker is free again."""
        self._since_ns = None

    def restarted(self, now_ns: int) -> None:
        """Times from before mean nothing any more."""
        if self._since_ns is not None:
            self._since_ns = now_ns

    def tick(
        self, policy: LoadedPolicy, situation: Situation, health: RunHealth, now_ns: int
    ) -> None:
        """Starts a plan if it is time; never waits for one."""
        # One that was discarded may still keep the worker busy.
        if self._since_ns is None:
            if policy.schedule.wants_plan(now_ns):
                self._start(policy, situation, health, now_ns)
            return
        age_ns, horizons = now_ns - self._since_ns, policy.schedule.horizons
        if age_ns > horizons.prediction * horizons.step_ns:
            words = f"a plan has been in the making for {age_ns * 1e-9:.2f} s"
            health.over_budget(words, now_ns)

    def _start(
        self, policy: LoadedPolicy, situation: Situation, health: RunHealth, now_ns: int
    ) -> None:
        observation = policy.observe(now_ns, situation.epoch_start_ns)
        if observation is None:
            # The streams have not reached the present epoch, or the end of the chunk, yet.
            health.observed(now_ns)
            return
        if isinstance(observation, Missing):
            health.missing(observation.reason, now_ns)
            return
        fast = policy.observe_fast(now_ns, observation.reference_pose)
        if isinstance(fast, Missing):
            health.missing(fast.reason, now_ns)
            return
        health.observed(now_ns)
        ticket, chunk = policy.schedule.started(now_ns), situation.chunk
        previous_id = chunk.id if ticket.previous is not None and chunk is not None else 0
        self._since_ns = now_ns
        self._submit(
            plan_job(
                policy, ticket, situation.epoch, previous_id, situation.goal, observation, fast,
                self._clock,
            )
        )  # fmt: skip
