"""The controller as a whole: activation, modes, envelope, clock."""

import numpy as np
import pytest
from impedance_support import MS, Rig, posture, random_arm, unlimited

from takt_impedance import Controller, Mode, Parameters

SEED = 2


def start(parameters: Parameters | None = None, tau: np.ndarray | None = None) -> Rig:
    return Rig.start(random_arm(SEED), parameters or Parameters(7), posture(SEED, 7), tau)


def test_activation_starts_from_the_measured_torque() -> None:
    measured = np.array([5.0, -20.0, 12.0, 3.0, -8.0, 1.0, 2.0])
    rig = start(tau=measured)
    torques = [np.array(rig.tick().torque) for _ in range(400)]
    np.testing.assert_allclose(torques[0], measured, atol=1e-12)
    assert np.abs(np.diff(torques, axis=0)).max() < 0.3  # fades over 0.3 s
    bias = rig.arm.terms(rig.q, rig.dq).bias
    np.testing.assert_allclose(torques[-1], bias, atol=1e-6)


def test_activation_holds_the_measured_pose() -> None:
    rig = start()
    position = np.array(rig.arm.terms(rig.q, rig.dq).position)
    output = rig.simulate(0.2)
    np.testing.assert_allclose(output.target_pose[:3], position, atol=1e-12)
    np.testing.assert_allclose(rig.q, posture(SEED, 7), atol=1e-3)


def test_activation_above_a_limit_is_limited() -> None:
    p = Parameters(7)
    p.torque_limit_nm = 10.0
    rig = start(p, tau=np.full(7, 25.0))
    assert np.abs(rig.tick().torque).max() <= 10.0


def test_tick_before_activation_is_an_error() -> None:
    rig = start()
    fresh = Controller(Parameters(7))
    terms = rig.arm.terms(rig.q, rig.dq)
    with pytest.raises(RuntimeError, match="activate"):
        fresh.tick(
            0, 1e-3, rig.q, rig.dq, None, terms.jacobian, terms.mass, terms.bias,
            terms.position, terms.rotation,
        )  # fmt: skip


def test_activation_refuses_nonsense() -> None:
    rig = start()
    with pytest.raises(ValueError, match="q"):
        rig.controller.activate(0, np.full(7, np.nan), np.zeros(3), np.eye(3))
    with pytest.raises(ValueError, match="rotation"):
        rig.controller.activate(0, np.zeros(7), np.zeros(3), 2 * np.eye(3))
    with pytest.raises(ValueError, match="shape"):
        rig.controller.activate(0, np.zeros(6), np.zeros(3), np.eye(3))


def test_torque_rate_is_per_second() -> None:
    p = Parameters(7)
    p.torque_rate_limit_nm_s, p.stiffness = 100.0, [3000] * 3 + [200] * 3
    for dt in (5e-4, 1e-3, 2e-3):
        rig = start(p)
        rig.tick()
        rig.q = rig.q + 0.2
        last = np.array(rig.controller.output.torque)
        output = rig.tick(dt)
        assert output.rate_limited
        assert np.abs(output.torque - last).max() == pytest.approx(100 * dt)


def test_overruns_are_counted_and_bounded() -> None:
    rig = start()
    for dt in (1e-3, 1e-4, 2e-2, 1e-3):
        rig.tick(dt)
    assert rig.controller.counters.overruns == 2
    rig.now_ns -= 100 * MS
    assert rig.tick().overrun
    assert rig.controller.counters.overruns == 3
    assert rig.controller.counters.ticks == 5


def test_clock_running_backwards_stops_the_motion() -> None:
    rig = start()
    pose = np.array(rig.tick().target_pose)
    goal = pose + [0.05, 0, 0, 0, 0, 0, 0]
    rig.controller.set_trajectory([rig.now_ns + 200 * MS], [goal], rig.now_ns)
    for _ in range(100):
        rig.tick()
    rig.now_ns -= 1000 * MS
    for _ in range(110):
        output = rig.tick()
    assert not output.moving
    np.testing.assert_array_equal(output.target_twist, 0)


def test_stiffness_step_becomes_a_ramp() -> None:
    rig = start()
    rig.tick()
    rig.controller.set_impedance([1500, 500, 500, 30, 30, 30])
    values = np.array([rig.tick().stiffness[0, 0] for _ in range(700)])
    assert np.diff(values).max() == pytest.approx(2.0)
    assert values[-1] == pytest.approx(1500)


def test_full_stiffness_matrix_stays_positive_definite_on_the_ramp() -> None:
    rig = start()
    rig.tick()
    factor = np.random.default_rng(0).normal(size=(6, 6))
    goal = 20 * factor @ factor.T + np.eye(6)
    rig.controller.set_impedance(goal)
    for _ in range(2000):
        output = rig.tick()
        assert np.linalg.eigvalsh(output.stiffness).min() > 0
    np.testing.assert_allclose(output.stiffness, goal)


@pytest.mark.parametrize("bad", [-np.ones(6), np.full(6, np.nan), np.arange(36).reshape(6, 6)])
def test_bad_stiffness_is_refused(bad: np.ndarray) -> None:
    rig = start()
    rig.tick()
    with pytest.raises(ValueError, match="stiffness"):
        rig.controller.set_impedance(bad)
    assert rig.tick().stiffness[0, 0] == pytest.approx(500)


