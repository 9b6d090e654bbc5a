"""What the environment does: the momentum observer, and the limit of the contact force."""

from collections.abc import Callable

import numpy as np
import pytest
from contact_support import Sensed, well_placed
from impedance_support import Float

from takt_impedance import Fault, Parameters

SEEDS = [1, 3, 5]


def stiff(limit_n: float = np.inf) -> Parameters:
    p = Parameters(7)
    p.stiffness = [1000.0] * 3 + [50.0] * 3
    p.max_contact_force_n = limit_n
    return p


@pytest.mark.parametrize("seed", SEEDS)
def test_observer_finds_the_wrench_on_the_tool(seed: int) -> None:
    sensed = Sensed(well_placed(seed, stiff()))
    sensed.run(0.2)
    sensed.wrench[:] = [6.0, -9.0, 4.0, 0.3, 0.2, -0.5]
    output = sensed.run(0.5)
    np.testing.assert_allclose(output.wrench_estimate, sensed.wrench, atol=0.25)
    terms = sensed.rig.arm.terms(sensed.rig.q, sensed.rig.dq)
    np.testing.assert_allclose(output.external_torque, terms.jacobian.T @ sensed.wrench, atol=0.15)


def test_observer_is_silent_in_free_motion() -> None:
    """Moving fast, without contact: what it reports is far below what moves the arm."""
    sensed = Sensed(well_placed(3, stiff()))
    sensed.run(0.1)
    goal = np.array(sensed.rig.controller.output.target_pose)
    goal[:3] += [0.05, 0.05, -0.04]
    sensed.rig.controller.set_target(goal, sensed.rig.now_ns)
    estimates: list[float] = []
    wrenches: list[float] = []
    sensed.run(
        0.5,
        observe=lambda o: (
            estimates.append(float(np.linalg.norm(o.wrench_estimate[:3]))),
            wrenches.append(float(np.linalg.norm(o.wrench[:3]))),
        )[0],
    )
    assert max(wrenches) > 20.0
    assert max(estimates) < 0.1 * max(wrenches)


def test_observer_has_its_cutoff() -> None:
    """A step is followed like by a first-order filter: 63 % after 1 / (2 pi f)."""
    p = stiff()
    p.observer_cutoff_hz = 5.0
    sensed = Sensed(well_placed(3, p))
    sensed.run(0.1)
    sensed.wrench[:] = [0, 0, 10.0, 0, 0, 0]
    output = sensed.run(1.0 / (2 * np.pi * 5.0))
    assert output.wrench_estimate[2] == pytest.approx(6.3, abs=0.5)


def test_without_torques_there_is_no_estimate() -> None:
    sensed = Sensed(well_placed(3, stiff()), torque_sensors=False)
    output = sensed.run(0.01)
    assert np.isnan(output.wrench_estimate).all()
    assert np.isnan(output.external_torque).all()
    sensed.torque_sensors = True
    assert np.isfinite(sensed.run(0.01).wrench_estimate).all()


def wall_at(height_m: float, stiffness_n_m: float) -> Callable[[Float, Float], Float]:
    def force(position: Float, velocity: Float) -> Float:
        depth = height_m - position[2]
        push = stiffness_n_m * depth - 200.0 * velocity[2] if depth > 0 else 0.0
        return np.array([0.0, 0.0, max(0.0, push)])

    return force


