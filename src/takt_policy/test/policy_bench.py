"""A policy's runtime in a simulated world, for tests that let it live."""

from __future__ import annotations

from collections.abc import Callable

from policy_world import MS, PointRobot

from takt_core.chunk import ActionChunk
from takt_policy.engine import PolicyEngine
from takt_policy.execution import Execution
from takt_policy.jobs import Plan, Reflex
from takt_policy.runtime import PolicyRuntime

TICK = 10 * MS
EXECUTION = Execution(reserve=2, expected_delay_s=0.05)


class Bench:
    """A runtime in a simulated world, with workers that take as long as they are told."""

    def __init__(
        self, engine: PolicyEngine | None, delay_ns: int = 50 * MS, failures_allowed: int = 10
    ) -> None:
        self.world = PointRobot()
        self.delay_ns = delay_ns
        self.jitter_ns = 0
        self.jobs: list[tuple[int, Callable[[], Plan]]] = []
        self.reflexes: list[Callable[[], Reflex]] = []
        self.chunks: list[ActionChunk] = []
        self.runtime = PolicyRuntime(
            lambda job: self.jobs.append((self.world.now_ns + self.delay_ns, job)),
            self.reflexes.append,
            lambda: self.world.now_ns,
            failures_allowed,
        )
        if engine is not None:
            self.runtime.load(engine, execution=EXECUTION)

    @property
    def now_ns(self) -> int:
        """As the node's clock says."""
        return self.world.now_ns + self.jitter_ns

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s * 100)):
            for sample in self.world.advance(TICK):
                self.runtime.push(sample)
            self.runtime.tick(self.now_ns)
            if self.jobs and self.jobs[0][0] <= self.world.now_ns:
                self._keep(self.runtime.finish(self.jobs.pop(0)[1](), self.now_ns))
            while self.reflexes:
                self._keep(self.runtime.finish_reflex(self.reflexes.pop(0)(), self.now_ns))

    def _keep(self, chunk: ActionChunk | None) -> None:
        if chunk is not None:
            self.chunks.append(chunk)
