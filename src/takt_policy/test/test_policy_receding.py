"""The schedule under any delay: nothing is ever committed for the past."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from takt_policy.bundle.schema import Horizons
from takt_policy.schedules.delay import DelayEstimate
from takt_policy.schedules.receding import RecedingHorizon, RecedingSettings

MS = 1_000_000
STEP = 100 * MS
START = 10_000 * MS
HORIZONS = Horizons(2, 16, 8, 0.1)
EXACT = RecedingSettings(margin_s=0.0, lead_s=0.0, reserve=0, initial_delay_s=0.0)


def test_without_delay_it_executes_the_published_slice() -> None:
    """x[To-1 : To-1+Ta]; the first is for the reference time, which has just passed."""
    schedule = RecedingHorizon(HORIZONS, EXACT)
    assert schedule.wants_plan(START)
    ticket = schedule.started(START)
    assert not schedule.wants_plan(START)
    commit = schedule.finished(ticket, START, START)
    assert commit is not None
    assert (commit.first, commit.count, commit.late) == (2, 7, 0)
    assert commit.start_ns == START + STEP
    last = START + 7 * STEP
    assert not schedule.wants_plan(last - 1)
    assert schedule.wants_plan(last)


def test_late_actions_are_dropped_and_counted() -> None:
    schedule = RecedingHorizon(HORIZONS, EXACT)
    ticket = schedule.started(START)
    commit = schedule.finished(ticket, START + 250 * MS, START - 60 * MS)
    assert commit is not None
    # Actions for -60 (that of the observation), 40, 140 and 240 ms have passed.
    assert (commit.first, commit.count, commit.late) == (5, 4, 3)
    assert commit.start_ns == START + 340 * MS
    assert schedule.statistics.late_actions == 3


def test_reserve_reaches_beyond_what_is_executed_but_not_beyond_the_prediction() -> None:
    for reserve, wanted in ((4, 11), (100, 14)):
        settings_ = RecedingSettings(0.0, 0.0, reserve, 0.0)
        schedule = RecedingHorizon(HORIZONS, settings_)
        commit = schedule.finished(schedule.started(START), START, START)
        assert commit is not None
        assert commit.count == wanted
        assert not schedule.wants_plan(START + 7 * STEP - 1), "the reserve delays no plan"
        assert schedule.wants_plan(START + 7 * STEP)


def test_all_late_is_over_budget_and_plans_again_at_once() -> None:
    schedule = RecedingHorizon(HORIZONS, EXACT)
    commit = schedule.finished(schedule.started(START), START + 900 * MS, START)
    assert commit is not None
    assert commit.over_budget
    assert commit.late == 7
    assert schedule.statistics.over_budget == 1
    assert schedule.statistics.chunks == 0
    assert schedule.wants_plan(START + 900 * MS)


def test_planning_starts_early_enough_for_the_slowest_of_the_last_ten() -> None:
    schedule = RecedingHorizon(HORIZONS, RecedingSettings(0.02, 0.0, 0, 0.05))
    assert schedule.expected_delay_ns == 50 * MS
    now = START
    for delay_ms in (80, 120, 60):
        ticket = schedule.started(now)
        now += delay_ms * MS
        schedule.finished(ticket, now, now - delay_ms * MS)
    assert schedule.expected_delay_ns == 120 * MS
    end = now - 60 * MS + 7 * STEP
    assert not schedule.wants_plan(end - 141 * MS)
    assert schedule.wants_plan(end - 140 * MS)


def test_estimate_forgets_after_its_window() -> None:
    estimate = DelayEstimate(5, window=3)
    for delay in (9, 1, 1, 1):
        estimate.add(delay)
    assert estimate.expected_ns == 1


def test_discarded_and_failed_plans() -> None:
    schedule = RecedingHorizon(HORIZONS, EXACT)
    ticket = schedule.started(START)
    schedule.discard()
    assert schedule.wants_plan(START)
    assert schedule.finished(ticket, START, START) is None
    assert not schedule.abandoned(ticket)
    ticket = schedule.started(START)
    assert schedule.abandoned(ticket)
    assert schedule.wants_plan(START)
    assert schedule.statistics.chunks == 0


@given(
    delays_ms=st.lists(st.integers(0, 2000), min_size=1, max_size=30),
    ages_ms=st.lists(st.integers(0, 300), min_size=1, max_size=30),
    observation=st.integers(1, 4),
    execute=st.integers(1, 12),
    extra=st.integers(0, 4),
    reserve=st.integers(0, 8),
    lead_ms=st.integers(0, 50),
)
@settings(max_examples=150, deadline=None)
def test_no_action_is_ever_committed_for_the_past(
    delays_ms: list[int],
    ages_ms: list[int],
    observation: int,
    execute: int,
    extra: int,
    reserve: int,
    lead_ms: int,
) -> None:
    horizons = Horizons(observation, observation - 1 + execute + extra, execute, 0.1)
    schedule = RecedingHorizon(horizons, RecedingSettings(0.02, lead_ms * 1e-3, reserve, 0.1))
    now, late = START, 0
    for index, delay_ms in enumerate(delays_ms):
        while not schedule.wants_plan(now):
            now += 10 * MS
        reference = now - ages_ms[index % len(ages_ms)] * MS
        ticket = schedule.started(now)
        now += delay_ms * MS
        commit = schedule.finished(ticket, now, reference)
        assert commit is not None
        late += commit.late
        assert 0 <= commit.late <= execute
        assert commit.count >= 0
        if commit.count:
            assert commit.start_ns > now + lead_ms * MS - 1
            assert commit.start_ns == reference + (commit.first - observation + 1) * STEP
            assert commit.first + commit.count <= horizons.prediction
            assert commit.first + commit.count <= observation - 1 + execute + reserve
            # Nothing that could still be executed is dropped.
            assert commit.start_ns - STEP <= now + lead_ms * MS or commit.first == observation - 1
    statistics = schedule.statistics
    assert statistics.late_actions == late
    assert statistics.chunks + statistics.over_budget == len(delays_ms)