def test_hold_mode_keeps_the_target_and_refuses_trajectories() -> None:
    rig = start()
    pose = np.array(rig.tick().target_pose)
    rig.controller.set_mode(Mode.HOLD)
    result = rig.controller.set_trajectory([rig.now_ns + 100 * MS], [pose], rig.now_ns)
    assert not result.accepted
    assert "CARTESIAN" in result.reason
    stop = rig.controller.set_trajectory([], np.zeros((0, 7)), rig.now_ns)
    assert stop.accepted
    output = rig.tick()
    assert output.mode == Mode.HOLD
    np.testing.assert_array_equal(output.target_pose, pose)


def test_guide_mode_lets_go_and_holds_again_where_it_was_left() -> None:
    p = unlimited(7)
    p.torque_rate_limit_nm_s = 1000.0
    rig = start(p)
    rig.simulate(0.05)
    rig.controller.set_mode(Mode.GUIDE)
    rig.simulate(0.4)
    moved_from = rig.q.copy()
    push = rig.arm.terms(rig.q, rig.dq).jacobian.T @ np.array([2.0, 0, 0, 0, 0, 0])
    output = rig.simulate(0.5, external=lambda _: push)
    assert np.abs(rig.q - moved_from).max() > 0.02  # gives way to 2 N
    np.testing.assert_array_equal(output.stiffness, 0)
    rig.dq = np.zeros(7)  # held fast by the hand that guides
    rig.tick()
    last = np.array(rig.controller.output.torque)
    rig.controller.set_mode(Mode.CARTESIAN)
    torques = [last]
    left_at = rig.q.copy()
    rig.simulate(0.5, observe=lambda o: torques.append(np.array(o.torque)))
    assert np.abs(np.diff(torques, axis=0)).max() < 0.2
    np.testing.assert_allclose(rig.q, left_at, atol=0.02)


def test_barrier_keeps_joints_inside_their_limits() -> None:
    p = Parameters(7)
    rig = start(p)
    lower, upper = rig.q - 0.5, rig.q + 0.5
    lower[3] = upper[3] = np.nan  # one continuous joint does not switch the others off
    p.joint_lower_rad, p.joint_upper_rad, p.stiffness, p.nullspace_stiffness = lower, upper, 0, 0
    for joint in (0, 5):
        for sign in (1, -1):
            rig = start(p)
            push = np.zeros(7)
            push[joint] = sign * 4.0

            def load(_: float, push: np.ndarray = push, rig: Rig = rig) -> np.ndarray:
                return push - 1.0 * rig.dq  # and some friction in the joints

            positions = [rig.q]
            rig.simulate(1.5, load, observe=lambda _, p=positions, r=rig: p.append(r.q))
            reached = np.array(positions)[:, joint]
            assert lower[joint] < reached.min()
            assert reached.max() < upper[joint]
            inside = upper[joint] - reached[-1] if sign > 0 else reached[-1] - lower[joint]
            assert 0 < inside < p.barrier_margin_rad  # it did get into the barrier


def test_continuous_joint_has_no_barrier() -> None:
    p = unlimited(7)
    p.stiffness, p.nullspace_damping = 0, 0
    rig = start(p)
    rig.tick()
    rig.q = rig.q + 10.0
    bias = rig.arm.terms(rig.q, rig.dq).bias
    np.testing.assert_allclose(rig.tick().torque, bias, atol=1e-9)


def test_friction_is_off_by_default_and_smooth_when_on() -> None:
    p = unlimited(7)
    p.stiffness, p.damping_ratio, p.nullspace_damping = 0, 0, 0
    rig = start(p)
    rig.tick()
    rig.dq = np.full(7, 0.3)
    np.testing.assert_allclose(rig.tick().torque, rig.arm.terms(rig.q, rig.dq).bias, atol=1e-9)
    p.friction_coulomb_nm, p.friction_viscous_nms_rad = 2.0, 0.5
    rig = start(p)
    rig.tick()
    for speed in (-1.0, -1e-3, 0.0, 1e-3, 1.0):
        rig.dq = np.full(7, speed)
        added = rig.tick().torque - rig.arm.terms(rig.q, rig.dq).bias
        np.testing.assert_allclose(added, 2.0 * np.tanh(speed / 0.05) + 0.5 * speed, atol=1e-9)


def test_joint_velocity_limit_brakes() -> None:
    p = unlimited(7)
    p.stiffness, p.damping_ratio, p.nullspace_damping = 0, 0, 0
    p.joint_velocity_limit_rad_s = 1.0
    rig = start(p)
    rig.tick()
    rig.dq = np.array([0.9, -0.9, 1.5, -1.5, 0, 0, 0])
    added = rig.tick().torque - rig.arm.terms(rig.q, rig.dq).bias
    np.testing.assert_allclose(added[[0, 1, 4, 5, 6]], 0, atol=1e-9)
    assert added[2] < 0 < added[3]


def test_output_arrays_are_live_and_read_only() -> None:
    rig = start()
    output = rig.tick()
    view = output.torque
    kept = np.array(view)
    rig.q = rig.q + 0.05
    rig.tick()
    assert not np.array_equal(view, kept)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1.0
    del rig, output
    assert np.isfinite(view).all()  # outlives the controller
