"""The controller between threads: order of commands, the newest wins, answers, snapshots."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from follower_support import REST, STILL, TERMS, moved
from impedance_support import MS, Float

import takt_impedance
from takt_impedance import Fault, Frame, Mode, Parameters, SharedController


class Loop:
    """Ticks of a shared controller on an arm that stays where it is."""

    def __init__(self, parameters: Parameters | None = None) -> None:
        self.shared = SharedController(parameters or Parameters(7))
        self.now = 1000 * MS
        self.activate()
        self.run(1)
        self.home: Float = np.array(self.shared.snapshot().target_pose)

    def activate(self) -> None:
        self.shared.activate(self.now, REST, TERMS.position, TERMS.rotation)

    def run(self, ticks: int, q: Float = REST) -> "Loop":
        for _ in range(ticks):
            self.now += MS
            self.shared.tick(
                self.now, 1e-3, q, STILL, TERMS.jacobian, TERMS.mass, TERMS.bias, TERMS.position,
                TERMS.rotation,
            )  # fmt: skip
        return self

    def times(self, *times_ms: int) -> list[int]:
        return [self.now + t * MS for t in times_ms]


def test_trajectory_is_followed_and_answered() -> None:
    loop = Loop()
    goal = moved(loop.home, np.array([0.02, 0, 0, 0, 0, 0]))
    posted = loop.shared.post_trajectory(loop.times(100, 200), [goal, goal], [[0.0] * 6] * 2)
    assert posted.posted
    assert loop.shared.poll_results() == []  # no tick yet
    loop.run(1)
    (answer,) = loop.shared.poll_results()
    assert (answer.id, answer.accepted, answer.reason) == (posted.id, True, "")
    loop.run(250)
    seen = loop.shared.snapshot()
    np.testing.assert_allclose(seen.target_pose, goal, atol=1e-9)
    assert not seen.moving
    assert seen.now_ns == loop.now
    assert seen.counters.ticks == 252


def test_what_is_wrong_with_the_command_is_said_at_once() -> None:
    shared = Loop().shared
    wrong = shared.post_trajectory([5, 5], [[0, 0, 0, 0, 0, 0, 1.0]] * 2)
    assert not wrong.posted
    assert "not later" in wrong.reason
    assert "norm" in shared.post_target([0, 0, 0, 0, 0, 0, 2.0]).reason
    assert "semidefinite" in shared.post_stiffness(-np.ones(6)).reason
    assert "posture" in shared.post_nullspace_posture(np.full(7, np.nan)).reason
    shared.post_joint_target(REST)
    assert shared.poll_results() == []


def test_what_only_the_tick_knows_is_answered_with_numbers() -> None:
    loop = Loop()
    far = moved(loop.home, np.array([0.2, 0, 0, 0, 0, 0]))
    loop.shared.post_trajectory(loop.times(100), [far])
    loop.run(1)
    (answer,) = loop.shared.poll_results()
    assert not answer.accepted
    assert "0.2 m" in answer.reason
    assert "max_jump_m = 0.1" in answer.reason
    old = loop.shared.post_trajectory(loop.times(-30, -20), [loop.home] * 2)
    loop.run(1)
    (answer,) = loop.shared.poll_results()
    assert answer.id == old.id
    assert answer.dropped == 2
    assert "past" in answer.reason


def test_newest_motion_wins() -> None:
    loop = Loop()
    loop.shared.post_joint_target(REST + 0.1)
    goal = moved(loop.home, np.array([0, 0.03, 0, 0, 0, 0]))
    loop.shared.post_trajectory(loop.times(100), [goal])
    newest = loop.shared.post_target(goal)
    loop.run(1)
    assert [a.id for a in loop.shared.poll_results()] == [newest.id]
    assert loop.shared.replaced == 2
    loop.run(500)
    assert loop.shared.snapshot().mode == Mode.CARTESIAN
    np.testing.assert_allclose(loop.shared.snapshot().target_pose, goal, atol=1e-9)


@pytest.mark.parametrize("mode_first", [True, False])
def test_different_kinds_are_done_in_order(mode_first: bool) -> None:
    loop = Loop()
    loop.shared.post_mode(Mode.HOLD)
    loop.run(1)
    loop.shared.poll_results()
    goal = moved(loop.home, np.array([0, 0.03, 0, 0, 0, 0]))
    if mode_first:
        loop.shared.post_mode(Mode.CARTESIAN)
    loop.shared.post_target(goal)
    loop.shared.post_stiffness([200.0] * 6, Frame.TOOL)
    if not mode_first:
        loop.shared.post_mode(Mode.CARTESIAN)
    loop.run(1)
    answers = loop.shared.poll_results()
    assert [a.id for a in answers] == sorted(a.id for a in answers)
    assert [a.accepted for a in answers].count(False) == (0 if mode_first else 1)
    loop.run(500)
    moved_there = np.allclose(loop.shared.snapshot().target_pose, goal, atol=1e-6)
    assert moved_there == mode_first


def test_a_stop_is_not_lost_to_a_motion_that_is_refused() -> None:
    loop = Loop()
    loop.shared.post_target(moved(loop.home, np.array([0, 0.1, 0, 0, 0, 0])))
    loop.run(100)
    assert loop.shared.snapshot().moving
    loop.shared.poll_results()
    stop = loop.shared.post_trajectory([], np.zeros((0, 7)))
    loop.shared.post_trajectory(loop.times(100), [moved(loop.home, np.array([9.0, 0, 0, 0, 0, 0]))])
    loop.run(1)
    answers = loop.shared.poll_results()
    assert [a.accepted for a in answers] == [True, False]
    assert answers[0].id == stop.id
    loop.run(110)
    assert not loop.shared.snapshot().moving


def test_a_motion_after_a_stop_is_followed() -> None:
    loop = Loop()
    goal = moved(loop.home, np.array([0, 0.03, 0, 0, 0, 0]))
    loop.shared.post_target(loop.home)
    loop.shared.post_joint_trajectory([], np.zeros((0, 7)))
    loop.shared.post_target(goal)
    loop.run(500)
    np.testing.assert_allclose(loop.shared.snapshot().target_pose, goal, atol=1e-9)


def test_a_hold_that_is_replaced_stops() -> None:
    """Like a change of mode there and back, in whatever ticks it falls."""
    loop = Loop()
    loop.shared.post_target(moved(loop.home, np.array([0, 0.1, 0, 0, 0, 0])))
    loop.run(100)
    loop.shared.post_mode(Mode.HOLD)
    loop.shared.post_mode(Mode.CARTESIAN)
    loop.run(110)
    assert not loop.shared.snapshot().moving
    assert loop.shared.snapshot().mode == Mode.CARTESIAN
    goal = moved(loop.home, np.array([0, 0.03, 0, 0, 0, 0]))
    loop.shared.post_target(goal)
    loop.run(50)
    loop.shared.post_mode(Mode.CARTESIAN)  # one mode as it is changes nothing
    loop.run(500)
    np.testing.assert_allclose(loop.shared.snapshot().target_pose, goal, atol=1e-9)


def test_start_is_answered_twice() -> None:
    loop = Loop()
    far = moved(loop.home, np.array([0.2, 0, 0, 0, 0, 0]))
    posted = loop.shared.post_trajectory(loop.times(300), [far], start_ns=loop.times(100)[0])
    loop.run(99)
    (answer,) = loop.shared.poll_results()
    assert answer.accepted
    loop.run(1)
    (answer,) = loop.shared.poll_results()
    assert answer.id == posted.id
    assert "max_jump_m" in answer.reason


def test_fault_is_latched_and_reset() -> None:
    loop = Loop()
    loop.run(1, np.full(7, np.nan)).run(1)
    assert loop.shared.snapshot().fault == Fault.NONFINITE_POSITION
    loop.shared.post_target(loop.home)
    loop.run(1)
    (answer,) = loop.shared.poll_results()
    assert "nonfinite_position" in answer.reason
    loop.shared.post_reset_fault()
    loop.run(1, np.full(7, np.nan))
    (answer,) = loop.shared.poll_results()
    assert "not finite" in answer.reason
    loop.shared.post_reset_fault()
    loop.run(1)
    assert loop.shared.poll_results()[0].accepted
    assert loop.shared.snapshot().fault == Fault.NONE


def test_commands_from_before_an_activation_are_refused() -> None:
    loop = Loop()
    loop.shared.post_target(moved(loop.home, np.array([0.1, 0, 0, 0, 0, 0])))
    loop.shared.post_mode(Mode.GUIDE)
    loop.activate()
    answers = loop.shared.poll_results()
    assert [a.accepted for a in answers] == [False, False]
    assert all("not active" in a.reason for a in answers)
    loop.run(100)
    np.testing.assert_allclose(loop.shared.snapshot().target_pose, loop.home)
    assert loop.shared.snapshot().mode == Mode.CARTESIAN


def test_answers_that_nobody_fetches_are_counted() -> None:
    loop = Loop()
    for _ in range(70):
        loop.shared.post_mode(Mode.HOLD)
        loop.run(1)
    assert loop.shared.lost_results == 6
    assert len(loop.shared.poll_results()) == 64


def test_statistics_of_the_ticks() -> None:
    loop = Loop()
    loop.run(1200)
    statistics = loop.shared.snapshot().statistics
    assert statistics.ticks == 1000
    assert statistics.period_mean_s == pytest.approx(1e-3)
    assert statistics.period_deviation_s == pytest.approx(0.0, abs=1e-9)
    assert 0 < statistics.compute_mean_s <= statistics.compute_max_s


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder = Path(takt_impedance.__file__).parents[3] / "takt_impedance"
    return subprocess.run(
        [str(folder / program), *arguments], capture_output=True, text=True, check=False
    )


def test_threads_neither_tear_nor_lose() -> None:
    done = run("shared_stress", "4000")
    assert done.returncode == 0, done.stdout


def test_mailbox_under_the_thread_sanitizer() -> None:
    done = run("mailbox_stress", "20000")
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("ThreadSanitizer does not run on this kernel")
    assert done.returncode == 0, done.stdout + done.stderr
