"""The schedules under any delay, failure and jitter of the clock."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from takt_core.geometry import Pose
from takt_policy.actions import Actions
from takt_policy.bundle.schema import Horizons
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.prediction import Prediction, Reference
from takt_policy.schedules import Commit, Schedule, ScheduleStatistics, make_schedule
from takt_policy.schedules.base import RETRY_NS
from takt_policy.schedules.delay import DelayEstimate

MS = 1_000_000
STEP = 100 * MS
START = 10_000 * MS
HORIZONS = Horizons(2, 16, 8, 0.1)
NAMES = ("asynchronous", "synchronous", "ensembling", "rtc")


def execution(schedule: str = "asynchronous", **changes: float) -> Execution:
    """Without margins, unless told."""
    exact = Execution(schedule=schedule, margin_s=0.0, lead_s=0.0, reserve=0, expected_delay_s=0.0)
    return replace(exact, **changes)


def predicted(reference_ns: int, horizons: Horizons = HORIZONS, seed: int = 0) -> Prediction:
    """Some prediction; every action differs from every other of every seed."""
    rng = np.random.default_rng(seed)
    count = horizons.prediction
    poses = np.hstack([rng.normal(size=(count, 3)), Rotation.random(count, rng).as_quat()])
    raw = np.zeros((count, 9), np.float32)
    return Prediction(
        raw=raw,
        corrected=raw,
        actions=Actions(poses, rng.uniform(0.0, 0.08, count), rng.normal(size=(count, 7))),
        reference_ns=reference_ns,
        reference=Reference(Pose.identity()),
        first=horizons.first,
        step_ns=horizons.step_ns,
        network_calls=1,
        rounds=1,
        wall_ns=1,
        draw=seed,
        residual=rng.normal(size=(count, 6)),
    )


def commit_at(schedule: Schedule, now_ns: int, reference_ns: int, start_ns: int = START) -> Commit:
    """What becomes of a plan that is begun at one time and ready at another."""
    ticket = schedule.started(start_ns)
    commit = schedule.finished(ticket, now_ns, predicted(reference_ns, schedule.horizons))
    assert commit is not None
    return commit


def assert_same_poses(found: np.ndarray, wanted: np.ndarray) -> None:
    """A quaternion and its negative are the same rotation."""
    np.testing.assert_allclose(found[:, :3], wanted[:, :3], atol=1e-12)
    np.testing.assert_allclose(np.abs((found[:, 3:] * wanted[:, 3:]).sum(axis=1)), 1.0)


# One schedule at a time


def test_without_delay_it_executes_the_published_slice() -> None:
    """x[To-1 : To-1+Ta]; the first is for the reference time, which has just passed."""
    schedule = make_schedule(HORIZONS, execution())
    assert schedule.wants_plan(START)
    ticket = schedule.started(START)
    assert not schedule.wants_plan(START)
    prediction = predicted(START)
    commit = schedule.finished(ticket, START, prediction)
    assert commit is not None
    assert (commit.first, commit.count, commit.late) == (2, 7, 0)
    assert (commit.start_ns, commit.end_ns) == (START + STEP, START + 7 * STEP)
    np.testing.assert_array_equal(commit.actions.poses, prediction.actions.poses[2:9])
    assert not schedule.wants_plan(commit.end_ns - 1)
    assert schedule.wants_plan(commit.end_ns)


def moving(schedule: Schedule) -> Schedule:
    """The schedule of an arm that is executing a chunk."""
    commit_at(schedule, START - 300 * MS, START - 300 * MS, START - 300 * MS)
    return schedule


@pytest.mark.parametrize("name", NAMES)
def test_the_first_chunk_of_an_arm_at_rest_begins_with_its_first_action(name: str) -> None:
    """However late it is: nothing moved, so that nothing of it was consumed."""
    schedule = make_schedule(HORIZONS, execution(name, lead_s=0.01))
    commit = commit_at(schedule, START + 350 * MS, START - 60 * MS)
    assert (commit.first, commit.late) == (2, 0)
    assert commit.start_ns == START + 360 * MS + STEP
    # Again when it has come to rest, but not while it moves.
    rest = commit.end_ns + MS
    again = commit_at(schedule, rest + 350 * MS, rest, rest)
    assert (again.first, again.late) == (2, 0)
    if name != "synchronous":
        start = again.end_ns - 400 * MS
        moved = commit_at(schedule, start + 350 * MS, start - MS, start)
        assert (moved.first, moved.late) == (5, 3)


def test_late_actions_are_dropped_and_counted() -> None:
    schedule = moving(make_schedule(HORIZONS, execution()))
    commit = commit_at(schedule, START + 250 * MS, START - 60 * MS)
    # Actions for -60 (that of the observation), 40, 140 and 240 ms have passed.
    assert (commit.first, commit.count, commit.late) == (5, 4, 3)
    assert commit.start_ns == START + 340 * MS
    assert schedule.statistics.late_actions == 3


def test_reserve_reaches_beyond_what_is_executed_but_not_beyond_the_prediction() -> None:
    for reserve, wanted in ((4, 11), (100, 14)):
        schedule = make_schedule(HORIZONS, execution(reserve=reserve))
        assert commit_at(schedule, START, START).count == wanted
        assert not schedule.wants_plan(START + 7 * STEP - 1), "the reserve delays no plan"
        assert schedule.wants_plan(START + 7 * STEP)


def test_more_or_less_may_be_executed_than_the_bundle_says() -> None:
    schedule = make_schedule(HORIZONS, execution(execute=0.4))
    assert commit_at(schedule, START, START).count == 3
    schedule = make_schedule(HORIZONS, execution(execute=1.2))
    assert commit_at(schedule, START, START).count == 11


def test_all_late_is_over_budget_and_plans_again_at_once() -> None:
    schedule = make_schedule(HORIZONS, execution())
    commit = commit_at(schedule, START + 900 * MS, START)
    assert commit.over_budget
    assert commit.late == 7
    assert schedule.statistics == ScheduleStatistics(late_actions=7, over_budget=1)
    assert schedule.current is None
    assert schedule.wants_plan(START + 900 * MS)


def test_planning_starts_early_enough_for_the_slowest_of_the_last_ten() -> None:
    schedule = make_schedule(HORIZONS, execution(margin_s=0.02, expected_delay_s=0.05))
    assert schedule.expected_delay_ns == 50 * MS
    assert schedule.load == 0.0
    now = START
    for delay_ms in (80, 120, 60):
        start, now = now, now + delay_ms * MS
        commit_at(schedule, now, start, start)
    assert schedule.expected_delay_ns == 120 * MS
    assert schedule.load == pytest.approx(120 / 340)
    end = now - 60 * MS + 7 * STEP
    assert not schedule.wants_plan(end - 141 * MS)
    assert schedule.wants_plan(end - 140 * MS)


def test_the_first_plan_of_a_cold_policy_says_nothing_of_its_delay() -> None:
    schedule = make_schedule(HORIZONS, execution(expected_delay_s=0.05), warm=False)
    commit_at(schedule, START + 700 * MS, START)
    assert schedule.expected_delay_ns == 50 * MS
    commit_at(schedule, START + 730 * MS, START + 700 * MS, START + 700 * MS)
    assert schedule.expected_delay_ns == 30 * MS


def test_estimate_forgets_after_its_window() -> None:
    estimate = DelayEstimate(5, window=3)
    for delay in (9, 1, 1, 1):
        estimate.add(delay)
    assert estimate.expected_ns == 1


def test_discarded_and_failed_plans() -> None:
    for name in NAMES:
        schedule = make_schedule(HORIZONS, execution(name))
        ticket = schedule.started(START)
        schedule.discard()
        assert schedule.wants_plan(START)
        assert schedule.finished(ticket, START, predicted(START)) is None
        assert not schedule.failed(ticket, START)
        ticket = schedule.started(START)
        assert schedule.failed(ticket, START)
        assert not schedule.wants_plan(START + RETRY_NS - 1)
        assert schedule.wants_plan(START + RETRY_NS)
        assert schedule.statistics == ScheduleStatistics(failed_plans=1)


def test_a_plan_knows_what_it_is_to_continue_and_from_when_on() -> None:
    how = execution("rtc", margin_s=0.02, expected_delay_s=0.3, reserve=4)
    schedule = make_schedule(HORIZONS, how)
    first = schedule.started(START)
    assert first.previous is None
    commit = schedule.finished(first, START + 200 * MS, predicted(START))
    assert commit is not None
    second = schedule.started(START + 400 * MS)
    assert second.previous is commit.prediction
    assert second.takeover_ns == START + 600 * MS
    schedule.finished(second, START + 3400 * MS, predicted(START + 3200 * MS))
    # It is 3 s that it expects now; but of 16 actions 8 are to be executed, and 1 is over.
    third = schedule.started(START + 3500 * MS)
    assert third.takeover_ns == START + 4200 * MS
    schedule.failed(third, START + 3500 * MS)
    assert schedule.started(START + 9000 * MS).previous is None, "that is over"


@pytest.mark.parametrize("name", ["asynchronous", "rtc", "ensembling"])
def test_only_what_was_sent_is_to_be_continued(name: str) -> None:
    """Of 16 predicted actions 8 are sent; the arm stands at the end of those."""
    schedule = make_schedule(HORIZONS, execution(name, lead_s=0.01, expected_delay_s=0.3))
    commit = commit_at(schedule, START, START)
    ticket = schedule.started(commit.end_ns - 400 * MS)
    assert ticket.takeover_ns == commit.end_ns - 400 * MS + 10 * MS, "the lead is too near, too"
    ticket = schedule.started(commit.end_ns - 5 * MS)
    assert ticket.previous is commit.prediction
    assert ticket.takeover_ns == commit.end_ns
    assert schedule.started(commit.end_ns).previous is None


@pytest.mark.parametrize("name", ["asynchronous", "rtc", "ensembling"])
def test_time_in_which_the_arm_stood_consumes_no_action(name: str) -> None:
    """Observed 150 ms before the arm came to rest, ready 350 ms after: two actions are over."""
    schedule = make_schedule(HORIZONS, execution(name))
    before = commit_at(schedule, START, START)
    rest = before.end_ns
    commit = commit_at(schedule, rest + 350 * MS, rest - 150 * MS, rest - 100 * MS)
    new = predicted(rest - 150 * MS)
    # Actions 1 and 2 were for 150 and 50 ms before; action 3 goes on from where the arm stands.
    assert (commit.first, commit.start_ns) == (3, rest + 350 * MS + 50 * MS)
    assert commit.late == 1
    assert_same_poses(commit.actions.poses[:1], new.actions.poses[[3]])


def test_ensembling_does_not_mix_in_what_was_for_an_arm_that_moved_on() -> None:
    schedule = make_schedule(HORIZONS, execution("ensembling", ensemble_decay=0.0))
    before = commit_at(schedule, START, START)
    rest = before.end_ns + MS
    new = predicted(rest, seed=5)
    commit = schedule.finished(schedule.started(rest), rest + 100 * MS, new)
    assert commit is not None
    assert_same_poses(commit.actions.poses, new.actions.poses[2:9])


def test_synchronous_stands_still_while_it_looks_and_plans() -> None:
    schedule = make_schedule(HORIZONS, execution("synchronous", reserve=4, lead_s=0.01))
    commit = commit_at(schedule, START + 300 * MS, START - 50 * MS)
    # Its time begins when it is ready, and no action is late.
    begin = START + 310 * MS
    assert (commit.first, commit.late, commit.start_ns) == (2, 0, begin + STEP)
    assert commit.prediction.reference_ns == begin
    end = begin + 7 * STEP
    assert not schedule.wants_plan(end - 1)
    assert schedule.wants_plan(end)
    assert schedule.earliest_reference_ns == end
    # The last action is held for the delay that is to be expected, and a little longer.
    assert commit.end_ns >= end + 300 * MS + 200 * MS
    np.testing.assert_array_equal(commit.actions.poses[6:], commit.actions.poses[[6]].repeat(7, 0))
    assert commit.residual is not None
    assert len(commit.residual) == commit.count
    schedule.discard()
    assert schedule.earliest_reference_ns == 0


def test_synchronous_executes_even_a_single_action() -> None:
    for horizons in (Horizons(1, 1, 1, 0.1), Horizons(2, 8, 1, 0.1)):
        schedule = make_schedule(horizons, execution("synchronous"))
        commit = commit_at(schedule, START, START)
        assert (commit.first, commit.start_ns) == (horizons.first, START + STEP)
        assert schedule.wants_plan(START + STEP)


def test_ensembling_plans_each_step_and_averages_what_reaches_a_time() -> None:
    schedule = make_schedule(HORIZONS, execution("ensembling", ensemble_decay=0.5))
    predictions = [predicted(START + index * STEP, seed=index) for index in range(3)]
    for index, prediction in enumerate(predictions):
        now = START + index * STEP
        assert not schedule.wants_plan(now - 1) or index == 0
        assert schedule.wants_plan(now)
        commit = schedule.finished(schedule.started(now), now, prediction)
    assert commit is not None
    weights = np.exp(-0.5 * np.arange(3))
    weights /= weights.sum()
    # The newest one's action 2 is the second one's action 3 and the first one's action 4.
    rows = [p.actions.poses[4 - index] for index, p in enumerate(predictions)]
    np.testing.assert_allclose(commit.actions.poses[0, :3], weights @ np.array(rows)[:, :3])
    mean = Rotation.from_quat([row[3:] for row in rows]).mean(weights)
    assert (mean * Rotation.from_quat(commit.actions.poses[0, 3:]).inv()).magnitude() < 1e-6
    widths = [p.actions.gripper_width_m[4 - i] for i, p in enumerate(predictions)]  # type: ignore[index]
    assert commit.actions.gripper_width_m is not None
    assert commit.actions.gripper_width_m[0] == pytest.approx(weights @ widths)
    assert commit.residual is not None
    np.testing.assert_allclose(
        commit.residual[0],
        weights @ [p.residual[4 - i] for i, p in enumerate(predictions)],  # type: ignore[index]
    )


def test_ensembling_interpolates_between_grids_and_forgets_what_is_over() -> None:
    schedule = make_schedule(HORIZONS, execution("ensembling", ensemble_decay=0.0))
    first, second = predicted(START), predicted(START + 150 * MS, seed=1)
    schedule.finished(schedule.started(START), START, first)
    now = START + 150 * MS
    commit = schedule.finished(schedule.started(now), now, second)
    assert commit is not None
    between = (first.actions.poses[3, :3] + first.actions.poses[4, :3]) / 2
    wanted = (between + second.actions.poses[2, :3]) / 2
    np.testing.assert_allclose(commit.actions.poses[0, :3], wanted)
    far = START + 5000 * MS
    alone = predicted(far, seed=2)
    commit = schedule.finished(schedule.started(far), far, alone)
    assert commit is not None
    assert_same_poses(commit.actions.poses, alone.actions.poses[2:9])


def test_ensembling_never_half_opens_a_gripper_that_knows_only_open_and_closed() -> None:
    schedule = make_schedule(
        HORIZONS, execution("ensembling", ensemble_decay=0.0), discrete_gripper=True
    )
    for index, width in enumerate((0.0, 0.08, 0.08)):
        prediction = predicted(START + index * STEP, seed=index)
        widths = np.full(16, width)
        prediction = replace(
            prediction, actions=replace(prediction.actions, gripper_width_m=widths)
        )
        now = START + index * STEP
        commit = schedule.finished(schedule.started(now), now, prediction)
        assert commit is not None
        assert commit.actions.gripper_width_m is not None
        assert set(commit.actions.gripper_width_m) <= {0.0, 0.08}
    assert commit.actions.gripper_width_m[0] == 0.08


def test_a_revision_replaces_what_is_ahead_of_the_chunk_that_it_revises() -> None:
    for name in NAMES:
        schedule = make_schedule(HORIZONS, execution(name))
        commit = commit_at(schedule, START, START)
        base = commit.prediction
        new = replace(predicted(0, seed=7), reference_ns=base.reference_ns, revision=1)
        revised = schedule.revised(base, new, START + 250 * MS)
        assert revised is not None
        assert revised.start_ns == START + 3 * STEP
        assert_same_poses(revised.actions.poses[:1], new.actions.poses[[revised.first]])
        assert revised.end_ns == commit.end_ns
        assert schedule.current is new
        assert schedule.statistics.revisions == 1
        assert schedule.statistics.late_actions == 0
        assert schedule.revised(base, new, START + 250 * MS) is None, "of an old revision"
        assert schedule.revised(new, replace(new, revision=2), START + 60 * STEP) is None
        assert not schedule.is_ahead(START + 60 * STEP)


def test_the_budget_is_what_keeps_the_robot_moving() -> None:
    """Twice the delay has to fit into a chunk, as the next but one begins before its end."""
    for delay_ms, starves in ((340, False), (360, True)):
        schedule = make_schedule(HORIZONS, execution())
        now, end, starved = START, None, False
        for _ in range(10):
            while not schedule.wants_plan(now):
                now += MS
            start, now = now, now + delay_ms * MS
            commit = commit_at(schedule, now, start, start)
            starved = starved or (end is not None and now > end)
            end = commit.end_ns
        assert starved == starves
        assert (schedule.load > 1.0) == starves


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(PolicyError, match="schedule 'eager'; allowed: asynchronous, synchronous"):
        make_schedule(HORIZONS, replace(Execution(), schedule="eager"))


# All of them, whatever happens


@dataclass
class Robot:
    """Keeps what was committed; a commit replaces what is there from its first action on."""

    lead_ns: int
    commits: list[tuple[int, Commit]] = field(default_factory=list)
    planned: dict[int, bytes] = field(default_factory=dict)
    executed_until_ns: int = 0

    def take(self, commit: Commit, now_ns: int) -> None:
        times = [commit.start_ns + i * commit.step_ns for i in range(commit.count)]
        assert times[0] > now_ns + self.lead_ns, "an action in the past, or too near to it"
        assert times[0] > self.executed_until_ns, "a time that was executed already"
        assert all(b - a == commit.step_ns > 0 for a, b in itertools.pairwise(times))
        self.planned = {t: v for t, v in self.planned.items() if t < times[0]}
        self.planned |= {
            t: row.tobytes() for t, row in zip(times, commit.actions.poses, strict=True)
        }
        self.commits.append((now_ns, commit))

    def pass_time(self, now_ns: int) -> None:
        due = [t for t in self.planned if t <= now_ns]
        self.executed_until_ns = max([self.executed_until_ns, *due])
        for time in due:
            del self.planned[time]


@dataclass(frozen=True)
class Attempt:
    """One plan: how long it takes, how old its observation is, and what comes of it."""

    delay_ms: int
    age_ms: int
    outcome: str
    jitter_ms: int


attempts = st.lists(
    st.builds(
        Attempt,
        delay_ms=st.one_of(st.integers(0, 150), st.integers(0, 2500)),
        age_ms=st.integers(0, 300),
        outcome=st.sampled_from(["good", "good", "good", "fails", "discarded"]),
        jitter_ms=st.integers(-10, 10),
    ),
    min_size=1,
    max_size=15,
)
executions = st.builds(
    Execution,
    schedule=st.sampled_from(NAMES),
    execute=st.sampled_from([0.0, 0.1, 0.3, 0.8]),
    reserve=st.integers(0, 6),
    lead_s=st.integers(10, 50).map(lambda ms: ms * 1e-3),
    margin_s=st.integers(0, 50).map(lambda ms: ms * 1e-3),
    expected_delay_s=st.integers(0, 300).map(lambda ms: ms * 1e-3),
    ensemble_decay=st.sampled_from([0.0, 0.01, 1.0]),
)


def play(
    schedule: Schedule, plans: list[Attempt], reflex_ms: int, now: int = START
) -> tuple[Robot, int]:
    """Lets the schedule live through these plans, with a reflex every so often; and the end."""
    robot = Robot(schedule.timing.lead_ns)
    for number, attempt in enumerate(plans):
        waited = 0
        while not schedule.wants_plan(now + attempt.jitter_ms * MS):
            now, waited = now + 10 * MS, waited + 1
            robot.pass_time(now)
            assert waited < 1000, "it never plans again"
        ticket = schedule.started(now + attempt.jitter_ms * MS)
        reference = max(now - attempt.age_ms * MS, schedule.earliest_reference_ns)
        for passed in range(0, attempt.delay_ms, 10):
            now += min(10, attempt.delay_ms - passed) * MS
            robot.pass_time(now)
            base = schedule.current
            if base is not None and reflex_ms and passed % reflex_ms == 0:
                new = predicted(base.reference_ns, schedule.horizons, passed + 100 * number)
                new = replace(new, revision=base.revision + 1)
                revised = schedule.revised(base, new, now + attempt.jitter_ms * MS)
                if revised is not None:
                    robot.take(revised, now + attempt.jitter_ms * MS)
        if attempt.outcome == "discarded":
            schedule.discard()
        if attempt.outcome == "fails":
            assert schedule.failed(ticket, now)
            continue
        prediction = predicted(reference, schedule.horizons, seed=number)
        commit = schedule.finished(ticket, now + attempt.jitter_ms * MS, prediction)
        assert (commit is None) == (attempt.outcome == "discarded")
        if commit is not None and not commit.over_budget:
            robot.take(commit, now + attempt.jitter_ms * MS)
    return robot, now


@settings(max_examples=80, deadline=None)
@given(how=executions, plans=attempts, reflex_ms=st.sampled_from([0, 20, 50]))
def test_nothing_is_committed_for_the_past_or_against_what_was_executed(
    how: Execution, plans: list[Attempt], reflex_ms: int
) -> None:
    schedule = make_schedule(HORIZONS, how)
    robot, _ = play(schedule, plans, reflex_ms)
    statistics, honoured = schedule.statistics, [p for p in plans if p.outcome != "discarded"]
    assert statistics.failed_plans == sum(p.outcome == "fails" for p in plans)
    assert statistics.chunks + statistics.over_budget + statistics.failed_plans == len(honoured)
    assert statistics.chunks + statistics.revisions == len(robot.commits)
    for _, commit in robot.commits:
        assert 0 <= commit.late < schedule.horizons.execute or commit.late == 0
        assert commit.residual is not None
        assert len(commit.residual) == commit.count
        assert commit.first + 1 <= HORIZONS.prediction


@settings(max_examples=30, deadline=None)
@given(how=executions, plans=attempts)
def test_after_any_trouble_the_next_good_plans_are_executed(
    how: Execution, plans: list[Attempt]
) -> None:
    how = replace(how, execute=0.0)
    schedule = make_schedule(HORIZONS, how)
    _, now = play(schedule, plans, 0)
    before = schedule.statistics.chunks
    good = [Attempt(20, 30, "good", 0)] * 3
    again, _ = play(schedule, good, 0, now)
    assert schedule.statistics.chunks == before + 3
    assert len(again.commits) == 3


@settings(max_examples=20, deadline=None)
@given(how=executions, plans=attempts, reflex_ms=st.sampled_from([0, 30]))
def test_the_same_happenings_give_the_same_commits(
    how: Execution, plans: list[Attempt], reflex_ms: int
) -> None:
    once, _ = play(make_schedule(HORIZONS, how), plans, reflex_ms)
    twice, _ = play(make_schedule(HORIZONS, how), plans, reflex_ms)
    assert len(once.commits) == len(twice.commits)
    for (now, one), (again, other) in zip(once.commits, twice.commits, strict=True):
        assert (now, one.start_ns, one.first) == (again, other.start_ns, other.first)
        np.testing.assert_array_equal(one.actions.poses, other.actions.poses)
