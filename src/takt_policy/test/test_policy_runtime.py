"""The node's mind without ROS: states, epochs, failures, each with its reason."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from policy_bench import EXECUTION, TICK, Bench
from policy_world import MS, PointRobot

from takt_core.streams import Sample
from takt_policy.bundle import Bundle
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.goals import Goal
from takt_policy.observation import Observation, ObservationBuilder
from takt_policy.prediction import Prediction
from takt_policy.runtime import State
from takt_policy.testing import tiny_spec, write_tiny_bundle


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
    bench.runtime.set_goal(Goal(text="up"))
    assert bench.runtime.begin() == 1
    assert bench.runtime.state is State.WAITING
    with pytest.raises(PolicyError, match="run 1 is going on"):
        bench.runtime.begin()
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


def test_a_chunk_that_continues_another_repeats_from_what_both_carry(tiny_bundle: Bundle) -> None:
    engine = PolicyEngine(tiny_bundle, Execution(schedule="rtc", rtc_weight=0.5))
    bench = Bench(None)
    bench.runtime.load(engine, execution=replace(EXECUTION, schedule="rtc"))
    bench.runtime.begin()
    builder = ObservationBuilder.of(tiny_bundle)
    push = bench.runtime.push

    def recorded(sample: Sample) -> None:
        builder.push(sample)
        push(sample)

    bench.runtime.push = recorded  # type: ignore[method-assign]
    previous: Prediction | None = None
    followed = 0
    while len(bench.chunks) < 4:
        count = len(bench.chunks)
        bench.run(0.01)
        if len(bench.chunks) == count:
            continue
        chunk = bench.chunks[-1]
        observation = builder.build(chunk.reference_ns)
        assert isinstance(observation, Observation)
        given = previous if chunk.previous_id else None
        again = engine.plan(
            observation, draw=chunk.reference_ns, previous=given, commit_ns=chunk.takeover_ns
        )
        np.testing.assert_array_equal(again.raw, chunk.raw)
        if given is not None:
            assert chunk.previous_id == bench.chunks[-2].id
            alone = engine.plan(observation, draw=chunk.reference_ns)
            assert not np.array_equal(alone.raw, chunk.raw), "or it would continue nothing"
            followed += 1
        # When its actions were executed is in the chunk's own times.
        first = chunk.first_index - tiny_bundle.spec.horizons.first
        previous = replace(again, reference_ns=chunk.start_ns - first * chunk.step_ns)
    assert followed == 3


def test_a_chunk_says_for_which_goal_it_was_planned(tiny_engine: PolicyEngine) -> None:
    """Not which one was set since: records are what the next policy learns from."""
    bench = Bench(tiny_engine)
    bench.runtime.set_goal(Goal(text="up"))
    bench.runtime.begin()
    while not bench.jobs:
        bench.run(0.01)
    bench.runtime.set_goal(Goal(text="down"))
    bench.run(1.0)
    goals = [chunk.goal for chunk in bench.chunks]
    assert goals[0] == "up"
    assert set(goals[1:]) == {"down"}


def test_a_plan_from_before_the_clock_restarted_is_discarded_without_a_tick_between(
    tiny_engine: PolicyEngine,
) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    while not bench.jobs:
        bench.run(0.01)
    plan = bench.jobs.pop(0)[1]()
    assert plan.prediction is not None
    assert bench.runtime.finish(plan, bench.now_ns - 900 * MS) is None
    assert bench.runtime.statistics.chunks == 0


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
    faulty = PolicyEngine(write_tiny_bundle(path, faulty=True))
    bench = Bench(faulty, failures_allowed=3)
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.runtime.state is State.FAILED
    assert "graph encode: output 'condition'" in bench.runtime.reason
    assert "3 plans failed" in bench.runtime.reason
    assert bench.runtime.statistics.failed_plans == 3
    assert bench.chunks == []
    bench.runtime.load(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.chunks


@pytest.mark.parametrize("error", [MemoryError("no more"), PolicyError("graph encode gave NaN")])
def test_plans_that_fail_for_a_while_hold_the_robot_and_the_run_goes_on(
    tiny_engine: PolicyEngine, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    count, good = len(bench.chunks), tiny_engine.plan
    attempts = []

    def broken(*_: object, **__: object) -> Prediction:
        attempts.append(bench.world.now_ns)
        raise error

    monkeypatch.setattr(tiny_engine, "plan", broken)
    states = []
    while len(attempts) < 8:
        bench.run(0.01)
        states.append((bench.runtime.state, bench.runtime.reason))
    assert len(bench.chunks) == count
    # It moves on while committed actions last; then it waits and does not say otherwise.
    assert any(
        s is State.RUNNING and f"no new plan: {error}" in r for s, r in states
    ) == isinstance(error, PolicyError)
    waits = next(i for i, (s, _) in enumerate(states) if s is State.WAITING)
    assert {s for s, _ in states[waits:]} == {State.WAITING}
    assert str(error) in states[-1][1]
    assert min(b - a for a, b in itertools.pairwise(attempts)) >= 100 * MS

    monkeypatch.setattr(tiny_engine, "plan", good)
    bench.run(1.0)
    assert (bench.runtime.state, bench.runtime.reason, bench.runtime.run) == (State.RUNNING, "", 1)
    assert len(bench.chunks) > count
    assert bench.runtime.statistics.failed_plans == 8


def test_a_plan_that_never_comes_is_said_and_no_other_is_begun(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    bench.delay_ns = 10**12
    bench.run(3.0)
    assert bench.runtime.state is State.WAITING
    assert "over budget: a plan has been in the making for" in bench.runtime.reason
    bench.runtime.mode_changed(3, bench.world.now_ns)
    bench.run(0.5)
    assert len(bench.jobs) == 1, "the worker is busy with it"
    assert bench.runtime.state is State.WAITING
    bench.jobs, bench.delay_ns = [(0, job) for _, job in bench.jobs], 50 * MS
    bench.run(1.0)
    assert bench.runtime.state is State.RUNNING
    assert bench.chunks[-1].epoch == 3


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
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.runtime.statistics.chunks == len(bench.chunks) > before.chunks


def test_time_may_begin_anew(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.run(1.0)
    bench.jobs = [(0, job) for _, job in bench.jobs]
    bench.world = PointRobot()
    count = len(bench.chunks)
    bench.run(1.0)
    assert bench.chunks[count].published_ns < bench.chunks[count - 1].published_ns + 1000 * MS
    assert bench.runtime.state is State.RUNNING


def test_a_machine_that_cannot_keep_up_is_told_so(tiny_engine: PolicyEngine) -> None:
    bench = Bench(tiny_engine, delay_ns=500 * MS)
    bench.runtime.begin()
    bench.run(2.0)
    assert bench.runtime.state is State.RUNNING
    assert "cannot keep up: plans take up to 0.50 s, allowed are 0.3" in bench.runtime.reason
    assert bench.runtime.policy is not None
    assert bench.runtime.policy.schedule.load > 1.0


# Several policies


@pytest.fixture(scope="module")
def other_engine(tmp_path_factory: pytest.TempPathFactory) -> PolicyEngine:
    path = tmp_path_factory.mktemp("other") / "other.takt"
    return PolicyEngine(write_tiny_bundle(path, "flow", name="other"))


def test_a_policy_is_swapped_between_runs_and_loaded_during_one(
    tiny_engine: PolicyEngine, other_engine: PolicyEngine
) -> None:
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.run(0.5)
    bench.runtime.load(other_engine)
    assert bench.runtime.names == ["tiny", "other"]
    bench.run(1.0)
    assert {chunk.policy for chunk in bench.chunks} == {"tiny"}, "the run goes on undisturbed"
    assert bench.runtime.policy is not None
    assert bench.runtime.policy.name == "tiny"
    bench.runtime.end()
    assert bench.runtime.policy.name == "other"
    count = len(bench.chunks)
    bench.runtime.begin()
    bench.run(1.0)
    assert {chunk.policy for chunk in bench.chunks[count:]} == {"other"}
    with pytest.raises(PolicyError, match="'other' is running; end the run before unloading"):
        bench.runtime.unload("")
    bench.runtime.end()
    count = len(bench.chunks)
    bench.runtime.begin("tiny")
    bench.run(1.0)
    assert {chunk.policy for chunk in bench.chunks[count:]} == {"tiny"}
    bench.runtime.end()
    with pytest.raises(PolicyError, match="'red' is not loaded; loaded are tiny, other"):
        bench.runtime.begin("red")
    assert bench.runtime.unload("") == "other"
    assert bench.runtime.unload("tiny") == "tiny"
    assert bench.runtime.state is State.UNLOADED
    assert bench.runtime.streams == {}


def test_new_weights_of_the_running_policy_come_with_the_next_run(
    tiny_engine: PolicyEngine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("newer") / "newer.takt"
    newer = PolicyEngine(write_tiny_bundle(path, description="newer"))
    bench = Bench(tiny_engine)
    bench.runtime.begin()
    bench.runtime.load(newer)
    bench.run(1.0)
    assert {chunk.policy_hash for chunk in bench.chunks} == {tiny_engine.bundle.hash}
    bench.runtime.end()
    count = len(bench.chunks)
    bench.runtime.begin()
    bench.run(1.0)
    assert {chunk.policy_hash for chunk in bench.chunks[count:]} == {newer.bundle.hash}
    assert bench.runtime.names == ["tiny"]


def test_a_topic_cannot_be_of_two_types(
    tiny_engine: PolicyEngine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    spec = tiny_spec(name="odd")
    inputs = tuple(
        replace(one, type="takt_msgs/msg/ArmState") if one.stream == "arm/wrench" else one
        for one in spec.inputs
    )
    path = tmp_path_factory.mktemp("odd") / "odd.takt"
    bench = Bench(tiny_engine)
    odd = PolicyEngine(write_tiny_bundle(path, spec=replace(spec, inputs=inputs)))
    with pytest.raises(
        PolicyError, match="stream 'arm/wrench' is takt_msgs/msg/ArmState for policy 'odd'"
    ):
        bench.runtime.load(odd)


# Goals


def test_a_policy_that_needs_a_goal_waits_for_one_and_says_which(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("goal") / "goal.takt"
    bench = Bench(PolicyEngine(write_tiny_bundle(path, goal=("goal_point",))))
    bench.runtime.begin()
    bench.run(0.5)
    assert bench.runtime.state is State.WAITING
    assert "point" in bench.runtime.reason
    with pytest.raises(PolicyError, match="point"):
        bench.runtime.set_goal(Goal(text="left"))
    bench.runtime.set_goal(Goal(point_m=np.array([0.4, 0.1, 0.0])))
    bench.run(1.0)
    assert bench.runtime.state is State.RUNNING
    assert {chunk.goal for chunk in bench.chunks} == {"a point"}
    bench.runtime.end()
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.runtime.state is State.RUNNING, "the goal outlives a run"


# Reflexes


@pytest.fixture(scope="module")
def fast_engine(tmp_path_factory: pytest.TempPathFactory) -> PolicyEngine:
    path = tmp_path_factory.mktemp("fast") / "fast.takt"
    return PolicyEngine(
        write_tiny_bundle(path, decode=True, residual=True), Execution(residual=True)
    )


def test_reflexes_revise_the_chunk_while_the_next_one_is_planned(fast_engine: PolicyEngine) -> None:
    bench = Bench(fast_engine, delay_ns=300 * MS)
    bench.runtime.begin()
    bench.run(3.0)
    assert bench.runtime.state is State.RUNNING, bench.runtime.reason
    statistics = bench.runtime.statistics
    assert statistics.chunks >= 3
    assert statistics.revisions > 3 * statistics.chunks
    assert len(bench.chunks) == statistics.chunks + statistics.revisions
    for before, after in itertools.pairwise(bench.chunks):
        assert (after.id, after.revision) in (
            (before.id, before.revision + 1),
            (before.id + 1, 0),
        )
        assert after.start_ns > after.published_ns
        if after.revision:
            assert after.reference_ns == before.reference_ns
            assert after.reflex_ns > before.reflex_ns
            assert after.time_ns(len(after.poses)) == before.time_ns(len(before.poses))
        assert after.residual is not None
        assert after.residual.shape == (len(after.poses), 6)
    started = {chunk.id: chunk.inference_start_ns for chunk in bench.chunks if not chunk.revision}
    ended = {chunk.id: chunk.published_ns for chunk in bench.chunks if not chunk.revision}
    between = [
        chunk
        for chunk in bench.chunks
        if chunk.revision and started.get(chunk.id + 1, 0) < chunk.published_ns
        and chunk.published_ns < ended.get(chunk.id + 1, 0)
    ]  # fmt: skip
    assert between, "the slow plan holds up no reflex"


def test_a_reflex_that_fails_is_said_and_the_chunk_goes_on(
    fast_engine: PolicyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(fast_engine)

    def broken(*_: object, **__: object) -> None:
        raise PolicyError("graph decode gave NaN")

    monkeypatch.setattr(fast_engine, "reflex", broken)
    bench.runtime.begin()
    bench.run(1.0)
    assert bench.runtime.state is State.RUNNING
    assert bench.runtime.reason == "no reflex: graph decode gave NaN"
    assert bench.chunks
    assert not any(chunk.revision for chunk in bench.chunks)


@pytest.mark.parametrize("schedule", ["asynchronous", "synchronous", "ensembling", "rtc"])
def test_every_schedule_runs_with_reflexes(
    schedule: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp(schedule) / "fast.takt"
    bundle = write_tiny_bundle(path, residual=True)
    execution = Execution(schedule=schedule, expected_delay_s=0.05, residual=True)
    engine = PolicyEngine(bundle, execution)
    bench = Bench(None)
    bench.runtime.load(engine)
    bench.runtime.begin()
    bench.run(2.0)
    assert bench.runtime.state is State.RUNNING, bench.runtime.reason
    assert any(chunk.revision for chunk in bench.chunks)
    assert all(chunk.start_ns > chunk.published_ns for chunk in bench.chunks)
    assert bench.chunks[-1].published_ns > bench.world.now_ns - 1000 * MS
