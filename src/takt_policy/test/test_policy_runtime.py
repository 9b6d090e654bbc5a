"""The node's mind without ROS: states, epochs, failures, each with its reason."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from policy_world import MS, PointRobot

from takt_core.chunk import ActionChunk
from takt_core.streams import Sample
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.observation import Observation, ObservationBuilder
from takt_policy.runtime import Plan, PolicyRuntime, State
from takt_policy.schedules.receding import RecedingSettings
from takt_policy.testing import write_tiny_bundle

TICK = 10 * MS


class Bench:
    """A runtime in a simulated world, with a worker that takes as long as it is told."""

    def __init__(self, engine: PolicyEngine | None, delay_ns: int = 50 * MS) -> None:
        self.world = PointRobot()
        self.delay_ns = delay_ns
        self.jobs: list[tuple[int, Callable[[], Plan]]] = []
        self.chunks: list[ActionChunk] = []
        self.runtime = PolicyRuntime(
            lambda job: self.jobs.append((self.world.now_ns + self.delay_ns, job)),
            lambda: self.world.now_ns,
            RecedingSettings(reserve=2, initial_delay_s=0.05),
        )
        if engine is not None:
            self.runtime.load(engine)

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s * 100)):
            for sample in self.world.advance(TICK):
                self.runtime.push(sample)
            self.runtime.tick(self.world.now_ns)
            if self.jobs and self.jobs[0][0] <= self.world.now_ns:
                _, job = self.jobs.pop(0)
                chunk = self.runtime.finish(job(), self.world.now_ns)
                if chunk is not None:
                    self.chunks.append(chunk)


def test_unloaded_says_what_to_do() -> None:
    bench = Bench(None)
    assert bench.runtime.state is State.UNLOADED
    assert "policy/load" in bench.runtime.reason
    with pytest.raises(PolicyError, match="no bundle is loaded"):
        bench.runtime.begin()
    bench.run(0.1)
    assert bench.runtime.streams == {}
    assert bench.runtime.statistics.chunks == 0


def test_a_run_from_ready_to_ready(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bench.run(0.3)
    assert bench.runtime.state is State.READY
    assert not bench.jobs, "it plans only in a run"
    bench.runtime.goal = "up"
    assert bench.runtime.begin() == 1
    assert bench.runtime.state is State.WAITING
    with pytest.raises(PolicyError, match="run 1 is going on"):
        bench.runtime.begin()
    with pytest.raises(PolicyError, match="a policy is running"):
        bench.runtime.load(tiny_engine)
    bench.run(2.0)
    assert bench.runtime.state is State.RUNNING
    assert len(bench.chunks) >= 3
    assert [chunk.id for chunk in bench.chunks] == list(range(1, len(bench.chunks) + 1))
    assert {chunk.goal for chunk in bench.chunks} == {"up"}
    bench.runtime.end("enough")
    assert (bench.runtime.state, bench.runtime.reason) == (State.READY, "enough")
    count = len(bench.chunks)
    bench.run(0.5)
    assert len(bench.chunks) == count, "a plan in the making ends with the run"
    assert bench.runtime.begin() == 2
    bench.run(1.0)
    assert bench.chunks[count].id == count + 1


def test_a_chunk_repeats_from_what_it_carries(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    builder = ObservationBuilder.of(tiny_engine.bundle)
    push = bench.runtime.push

    def recorded(sample: Sample) -> None:
        builder.push(sample)
        push(sample)

    bench.runtime.push = recorded  # type: ignore[method-assign]
    bench.run(0.8)
    chunk = bench.chunks[-1]
    observation = builder.build(chunk.reference_ns)
    assert isinstance(observation, Observation)
    again = tiny_engine.plan(observation, draw=chunk.reference_ns)
    np.testing.assert_array_equal(again.raw, chunk.raw)
    np.testing.assert_array_equal(again.actions.poses[chunk.first_index], chunk.poses[0].array7())


def test_a_new_epoch_discards_the_plan_in_the_making(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    while not bench.jobs:
        bench.run(0.01)
    bench.runtime.mode_changed(7, bench.world.now_ns + 5 * MS)
    change_ns = bench.world.now_ns + 5 * MS
    bench.run(1.0)
    assert bench.chunks[0].epoch == 7
    assert all(chunk.reference_ns >= change_ns for chunk in bench.chunks)
    count = len(bench.chunks)
    bench.runtime.mode_changed(7, bench.world.now_ns)
    bench.run(0.1)
    assert {chunk.epoch for chunk in bench.chunks[count:]} <= {7}


def test_a_dead_camera_waits_only_when_the_committed_actions_are_used_up(
    tiny_engine: PolicyEngine,
) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    bench.world.camera_works = False
    states = []
    for _ in range(150):
        bench.run(0.01)
        states.append((bench.runtime.state, bench.runtime.reason))
    assert any(s is State.RUNNING and "no new plan: input 'image'" in r for s, r in states)
    assert states[-1][0] is State.WAITING
    assert "allowed are 0.25 s" in states[-1][1]
    change = next(i for i, (s, _) in enumerate(states) if s is State.WAITING)
    assert {s for s, _ in states[change:]} == {State.WAITING}
    last = bench.chunks[-1]
    waiting_ns = bench.world.now_ns - (150 - change - 1) * TICK
    assert waiting_ns >= last.time_ns(len(last.poses) - 1)
    bench.world.camera_works = True
    bench.run(0.5)
    assert bench.runtime.state is State.RUNNING


def test_nan_fails_by_name_and_a_new_run_is_possible(
    tiny_engine: PolicyEngine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("faulty") / "faulty.takt"
    bench = Bench(PolicyEngine(write_tiny_bundle(path, faulty=True)))
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.runtime.state is State.FAILED
    assert "graph encode: output 'condition'" in bench.runtime.reason
    assert bench.chunks == []
    bench.runtime.load(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.chunks


def test_an_unexpected_error_in_the_worker_is_a_failure_too(
    tiny_engine: PolicyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tiny_engine)

    def broken(*_: object, **__: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(tiny_engine, "plan", broken)
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.runtime.state is State.FAILED
    assert "MemoryError: no more" in bench.runtime.reason


def test_an_unusable_sample_fails_the_run(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bad = Sample("arm/wrench", bench.world.now_ns, {"wrench": np.zeros(3)})
    bench.runtime.push(bad)
    assert bench.runtime.state is State.READY
    bench.runtime.begin()
    bench.runtime.push(bad)
    assert bench.runtime.state is State.FAILED
    assert "input 'wrench'" in bench.runtime.reason


def test_over_budget_is_said(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine, delay_ns=1500 * MS)
    bench.runtime.begin()
    reasons = set()
    for _ in range(200):
        bench.run(0.01)
        reasons.add(bench.runtime.reason)
    assert any("over budget: the plan took 1.50 s" in reason for reason in reasons)
    assert bench.runtime.statistics.over_budget == 1
    assert bench.chunks == []


def test_statistics_outlive_a_change_of_policy(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    before = bench.runtime.statistics
    assert before.chunks == len(bench.chunks) > 0
    bench.runtime.end()
    bench.runtime.load(tiny_engine)
    assert bench.runtime.statistics == before


def test_time_may_begin_anew(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    bench.jobs.clear()
    bench.world = PointRobot()
    count = len(bench.chunks)
    bench.run(1.0)
    assert bench.chunks[count].published_ns < bench.chunks[count - 1].published_ns + 1000 * MS
    assert bench.runtime.state is State.RUNNING
