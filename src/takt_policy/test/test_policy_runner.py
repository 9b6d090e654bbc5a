"""The lock-step runner: the same schedule as the node, in simulated time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from policy_world import HOME, MS, PointRobot

from takt_policy.bundle import Bundle
from takt_policy.engine import PolicyEngine
from takt_policy.execution import Execution
from takt_policy.runner import LockStepRunner, RunReport
from takt_policy.testing import write_tiny_bundle


def _run(
    engine: PolicyEngine, delay_s: float, reserve: int = 0, limit_s: float = 5.0
) -> tuple[PointRobot, RunReport]:
    world = PointRobot()
    runner = LockStepRunner(engine, delay_s, Execution(reserve=reserve))
    return world, runner.run(world, lambda: False, limit_s, seed=3)


@pytest.mark.parametrize(("delay_s", "reserve"), [(0.0, 0), (0.05, 0), (0.2, 0), (0.5, 6)])
def test_with_the_expected_delay_the_robot_never_starves(
    tiny_engine: PolicyEngine, delay_s: float, reserve: int
) -> None:
    """Without reserve, 0.8 s of actions last for two delays and the age of the images."""
    world, report = _run(tiny_engine, delay_s, reserve)
    assert world.starved_ns == 0
    assert report.over_budget == 0
    assert report.chunks == len(world.committed) == len(report.records)
    assert report.duration_s == pytest.approx(5.0)
    assert len(report.wall_ns) in (report.chunks, report.chunks + 1)
    for now_ns, trajectory in world.committed:
        assert all(one.time_ns > now_ns for one in trajectory.waypoints)
        assert all(a.time_ns < b.time_ns for a, b in itertools.pairwise(trajectory.waypoints))
    for chunk in report.records:
        assert chunk.published_ns - chunk.inference_start_ns == round(delay_s * 1e9)
        assert chunk.observed_newest_ns <= chunk.inference_start_ns


def test_the_robot_goes_where_the_policy_says(tiny_engine: PolicyEngine) -> None:
    """2 mm per 0.1 s along the tool's -z, which points up at home: 2 cm/s upwards."""
    world, _ = _run(tiny_engine, 0.1)
    way = world.pose.position_m - HOME.position_m
    np.testing.assert_allclose(way[:2], 0.0, atol=2e-4)
    assert 0.05 < way[2] < 0.11


def test_longer_delays_cost_more_late_actions(tiny_engine: PolicyEngine) -> None:
    late = [
        report.late_actions / report.chunks
        for report in (_run(tiny_engine, delay_s)[1] for delay_s in (0.0, 0.2, 0.4))
    ]
    assert late[0] < late[1] < late[2]


def test_reserve_bridges_one_slow_plan(tiny_engine: PolicyEngine) -> None:
    """The fourth plan takes 0.5 s instead of 0.05 s."""

    def delay(number: int) -> float:
        return 0.5 if number == 4 else 0.05

    starved = {}
    for reserve in (0, 6):
        world = PointRobot()
        execution = Execution(reserve=reserve)
        LockStepRunner(tiny_engine, delay, execution).run(world, lambda: False, 4.0)
        starved[reserve] = world.starved_ns
    assert starved[0] >= 300 * MS
    assert starved[6] == 0


def test_too_slow_is_over_budget_and_nothing_is_sent(tiny_engine: PolicyEngine) -> None:
    world, report = _run(tiny_engine, 2.0)
    assert world.committed == []
    assert report.chunks == 0
    assert report.over_budget >= 1


def test_waiting_is_measured(tiny_engine: PolicyEngine) -> None:
    world = PointRobot()
    world.camera_works = False
    report = LockStepRunner(tiny_engine).run(world, lambda: False, 0.5)
    assert report.waiting_s == pytest.approx(0.5)
    assert world.committed == []


def test_runs_repeat_and_seeds_differ(tiny_bundle: Bundle) -> None:
    engine = PolicyEngine(tiny_bundle)
    runner = LockStepRunner(engine, 0.05)

    def raw(seed: int) -> np.ndarray:
        report = runner.run(PointRobot(), lambda: False, 2.0, seed)
        return np.stack([chunk.raw for chunk in report.records])

    first = raw(1)
    np.testing.assert_array_equal(first, raw(1))
    assert np.abs(first - raw(2)).max() > 0.0


def test_it_ends_when_told_and_samples_from_before_count(tiny_engine: PolicyEngine) -> None:
    world = PointRobot()
    before = world.advance(500 * MS)
    report = LockStepRunner(tiny_engine).run(
        world, lambda: len(world.committed) == 1, 5.0, samples=before
    )
    assert report.chunks == 1
    assert report.waiting_s == 0.0


def test_a_failing_graph_stops_the_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("faulty") / "faulty.takt"
    engine = PolicyEngine(write_tiny_bundle(path, faulty=True))
    world = PointRobot()
    with pytest.raises(Exception, match="graph encode: output 'condition'"):
        LockStepRunner(engine).run(world, lambda: False, 2.0)
    assert world.committed == []
