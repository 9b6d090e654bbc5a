"""The policy node's mind: samples in, chunks out, without ROS and without threads.

It decides when to observe, hands the plan to a worker, and says what of it to publish. The
node only converts messages; tests drive this class with a clock of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from takt_core.chunk import ActionChunk
from takt_core.streams import Sample
from takt_policy.chunks import ChunkOrigin, make_chunk
from takt_policy.engine import PolicyEngine, Prediction
from takt_policy.errors import PolicyError
from takt_policy.latency import LatencyReport
from takt_policy.observation import Missing, Observation, ObservationBuilder
from takt_policy.schedules.receding import (
    RecedingHorizon,
    RecedingSettings,
    ScheduleStatistics,
    Ticket,
)

PATIENCE_NS = 100_000_000
"""An input may be missing for this long before a run with nothing to execute waits [ns].

One lost message must not make the arbiter hold the robot.
"""


class State(IntEnum):
    """Values of takt_msgs/PolicyStatus."""

    UNLOADED = 0
    READY = 1
    RUNNING = 2
    WAITING = 3
    FAILED = 4


@dataclass(frozen=True, eq=False)
class Plan:
    """What the worker made of one observation; ``error`` instead of a prediction on failure.

    Attributes:
        end_ns: end of inference in ROS time [ns].
        end_steady_ns: the same on a steady clock [ns].
    """

    ticket: Ticket
    epoch: int
    observation: Observation
    prediction: Prediction | None
    error: str
    end_ns: int
    end_steady_ns: int


Submit = Callable[[Callable[[], Plan]], None]


class PolicyRuntime:
    """One policy node's state. Call it from one thread.

    Args:
        submit: hands a job to a worker; its result comes back through ``finish``.
        clock: ROS time [ns]; called from the worker, too.
        settings: of the schedule.
    """

    def __init__(
        self, submit: Submit, clock: Callable[[], int], settings: RecedingSettings
    ) -> None:
        self._submit = submit
        self._clock = clock
        self._settings = settings
        self._builder: ObservationBuilder | None = None
        self._schedule: RecedingHorizon | None = None
        self._epoch = 0
        self._epoch_start_ns = 0
        self._covered_until_ns = 0
        self._last_tick_ns = 0
        self._seen_ns = 0
        self._chunk_id = 0
        self._before = ScheduleStatistics()
        self.engine: PolicyEngine | None = None
        self.state = State.UNLOADED
        self.reason = "no bundle is loaded; call policy/load or set the parameter 'bundle'"
        self.goal = ""
        self.run = 0
        self.latency = LatencyReport()

    @property
    def running(self) -> bool:
        return self.state in (State.RUNNING, State.WAITING)

    @property
    def streams(self) -> dict[str, str]:
        """Streams of the loaded policy with their message types."""
        return {} if self._builder is None else self._builder.streams

    @property
    def statistics(self) -> ScheduleStatistics:
        """Since the node started, over all policies."""
        now = ScheduleStatistics() if self._schedule is None else self._schedule.statistics
        return ScheduleStatistics(
            self._before.chunks + now.chunks,
            self._before.late_actions + now.late_actions,
            self._before.over_budget + now.over_budget,
        )

    # Life of a policy

    def load(self, engine: PolicyEngine) -> None:
        """Takes another policy, warmed up.

        Raises:
            PolicyError: one is running.
        """
        if self.running:
            raise PolicyError("a policy is running; end the run before loading another")
        self._before = self.statistics
        self.engine = engine
        self._builder = ObservationBuilder.of(engine.bundle)
        self._schedule = RecedingHorizon(engine.bundle.spec.horizons, self._settings)
        self.state, self.reason = State.READY, ""

    def begin(self) -> int:
        """Starts a run; returns its number.

        Raises:
            PolicyError: nothing is loaded, or a run is going on.
        """
        if self.engine is None or self._builder is None or self._schedule is None:
            raise PolicyError(self.reason)
        if self.running:
            raise PolicyError(f"run {self.run} is going on; cancel it first")
        # The robot may have been moved by hand or by a reset: nothing from before counts.
        self._builder.clear()
        self._schedule.discard()
        self._covered_until_ns = 0
        self.run += 1
        self.state, self.reason = State.WAITING, "gathering observations"
        return self.run

    def end(self, reason: str = "") -> None:
        """Ends a run without fault."""
        if self.running:
            self._stop(State.READY, reason)

    def fail(self, reason: str) -> None:
        """Ends a run with a fault, or notes one."""
        self._stop(State.FAILED, reason)

    def mode_changed(self, epoch: int, start_ns: int) -> None:
        """A new epoch of control: what was observed before it is stale."""
        if epoch == self._epoch:
            return
        self._epoch, self._epoch_start_ns = epoch, start_ns
        self._covered_until_ns = 0
        if self._schedule is not None:
            self._schedule.discard()

    # The beat

    def push(self, sample: Sample) -> None:
        """Takes a sample; one that the policy cannot use ends the run with its reason."""
        if self._builder is None:
            return
        try:
            self._builder.push(sample)
        except PolicyError as error:
            if self.running:
                self.fail(str(error))

    def tick(self, now_ns: int) -> None:
        """Starts a plan if it is time; never waits for one."""
        if now_ns < self._last_tick_ns:
            self._time_began_anew()
        self._last_tick_ns = now_ns
        if not self.running or self._schedule is None or not self._schedule.wants_plan(now_ns):
            return
        observation = self._observe(now_ns)
        if isinstance(observation, Missing):
            self._missing(observation.reason, now_ns)
            return
        self.state, self.reason = State.RUNNING, ""
        self._seen_ns = now_ns
        if observation is not None:
            self._start(observation, now_ns)

    def finish(self, plan: Plan, now_ns: int) -> ActionChunk | None:
        """What of a finished plan to publish now, if anything."""
        if self._schedule is None or self.engine is None or not self.running:
            return None
        if plan.prediction is None:
            if self._schedule.abandoned(plan.ticket):
                self.fail(plan.error)
            return None
        commit = self._schedule.finished(plan.ticket, now_ns, plan.observation.reference_ns)
        if commit is None:
            return None
        if commit.over_budget:
            took_s = (now_ns - plan.ticket.start_ns) * 1e-9
            self.reason = f"over budget: the plan took {took_s:.2f} s and all its actions were late"
            return None
        bundle = self.engine.bundle
        step_ns = bundle.spec.horizons.step_ns
        self._covered_until_ns = commit.start_ns + (commit.count - 1) * step_ns
        self._chunk_id += 1
        origin = ChunkOrigin(
            id=self._chunk_id,
            epoch=plan.epoch,
            policy=bundle.spec.name,
            policy_hash=bundle.hash,
            goal=self.goal,
            inference_start_ns=plan.ticket.start_ns,
            inference_end_ns=plan.end_ns,
            published_ns=now_ns,
        )
        return make_chunk(plan.prediction, plan.observation, commit, step_ns, origin)

    def _observe(self, now_ns: int) -> Observation | Missing | None:
        """None while the streams have not reached the present epoch yet."""
        assert self._builder is not None
        reference = self._builder.reference(now_ns)
        if isinstance(reference, Missing):
            return reference
        if reference < self._epoch_start_ns:
            return None
        return self._builder.build(reference)

    def _missing(self, reason: str, now_ns: int) -> None:
        # While committed actions last, the robot still does what was planned with open eyes.
        patient_until_ns = max(self._covered_until_ns, self._seen_ns + PATIENCE_NS)
        if self.state is State.RUNNING and now_ns < patient_until_ns:
            self.reason = f"no new plan: {reason}"
            return
        self.state, self.reason = State.WAITING, reason

    def _start(self, observation: Observation, now_ns: int) -> None:
        assert self._schedule is not None
        assert self.engine is not None
        engine, epoch, clock = self.engine, self._epoch, self._clock
        ticket = self._schedule.started(now_ns)

        def job() -> Plan:
            prediction, error = None, ""
            try:
                # The noise follows from the seed and a time that the chunk carries, so that a
                # recording can be re-run to the same chunk.
                prediction = engine.plan(observation, draw=observation.reference_ns)
            except PolicyError as failure:
                error = str(failure)
            except Exception as failure:
                error = f"inference failed: {type(failure).__name__}: {failure}"
            end_steady_ns = time.perf_counter_ns()
            return Plan(ticket, epoch, observation, prediction, error, clock(), end_steady_ns)

        self._submit(job)

    def _time_began_anew(self) -> None:
        """As when a simulator restarts: stamps from before mean nothing any more."""
        self._covered_until_ns = self._epoch_start_ns = self._seen_ns = 0
        if self._builder is not None and self._schedule is not None:
            self._builder.clear()
            self._schedule.discard()

    def _stop(self, state: State, reason: str) -> None:
        self.state, self.reason = state, reason
        self._covered_until_ns = 0
        if self._schedule is not None:
            self._schedule.discard()
