"""The policy as a node: samples in, chunks out, a heartbeat from the thread that keeps time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from takt_core.conversions import stamp_from_ros
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ERROR, OK, WARN, ManagedNode, run_node
from takt_core.nodes.qos import LATCHED
from takt_core.streams import Sample
from takt_msgs.msg import ControlMode, PolicyStatus, TaskStatus
from takt_policy.conversions import status_to_ros
from takt_policy.goals import Goal
from takt_policy.nodes.goal_service import GoalService
from takt_policy.nodes.inference import Inference
from takt_policy.nodes.load_service import LoadService, Opened, open_engine
from takt_policy.nodes.run_action import RunAction
from takt_policy.nodes.streams import StreamSubscriptions
from takt_policy.run_watch import Mode
from takt_policy.runtime import PolicyRuntime, State
from takt_policy.settings import PolicyParameters
from takt_policy.shown import ShownState

_LEVELS = {State.FAILED: ERROR, State.WAITING: WARN, State.UNLOADED: WARN}


class PolicyNode(ManagedNode):
    """Feeds messages to ``PolicyRuntime`` and publishes what it decides.

    The executor's thread keeps time: plans, reflexes and loading have workers of their own.
    """

    def __init__(self) -> None:
        super().__init__("policy", PolicyParameters)
        self._inference: Inference | None = None
        self._action: RunAction | None = None
        self._goals: GoalService | None = None
        self._loader: LoadService | None = None
        self._streams = StreamSubscriptions(self, self._on_sample, self._on_bad, self._wants)
        self._entities: list[tuple[Callable[[Any], Any], Any]] = []
        self._shown = ShownState()

    @property
    def _runtime(self) -> PolicyRuntime | None:
        return None if self._inference is None else self._inference.runtime

    # Lifecycle

    def on_takt_configure(self) -> None:
        p: PolicyParameters = self.parameters
        self._inference = Inference(
            self, p.base_frame, p.failures_allowed, lambda: self.active, self.now_ns
        )
        try:
            if p.bundle:
                self._use(open_engine(p.bundle, p, warm_up=True))
            self._open(p)
            if self._goals is not None and p.goal:
                self._goals.set(Goal(text=p.goal))
        except TaktError:
            self.on_takt_cleanup()
            raise

    def _open(self, p: PolicyParameters) -> None:
        self._status = self.create_publisher(PolicyStatus, "policy/status", LATCHED)
        self._goals = GoalService(self, p.base_frame, lambda: self._runtime, self.now_ns)
        self._action = RunAction(
            self, lambda: self._runtime, lambda: self.active, self.now_ns, self._goals.set
        )
        self._loader = LoadService(self, p, lambda: self._runtime, self._use, self._subscribe)
        made = [
            (self.destroy_publisher, self._status),
            (
                self.destroy_subscription,
                self.create_subscription(ControlMode, "control/mode", self._on_mode, LATCHED),
            ),
            (
                self.destroy_subscription,
                self.create_subscription(TaskStatus, "task/status", self._on_task, LATCHED),
            ),
            (self.destroy_timer, self.create_timer(1.0 / p.tick_hz, self._tick)),
            (self.destroy_timer, self.create_timer(1.0 / p.heartbeat_hz, self._heartbeat)),
        ]
        self._entities.extend(made)

    def on_takt_activate(self) -> None:
        self._heartbeat()
        if self.parameters.autorun and self._runtime is not None:
            self._runtime.begin()

    def on_takt_deactivate(self) -> None:
        if self._runtime is not None:
            self._runtime.end("the policy node was deactivated")
            self._heartbeat()

    def on_takt_cleanup(self) -> None:
        for part in (self._action, self._goals, self._loader, self._inference):
            if part is not None:
                part.destroy()
        self._action = self._goals = self._loader = self._inference = None
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities = []
        self._streams.replace({})

    # Inputs

    def _use(self, opened: Opened, select: bool = True) -> None:
        """Takes a policy that is ready.

        Raises:
            PolicyError: it does not go together with others that are loaded.
        """
        assert self._runtime is not None
        policy = self._runtime.load(opened.engine, opened.warm, select)
        self._subscribe()
        bundle = opened.engine.bundle
        self.get_logger().info(
            f"loaded {bundle.spec.name} ({bundle.hash[:12]}) on {opened.engine.provider}: "
            f"{policy.execution_words}"
        )

    def _subscribe(self) -> None:
        if self._runtime is not None:
            self._streams.replace(self._runtime.streams)

    def _wants(self, stream: str) -> bool:
        return self._runtime is not None and self._runtime.wants(stream)

    def _on_sample(self, sample: Sample) -> None:
        if self._runtime is not None:
            self._runtime.push(sample)

    def _on_bad(self, stream: str, reason: str) -> None:
        self.diagnose(WARN, f"ignored: {reason}", stream)

    def _on_mode(self, message: ControlMode) -> None:
        if self._runtime is None:
            return
        stamp_ns = stamp_from_ros(message.header.stamp)
        self._runtime.mode_changed(int(message.epoch), stamp_ns)
        if self._action is not None and self._action.watch is not None:
            self._action.watch.mode(int(message.mode), stamp_ns, message.reason)
        elif message.mode == Mode.STOPPED:
            self._runtime.end(f"the robot was stopped: {message.reason}")

    def _on_task(self, message: TaskStatus) -> None:
        if self._action is not None and self._action.watch is not None:
            stamp_ns = stamp_from_ros(message.header.stamp)
            self._action.watch.task(int(message.state), stamp_ns, message.reason)

    # The beat

    def _tick(self) -> None:
        if self._runtime is None or self._action is None:
            return
        now_ns = self.now_ns()
        self._runtime.tick(now_ns)
        self._action.tick(now_ns)

    def _heartbeat(self) -> None:
        runtime = self._runtime
        if runtime is None or not self.context.ok():
            return
        self._status.publish(status_to_ros(runtime, self.now_ns()))
        shown = self._shown.look(runtime.state, runtime.reason, time.monotonic())
        if shown is not None:
            report = runtime.latency.report()
            values = {f"{one.name}_p95_ms": f"{one.p95_ms:.1f}" for one in report}
            if runtime.policy is not None:
                values["load"] = f"{runtime.policy.schedule.load:.2f}"
            level = OK if shown.brief else _LEVELS.get(runtime.state, OK)
            self.diagnose(level, shown.words, "policy", reason=runtime.reason, **values)


def main() -> None:
    """Entry point of ``policy_node``."""
    sys.exit(run_node(PolicyNode))


if __name__ == "__main__":
    main()
