"""The tool's own speed: braked above a limit in every mode, and earlier when guided by hand."""

import numpy as np
import pytest
from contact_support import Sensed, well_placed
from impedance_support import Float

from takt_impedance import Mode, Parameters


def limp(velocity_m_s: float = np.inf) -> Parameters:
    """Nothing holds the tool but the brake."""
    p = Parameters(7)
    p.stiffness, p.damping_ratio, p.nullspace_stiffness = 0.0, 0.0, 0.0
    p.max_tool_velocity_m_s = velocity_m_s
    return p


def pushed(parameters: Parameters, mode: Mode, force_n: float, duration_s: float) -> list[float]:
    """Speeds of the tool [m/s] under a constant push, from when the mode is in full effect."""
    sensed = Sensed(well_placed(3, parameters), torque_sensors=False, wrench_sensor=False)
    rig = sensed.rig
    rig.controller.set_mode(mode)
    sensed.run(0.35)
    speeds: list[float] = []

    def force(_: Float, velocity: Float) -> Float:
        speeds.append(float(np.linalg.norm(velocity)))
        return np.array([0.0, force_n, 0.0])

    sensed.run(duration_s, force)
    return speeds


def test_a_limit_of_the_tool_holds_against_a_push() -> None:
    """The brake takes away the excess within 20 ms: what is left is force x 20 ms / inertia."""
    free = pushed(limp(), Mode.CARTESIAN, 8.0, 0.3)
    braked = pushed(limp(0.2), Mode.CARTESIAN, 8.0, 0.3)
    assert max(free) > 0.7
    assert max(braked) < 0.4


def test_guiding_is_light_when_slow_and_steep_when_fast() -> None:
    p = limp()
    p.guide_max_linear_velocity_m_s = 0.15
    p.guide_damping_nms_rad = 0.1
    light = pushed(p, Mode.GUIDE, 0.5, 0.2)
    hard = pushed(p, Mode.GUIDE, 10.0, 0.3)
    assert 0.02 < max(light) < 0.15
    assert max(hard) < 0.45
    p.guide_max_linear_velocity_m_s = p.guide_max_angular_velocity_rad_s = np.inf
    p.guide_max_joint_velocity_rad_s = np.inf
    assert max(pushed(p, Mode.GUIDE, 10.0, 0.3)) > 0.7


def test_guiding_bounds_the_joints() -> None:
    p = limp()
    p.guide_damping_nms_rad = 0.0
    p.guide_max_linear_velocity_m_s = p.guide_max_angular_velocity_rad_s = np.inf
    p.torque_rate_limit_nm_s, p.torque_limit_nm = 1e9, 1e6
    rig = well_placed(3, p)
    rig.controller.set_mode(Mode.GUIDE)
    for _ in range(400):
        rig.tick()
    rig.dq = np.array([1.4, -1.4, 2.5, -2.5, 0, 0, 0])
    added = rig.tick().torque - rig.arm.terms(rig.q, rig.dq).bias
    np.testing.assert_allclose(added[[0, 1, 4, 5, 6]], 0, atol=1e-9)
    assert added[2] < 0 < added[3]


def test_the_brake_acts_along_the_motion_only() -> None:
    """Its torque is that of a force against the tool's velocity, and nothing below the limit."""
    p = limp(0.3)
    p.nullspace_damping = 0.0
    p.torque_rate_limit_nm_s, p.torque_limit_nm = 1e9, 1e6
    p.max_tool_velocity_rad_s = np.inf
    rig = well_placed(3, p)
    rig.tick()
    terms = rig.arm.terms(rig.q, rig.dq)
    velocity = np.array([0.1, 0.5, -0.2])
    for share, limited in ((0.3, False), (1.0, True)):
        rig.dq = share * np.linalg.pinv(terms.jacobian) @ np.concatenate([velocity, np.zeros(3)])
        output = rig.tick()
        added = output.torque - rig.arm.terms(rig.q, rig.dq).bias
        assert output.speed_limited == limited
        if not limited:
            np.testing.assert_allclose(added, 0, atol=1e-9)
    force, *_ = np.linalg.lstsq(terms.jacobian[:3].T, added, rcond=None)
    np.testing.assert_allclose(terms.jacobian[:3].T @ force, added, atol=1e-9)
    np.testing.assert_allclose(np.cross(force, velocity), 0, atol=1e-6 * np.linalg.norm(force))
    assert force @ velocity < 0


@pytest.mark.parametrize("dt_s", [1e-3, 5e-3])
def test_the_brake_is_stable(dt_s: float) -> None:
    """From five times the limit the speed falls to it without turning round."""
    p = limp(0.1)
    p.torque_rate_limit_nm_s, p.torque_limit_nm = 1e9, 1e6
    rig = well_placed(3, p)
    rig.simulate(0.01)
    jacobian = rig.arm.terms(rig.q, rig.dq).jacobian
    direction = np.array([0, 0.5, 0, 0, 0, 0])
    rig.dq = np.linalg.pinv(jacobian) @ direction
    speeds: list[float] = []
    for _ in range(30):
        rig.simulate(dt_s, dt_s=dt_s)
        speeds.append(float((rig.arm.terms(rig.q, rig.dq).jacobian @ rig.dq)[1]))
    assert min(speeds) > 0
    assert max(np.diff(speeds)) < 0.02
    assert speeds[-1] < 0.2
