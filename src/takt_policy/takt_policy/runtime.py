"""The policy node's mind: samples in, chunks out, without ROS and without threads.

It decides when to observe, hands plans and reflexes to workers, and says what of them to publish.
The node only converts messages; the lock-step runner and the tests drive this class with a clock
of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from takt_core.chunk import ActionChunk
from takt_core.streams import Sample
from takt_policy.chunks import make_chunk
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.goals import Goal
from takt_policy.jobs import Plan, Reflex
from takt_policy.latency import LatencyReport
from takt_policy.loaded import LoadedPolicy, PolicyShelf
from takt_policy.observation import goal_problem
from takt_policy.planning import PlanLoop, Situation
from takt_policy.reflexes import ReflexLoop
from takt_policy.run_health import RunHealth
from takt_policy.run_watch import CLOCK_JITTER_NS
from takt_policy.schedules import ScheduleStatistics

FAILURES_ALLOWED = 10
_NOTHING_LOADED = "no bundle is loaded; call policy/load or set the parameter 'bundle'"


class State(IntEnum):
    """Values of takt_msgs/PolicyStatus."""

    UNLOADED = 0
    READY = 1
    RUNNING = 2
    WAITING = 3
    FAILED = 4


class PolicyRuntime:
    """One policy node's state. Call it from one thread.

    Args:
        submit: hands a job to the worker that plans; its result comes back through ``finish``.
        submit_reflex: the same for reflexes, which never wait for a plan; ``finish_reflex``.
        clock: ROS time [ns]; called from the workers, too.
        failures_allowed: so many plans may fail, one after the other, before a run has failed.
    """

    def __init__(
        self,
        submit: Callable[[Callable[[], Plan]], None],
        submit_reflex: Callable[[Callable[[], Reflex]], None],
        clock: Callable[[], int],
        failures_allowed: int = FAILURES_ALLOWED,
    ) -> None:
        self._plans = PlanLoop(submit, clock)
        self._reflexes = ReflexLoop(submit_reflex, clock)
        self._failures_allowed = failures_allowed
        self._policies = PolicyShelf()
        self._active: LoadedPolicy | None = None
        self._health = RunHealth()
        self._statistics = self._at_begin = ScheduleStatistics()
        self._goal = Goal()
        self._chunk: ActionChunk | None = None
        self._chunk_id = 0
        self._epoch = self._epoch_start_ns = self._last_now_ns = 0
        self._idle = (State.UNLOADED, _NOTHING_LOADED)
        self.run = 0
        self.latency = LatencyReport()

    @property
    def running(self) -> bool:
        return self._active is not None

    @property
    def state(self) -> State:
        if self._active is None:
            return self._idle[0]
        return State.WAITING if self._health.waits else State.RUNNING

    @property
    def reason(self) -> str:
        return self._idle[1] if self._active is None else self._health.reason

    @property
    def policy(self) -> LoadedPolicy | None:
        """The one that runs, else the selected one."""
        return self._active or self._policies.selected

    @property
    def names(self) -> list[str]:
        """Of the loaded policies."""
        return self._policies.names

    @property
    def streams(self) -> dict[str, str]:
        """Topics of the loaded policies with their message types."""
        return {**self._policies.streams, **({} if self._active is None else self._active.streams)}

    @property
    def statistics(self) -> ScheduleStatistics:
        """Since the node started, over all policies."""
        if self._active is None:
            return self._statistics
        return self._statistics + (self._active.schedule.statistics - self._at_begin)

    # Life of the policies

    def load(
        self,
        engine: PolicyEngine,
        warm: bool = True,
        select: bool = True,
        execution: Execution | None = None,
    ) -> LoadedPolicy:
        """Takes another policy, also while one runs: the next run can have it.

        Args:
            warm: whether it was warmed up.
            select: whether a run that names no policy takes it.
            execution: of the schedule, by default the engine's.

        Raises:
            PolicyError: it does not go together with those that are loaded.
        """
        policy = LoadedPolicy(engine, execution or engine.execution, warm)
        policy.push(self._goal.sample(0))
        self._policies.put(policy, select)
        if self._idle[0] is not State.READY:
            self._idle = (State.READY, "")
        return policy

    def unload(self, name: str) -> str:
        """Lets go of a policy; returns its name.

        Raises:
            PolicyError: there is none of that name, or it is running.
        """
        policy = self._policies.find(name)
        if policy is self._active:
            raise PolicyError(f"policy {policy.name!r} is running; end the run before unloading it")
        self._policies.take(policy.name)
        if not self._policies.names:
            self._idle = (State.UNLOADED, _NOTHING_LOADED)
        return policy.name

    def begin(self, name: str = "") -> int:
        """Starts a run of a policy, by default the selected one; returns the run's number.

        Raises:
            PolicyError: it is not loaded, or a run is going on.
        """
        if self.running:
            raise PolicyError(f"run {self.run} is going on; cancel it first")
        policy = self._policies.find(name)
        self._active, self._at_begin = policy, policy.schedule.statistics
        # The robot may have been moved by hand or by a reset: nothing from before counts.
        self._clear(policy)
        self._health.begin()
        self.run += 1
        return self.run

    def end(self, reason: str = "") -> None:
        """Ends a run without fault."""
        if self.running:
            self._stop(State.READY, reason)

    def fail(self, reason: str) -> None:
        """Ends a run with a fault, or notes one."""
        self._stop(State.FAILED, reason)

    def set_goal(self, goal: Goal) -> None:
        """What the policies are to achieve, from the next plan on.

        Raises:
            PolicyError: the policy that runs, or the selected one, needs another kind.
        """
        if self.policy is not None:
            problem = goal_problem(self.policy.engine.bundle.spec, goal)
            if problem is not None and goal.kind:
                raise PolicyError(problem)
        self._goal = goal
        for policy in {*self._policies.all, *([self._active] if self._active else [])}:
            policy.push(goal.sample(0))

    @property
    def goal(self) -> str:
        """In words; empty without one."""
        return self._goal.text or (self._goal.words if self._goal.kind else "")

    def mode_changed(self, epoch: int, start_ns: int) -> None:
        """A new epoch of control: what was observed before it is stale."""
        if epoch == self._epoch:
            return
        self._epoch, self._epoch_start_ns = epoch, start_ns
        self._discard()

    # The beat

    def wants(self, stream: str) -> bool:
        """Whether samples of a stream are of use now."""
        return self._active is not None and stream in self._active.streams

    def push(self, sample: Sample) -> None:
        """Takes a sample; one that the policy cannot use ends the run with its reason."""
        if self._active is None:
            return
        try:
            self._active.push(sample)
        except PolicyError as error:
            self.fail(str(error))

    def tick(self, now_ns: int) -> None:
        """Starts a plan or a reflex if it is time; never waits for one."""
        self._look_at_clock(now_ns)
        if self._active is None:
            return
        if self._chunk is not None:
            self._reflexes.tick(self._active, self._chunk, now_ns)
            self._health.reflex(self._reflexes.trouble)
        situation = Situation(self._epoch, self._epoch_start_ns, self.goal, self._chunk)
        self._plans.tick(self._active, situation, self._health, now_ns)
        self._health.look(now_ns)

    def finish(self, plan: Plan, now_ns: int) -> ActionChunk | None:
        """What of a finished plan to publish now, if anything."""
        self._look_at_clock(now_ns)
        self._plans.finished()
        policy = self._active
        if policy is None or plan.policy is not policy:
            return None
        schedule = policy.schedule
        if plan.prediction is None:
            if schedule.failed(plan.ticket, now_ns):
                self._plan_failed(plan.error, now_ns)
            return None
        commit = schedule.finished(plan.ticket, now_ns, plan.prediction)
        if commit is None:
            return None
        if commit.over_budget:
            took_s = (now_ns - plan.ticket.start_ns) * 1e-9
            words = f"the plan took {took_s:.2f} s and all its actions were late"
            self._health.over_budget(words, now_ns)
            return None
        self._health.load(schedule)
        self._health.committed(commit.end_ns, now_ns)
        self._chunk_id += 1
        self._chunk = make_chunk(plan, commit, self._chunk_id, now_ns)
        return self._chunk

    def finish_reflex(self, reflex: Reflex, now_ns: int) -> ActionChunk | None:
        """What of a finished reflex to publish now, if anything."""
        self._look_at_clock(now_ns)
        chunk = self._reflexes.finish(reflex, self._active, now_ns)
        self._health.reflex(self._reflexes.trouble)
        self._chunk = chunk or self._chunk
        return chunk

    def _plan_failed(self, error: str, now_ns: int) -> None:
        self._health.failed(error, now_ns)
        if self._health.failures >= self._failures_allowed:
            count = self._health.failures
            self.fail(
                f"{error} ({count} plans failed, one after the other)" if count > 1 else error
            )

    def _look_at_clock(self, now_ns: int) -> None:
        """As when a simulator restarts: stamps from before mean nothing any more."""
        if now_ns >= self._last_now_ns - CLOCK_JITTER_NS:
            self._last_now_ns = max(now_ns, self._last_now_ns)
            return
        self._last_now_ns = now_ns
        self._epoch_start_ns = 0
        self._plans.restarted(now_ns)
        self._health.restarted()
        if self._active is not None:
            self._clear(self._active)

    def _clear(self, policy: LoadedPolicy) -> None:
        policy.clear()
        policy.schedule.discard()
        self._chunk = None
        self._reflexes.begin()

    def _discard(self) -> None:
        self._health.discarded()
        self._chunk = None
        if self._active is not None:
            self._active.schedule.discard()

    def _stop(self, state: State, reason: str) -> None:
        self._statistics = self.statistics
        self._discard()
        self._active = None
        self._idle = (state, reason)
