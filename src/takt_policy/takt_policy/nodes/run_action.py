"""The action policy/run: one run of the policy, from a goal to an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.task import Future

from takt_msgs.action import RunPolicy
from takt_policy.errors import PolicyError
from takt_policy.goals import Goal
from takt_policy.run_watch import Ending, Outcome, RunWatch
from takt_policy.runtime import PolicyRuntime

FEEDBACK_PERIOD_NS = 200_000_000


class RunAction:
    """Serves policy/run. Call ``tick`` regularly: it ends runs and sends feedback.

    Args:
        runtime: None while the node is not configured.
        is_active: whether the node may act.
        set_goal: sets and publishes a goal.
    """

    def __init__(
        self,
        node: Node,
        runtime: Callable[[], PolicyRuntime | None],
        is_active: Callable[[], bool],
        now_ns: Callable[[], int],
        set_goal: Callable[[Goal], None],
    ) -> None:
        self._runtime = runtime
        self._is_active = is_active
        self._now_ns = now_ns
        self._set_goal = set_goal
        self._finished: Future | None = None
        self._handle: Any = None
        self._feedback_ns = 0
        self.watch: RunWatch | None = None
        self._server = ActionServer(
            node,
            RunPolicy,
            "policy/run",
            execute_callback=self._execute,
            goal_callback=lambda _: GoalResponse.ACCEPT,
            cancel_callback=self._on_cancel,
        )

    def destroy(self) -> None:
        self._server.destroy()

    def tick(self, now_ns: int) -> None:
        """Ends the run if there is a reason to, and reports its progress."""
        runtime, watch = self._runtime(), self.watch
        if watch is None or runtime is None or self._finished is None:
            return
        watch.tick(now_ns)
        if not runtime.running:
            watch.failed(runtime.reason or "the policy ended")
        if watch.ending is not None and not self._finished.done():
            runtime.end(f"{watch.ending.outcome.name.lower()}: {watch.ending.message}")
            self._finished.set_result(watch.ending)
            return
        if now_ns - self._feedback_ns >= FEEDBACK_PERIOD_NS:
            self._feedback_ns = now_ns
            self._handle.publish_feedback(
                RunPolicy.Feedback(
                    elapsed_s=watch.elapsed_s(now_ns),
                    chunks=runtime.statistics.chunks,
                    state=runtime.state.name,
                )
            )

    def _on_cancel(self, handle: Any) -> CancelResponse:
        # Another goal, accepted but not begun yet, must not end this run; see _execute.
        if self.watch is not None and handle is self._handle:
            self.watch.cancelled("by the client")
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> RunPolicy.Result:
        if handle.is_cancel_requested:
            handle.canceled()
            return RunPolicy.Result(outcome=int(Outcome.CANCELLED), message="before it began")
        runtime, goal = self._runtime(), handle.request
        refusal = self._begin(runtime, goal)
        if refusal or runtime is None:
            handle.abort()
            return RunPolicy.Result(outcome=int(Outcome.FAILED), message=refusal)
        start_ns, before = self._now_ns(), runtime.statistics
        self.watch = RunWatch(start_ns, goal.time_limit_s)
        self._handle, self._finished = handle, Future()
        ending: Ending = await self._finished
        self._handle = self._finished = self.watch = None
        after = runtime.statistics
        if ending.outcome is Outcome.CANCELLED:
            handle.canceled()
        elif ending.outcome is Outcome.FAILED:
            handle.abort()
        else:
            handle.succeed()
        return RunPolicy.Result(
            outcome=int(ending.outcome),
            message=ending.message,
            chunks=after.chunks - before.chunks,
            late_actions=after.late_actions - before.late_actions,
            duration_s=(self._now_ns() - start_ns) * 1e-9,
        )

    def _begin(self, runtime: PolicyRuntime | None, goal: Any) -> str:
        """Starts the run, or says why not."""
        if runtime is None or not self._is_active():
            return "the policy node is not active; activate it first"
        if self.watch is not None:
            return f"run {runtime.run} is going on; cancel it first"
        if not goal.time_limit_s >= 0.0:
            return f"time_limit_s is {goal.time_limit_s}; allowed: 0 (no limit) or more"
        try:
            runtime.begin(goal.policy)
        except PolicyError as error:
            return str(error)
        try:
            if goal.goal:
                self._set_goal(Goal(text=goal.goal))
        except PolicyError as error:
            runtime.end(f"refused: {error}")
            return str(error)
        return ""
