"""Every wrong parameter is refused, with its name."""

import numpy as np
import pytest

from takt_impedance import Controller, Parameters


def test_defaults_are_valid() -> None:
    for n_joints in (6, 7, 8):
        parameters = Parameters(n_joints)
        parameters.validate()
        assert parameters.torque_limit_nm.shape == (n_joints,)


@pytest.mark.parametrize("n_joints", [0, 5, 9])
def test_joint_count(n_joints: int) -> None:
    with pytest.raises(ValueError, match="n_joints"):
        Parameters(n_joints)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("torque_limit_nm", 0.0),
        ("torque_limit_nm", np.nan),
        ("torque_rate_limit_nm_s", -1.0),
        ("joint_velocity_limit_rad_s", 0.0),
        ("stiffness", [-1, 1, 1, 1, 1, 1]),
        ("damping_ratio", -0.1),
        ("damping", -1.0),  # a sentinel of -1 must not become negative damping
        ("error_clip", 0.0),
        ("max_force_n", np.nan),
        ("max_moment_nm", 0.0),
        ("nullspace_damping", -1.0),
        ("barrier_margin_rad", 0.0),
        ("friction_coulomb_nm", -1.0),
        ("guide_damping_nms_rad", np.inf),
        ("stiffness_rate", 0.0),
        ("engage_s", 0.0),
        ("stop_s", 0.0),
        ("stop_s", 0.01),  # too short for the speed and acceleration allowed
        ("release_s", -1.0),
        ("release_stiffness_scale", 1.5),
        ("max_jump_m", 0.0),
        ("max_waypoints", 0),
        ("workspace_lower_m", 1e9),
        ("dt_min_s", 1.0),
    ],
)
def test_wrong_values_are_named(name: str, value: object) -> None:
    parameters = Parameters(7)
    parameters.workspace_upper_m = 1.0
    setattr(parameters, name, value)
    expected = "max_linear_velocity" if (name, value) == ("stop_s", 0.01) else name
    with pytest.raises(ValueError, match=expected):
        parameters.validate()
    with pytest.raises(ValueError, match=expected):
        Controller(parameters)


def test_limits_come_in_pairs_and_leave_room() -> None:
    parameters = Parameters(7)
    parameters.joint_lower_rad = -1.0
    with pytest.raises(ValueError, match="joint_lower_rad"):
        parameters.validate()
    parameters.joint_upper_rad = -0.9
    with pytest.raises(ValueError, match="joint_upper_rad"):
        parameters.validate()
    parameters.joint_upper_rad = 1.0
    parameters.validate()


def test_wrong_shapes_are_refused_at_assignment() -> None:
    parameters = Parameters(7)
    with pytest.raises(ValueError, match="torque_limit_nm"):
        parameters.torque_limit_nm = [1, 2, 3]


def test_a_controller_keeps_its_own_copy() -> None:
    parameters = Parameters(7)
    controller = Controller(parameters)
    parameters.max_force_n = 1.0
    assert controller.parameters.max_force_n == 100.0
