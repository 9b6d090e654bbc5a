"""Plans: velocities, splices, interpolation."""

from __future__ import annotations

import numpy as np
from teleop_world import MS, World

from takt_teleop.plan import Plan, corrected, steps_of


def test_velocities_are_central_differences_and_the_end_rests() -> None:
    steps = steps_of(World().chunk(count=4))
    for step in steps[:-1]:
        assert step.twist is not None
        np.testing.assert_allclose(step.twist, [0.05, 0, 0, 0, 0, 0], atol=1e-12)
    assert steps[-1].twist is None


def test_a_chunk_of_one_action_has_no_velocity() -> None:
    (step,) = steps_of(World().chunk(count=1))
    assert step.twist is None


def test_only_what_can_arrive_in_time_is_future() -> None:
    world = World()
    steps = steps_of(world.chunk(count=3))
    plan = Plan(latency_ns=30 * MS, lead_ns=20 * MS)
    for shift_ms, left in ((49, 3), (50, 2), (150, 1), (250, 0)):
        now_ns = steps[0].time_ns - 100 * MS + shift_ms * MS
        assert len(plan.future(steps, now_ns)) == left, shift_ms


def test_between_two_steps_the_action_is_interpolated() -> None:
    steps = steps_of(World().chunk(count=3))
    plan = Plan(0, 0)
    plan.splice(steps)
    assert plan.at(steps[0].time_ns - 1) is None
    assert plan.at(steps[2].time_ns + 1) is None
    plan.take_due(steps[0].time_ns + 10)
    middle = plan.at(steps[0].time_ns + 50 * MS)
    assert middle is not None
    expected = (steps[0].base.position_m + steps[1].base.position_m) / 2
    np.testing.assert_allclose(middle.base.position_m, expected)


def test_a_correction_moves_only_what_can_still_be_sent() -> None:
    world = World()
    steps = steps_of(world.chunk(count=3))
    plan = Plan(0, 20 * MS)
    plan.splice(steps)
    residual = np.array([0.0, 0.01, 0.0, 0.0, 0.0, 0.1])
    assert len(plan.correct(residual, steps[0].time_ns - 10 * MS)) == 2
    due = plan.take_due(steps[2].time_ns)
    assert [step.residual is None for step in due] == [True, False, False]
    np.testing.assert_allclose(due[1].executed.position_m - due[1].base.position_m, residual[:3])
    np.testing.assert_allclose(corrected(due[1].base, residual).matrix(), due[1].executed.matrix())


def test_the_end_of_the_plan_is_that_of_what_was_sent() -> None:
    plan = Plan(latency_ns=30 * MS, lead_ns=0)
    assert plan.end_ns is None
    steps = steps_of(World().chunk(count=3))
    plan.splice(steps)
    plan.take_due(steps[2].time_ns)
    assert plan.end_ns == steps[2].time_ns - 30 * MS
    plan.clear()
    assert plan.end_ns is None
