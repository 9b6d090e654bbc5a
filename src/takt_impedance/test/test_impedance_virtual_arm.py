"""The virtual arm: controller and simulated arm together are what a position robot is sent."""

import numpy as np
import pytest
from contact_support import well_placed
from impedance_support import Float, Rig

from takt_impedance import Parameters, VirtualArm, VirtualArmParameters

DT_S = 2e-3  # of a robot that takes 500 positions a second


def virtual(parameters: Parameters | None = None) -> tuple[Rig, VirtualArm]:
    rig = well_placed(3, parameters or Parameters(7))
    arm = VirtualArm(rig.controller.parameters, VirtualArmParameters(7))
    arm.reset(rig.q)
    return rig, arm


def run(rig: Rig, arm: VirtualArm, duration_s: float, wrench: Float) -> list[Float]:
    """What the robot was sent, (n,) each."""
    sent = []
    for _ in range(round(duration_s / DT_S)):
        rig.q, rig.dq = arm.q, arm.dq
        terms = rig.arm.terms(rig.q, rig.dq)
        torque = np.array(rig.tick(DT_S).torque)
        arm.step(torque, terms.jacobian, terms.mass, terms.bias, wrench, DT_S)
        sent.append(arm.q)
    return sent


def test_it_stands_still_by_itself() -> None:
    rig, arm = virtual()
    start = arm.q
    sent = run(rig, arm, 0.5, np.zeros(6))
    np.testing.assert_allclose(sent[-1], start, atol=1e-9)


def test_it_follows_a_target() -> None:
    rig, arm = virtual()
    run(rig, arm, 0.1, np.zeros(6))
    goal = np.array(rig.controller.output.target_pose)
    goal[:3] += [0.05, -0.04, 0.03]
    assert rig.controller.set_target(goal, rig.now_ns).accepted
    sent = run(rig, arm, 2.5, np.zeros(6))
    assert np.linalg.norm(rig.arm.forward(sent[-1])[:3, 3] - goal[:3]) < 1e-3
    assert np.abs(np.diff(sent, axis=0)).max() < 5e-3  # no jumps


def test_it_gives_way_like_the_spring_and_returns() -> None:
    """10 N against 500 N/m: two centimetres."""
    rig, arm = virtual()
    start = rig.arm.forward(arm.q)[:3, 3].copy()
    sent = run(rig, arm, 2.5, np.array([0, 10.0, 0, 0, 0, 0]))
    np.testing.assert_allclose(rig.arm.forward(sent[-1])[:3, 3] - start, [0, 0.02, 0], atol=1.5e-3)
    sent = run(rig, arm, 2.5, np.full(6, np.nan))  # no reading counts as nothing
    np.testing.assert_allclose(rig.arm.forward(sent[-1])[:3, 3], start, atol=1.5e-3)


def test_limits_hold() -> None:
    p = Parameters(7)
    rig = well_placed(3, p)
    p.joint_lower_rad, p.joint_upper_rad = rig.q - 0.3, rig.q + 0.3
    p.joint_velocity_limit_rad_s = 0.5
    rig, arm = virtual(p)
    for wrench in (np.array([0, 1e5, 0, 0, 0, 0]), np.array([1e300, 0, 0, 0, 0, 1e300])):
        sent = np.array(run(rig, arm, 1.0, wrench))
        assert np.isfinite(sent).all()
        assert (sent >= p.joint_lower_rad).all()
        assert (sent <= p.joint_upper_rad).all()
        assert np.abs(np.diff(sent, axis=0)).max() <= 0.5 * DT_S * (1 + 1e-9)


def test_nonsense_brings_it_to_rest() -> None:
    rig, arm = virtual()
    run(rig, arm, 0.2, np.array([0, 10.0, 0, 0, 0, 0]))
    assert np.abs(arm.dq).max() > 0
    terms, before = rig.arm.terms(arm.q, arm.dq), arm.q
    arm.step(np.full(7, np.nan), terms.jacobian, terms.mass, terms.bias, np.zeros(6), DT_S)
    np.testing.assert_array_equal(arm.q, before)
    np.testing.assert_array_equal(arm.dq, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("inertia_kgm2", -1.0), ("damping_nms_rad", np.nan), ("wrench_cutoff_hz", 0.0)],
)
def test_wrong_parameters_are_named(name: str, value: float) -> None:
    parameters = VirtualArmParameters(7)
    setattr(parameters, name, value)
    with pytest.raises(ValueError, match=name):
        VirtualArm(Parameters(7), parameters)
    with pytest.raises(ValueError, match="inertia_kgm2"):
        VirtualArm(Parameters(6), VirtualArmParameters(7))