@pytest.mark.parametrize("stiffness_n_m", [2e3, 5e4])
@pytest.mark.parametrize("wrench_sensor", [True, False])
def test_contact_force_comes_back_to_its_limit(stiffness_n_m: float, wrench_sensor: bool) -> None:
    """The target lies 6 cm inside the wall: 60 N by the spring, 15 N are allowed."""
    sensed = Sensed(well_placed(3, stiff(15.0)), wrench_sensor=wrench_sensor)
    sensed.run(0.1)
    pose = np.array(sensed.rig.controller.output.target_pose)
    wall = wall_at(float(pose[2]) - 0.01, stiffness_n_m)
    goal = pose - [0, 0, 0.07, 0, 0, 0, 0]
    assert sensed.rig.controller.set_trajectory(
        [sensed.rig.now_ns + 700_000_000], [goal], sensed.rig.now_ns, np.zeros((1, 6))
    ).accepted
    forces: list[float] = []
    limited: list[bool] = []
    sensed.run(
        1.6,
        wall,
        lambda o: (forces.append(float(sensed.wrench[2])), limited.append(o.contact_limited))[0],
    )
    assert max(limited)
    assert max(forces[-200:]) == pytest.approx(15.0, abs=1.0)
    assert np.ptp(forces[-200:]) < 1.0  # stands still
    # The estimate lags behind an impact by its cutoff.
    assert max(forces) < (25.0 if wrench_sensor else 35.0)


def test_the_retreat_is_undone_when_the_wall_is_gone() -> None:
    sensed = Sensed(well_placed(3, stiff(15.0)))
    sensed.run(0.1)
    pose = np.array(sensed.rig.controller.output.target_pose)
    goal = pose - [0, 0, 0.05, 0, 0, 0, 0]
    sensed.rig.controller.set_target(goal, sensed.rig.now_ns)
    output = sensed.run(1.0, wall_at(float(pose[2]) - 0.005, 2e4))
    assert output.target_pose[2] - goal[2] > 0.01
    sensed.wrench[:] = 0.0
    output = sensed.run(1.5)
    np.testing.assert_allclose(output.target_pose, goal, atol=1e-6)
    assert not output.contact_limited


def test_a_lying_sensor_moves_the_target_no_farther_than_the_bound() -> None:
    sensed = Sensed(well_placed(3, stiff(15.0)), torque_sensors=False)
    sensed.run(0.1)
    rig = sensed.rig
    before = np.array(rig.controller.output.target_pose[:3])
    for _ in range(3000):
        rig.now_ns += 1_000_000
        terms = rig.arm.terms(rig.q, rig.dq)
        output = rig.controller.tick(
            rig.now_ns, 1e-3, rig.q, rig.dq, None, terms.jacobian, terms.mass, terms.bias,
            terms.position, terms.rotation, [1e6, 0, 0, 0, 0, 0],
        )  # fmt: skip
    assert np.linalg.norm(output.target_pose[:3] - before) <= 0.05 + 1e-9


@pytest.mark.parametrize("wrench", [[np.nan, 0, 0, 0, 0, 0], [np.inf, 0, 0, 0, 0, 0]])
def test_a_broken_wrench_sensor_is_a_fault(wrench: list[float]) -> None:
    sensed = Sensed(well_placed(3, stiff()))
    sensed.run(0.01)
    sensed.wrench = np.array(wrench)
    rig = sensed.rig
    terms = rig.arm.terms(rig.q, rig.dq)
    output = rig.controller.tick(
        rig.now_ns + 1_000_000, 1e-3, rig.q, rig.dq, None, terms.jacobian, terms.mass, terms.bias,
        terms.position, terms.rotation, sensed.wrench,
    )  # fmt: skip
    assert output.fault == Fault.NONFINITE_WRENCH
    assert output.fault_name == "nonfinite_wrench"
    assert np.isfinite(output.torque).all()


def test_what_a_fault_reports_is_at_rest() -> None:
    sensed = Sensed(well_placed(3, stiff()))
    sensed.rig.controller.set_wrench([0, 20.0, 0, 0, 0, 0], sensed.rig.now_ns)
    sensed.run(0.1)
    sensed.rig.controller.set_joint_target(sensed.rig.q + 0.3, sensed.rig.now_ns)
    assert np.abs(sensed.run(0.1).joint_target_velocity).max() > 0.1
    sensed.wrench = np.array([np.nan, 0, 0, 0, 0, 0])
    output = sensed.run(0.001)
    assert output.fault == Fault.NONFINITE_WRENCH
    np.testing.assert_array_equal(output.joint_target_velocity, 0)
    np.testing.assert_array_equal(output.feed_forward, 0)
