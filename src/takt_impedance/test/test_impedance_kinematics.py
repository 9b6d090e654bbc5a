"""The arm model against Pinocchio's own functions, and inverse against forward kinematics."""

import numpy as np
import pinocchio
import pytest
from impedance_support import posture, random_arm

from takt_impedance.kinematics import ArmModel

# Three revolute joints, one of them continuous, and a slider as a gripper.
URDF = """
<robot name="little">
  <link name="base"/>
  <link name="l1"><inertial><mass value="2"/><origin xyz="0 0 0.1"/>
    <inertia ixx="0.02" iyy="0.02" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="l2"><inertial><mass value="1"/><origin xyz="0 0 0.1"/>
    <inertia ixx="0.01" iyy="0.01" izz="0.005" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="l3"><inertial><mass value="0.5"/><origin xyz="0 0 0.05"/>
    <inertia ixx="0.002" iyy="0.002" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="finger"><inertial><mass value="0.2"/>
    <inertia ixx="0.001" iyy="0.001" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="tcp"/>
  <joint name="a" type="revolute"><parent link="base"/><child link="l1"/><axis xyz="0 0 1"/>
    <limit lower="-2" upper="2" effort="50" velocity="2"/></joint>
  <joint name="b" type="continuous"><parent link="l1"/><child link="l2"/><axis xyz="0 1 0"/>
    <origin xyz="0 0 0.3"/><limit effort="40" velocity="3"/></joint>
  <joint name="c" type="revolute"><parent link="l2"/><child link="l3"/><axis xyz="0 1 0"/>
    <origin xyz="0 0 0.3"/><limit lower="-1" upper="2.5" effort="20" velocity="3"/></joint>
  <joint name="slide" type="prismatic"><parent link="l3"/><child link="finger"/><axis xyz="1 0 0"/>
    <origin xyz="0 0 0.1"/><limit lower="0" upper="0.04" effort="20" velocity="0.1"/></joint>
  <joint name="tool" type="fixed"><parent link="l3"/><child link="tcp"/>
    <origin xyz="0 0 0.2"/></joint>
</robot>
"""


def test_terms_agree_with_pinocchio() -> None:
    arm = random_arm(4)
    q, dq = posture(4, 7), np.linspace(-1, 1, 7)
    terms = arm.terms(q, dq)
    data = arm.model.createData()
    frame = arm.model.getFrameId("tcp")
    pinocchio.computeAllTerms(arm.model, data, q, dq)
    jacobian = pinocchio.getFrameJacobian(
        arm.model, data, frame, pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED
    )
    np.testing.assert_allclose(terms.jacobian, jacobian, atol=1e-12)
    np.testing.assert_allclose(terms.bias, data.nle, atol=1e-12)
    np.testing.assert_allclose(terms.mass, terms.mass.T, atol=1e-12)
    velocity = np.linalg.eigvalsh(terms.mass)
    assert velocity.min() > 0
    step = 1e-7
    ahead = arm.forward(q + step * dq)
    here = arm.forward(q)
    np.testing.assert_allclose((ahead[:3, 3] - here[:3, 3]) / step, (jacobian @ dq)[:3], atol=1e-5)
    np.testing.assert_allclose(here[:3, 3], terms.position, atol=1e-12)


def test_joint_order_continuous_and_locked_joints() -> None:
    plain = ArmModel(URDF, "tcp", ["a", "b", "c"])
    swapped = ArmModel(URDF, "tcp", ["c", "a", "b"])
    q, dq = np.array([0.3, 4.0, -0.5]), np.array([0.1, 0.2, 0.3])
    order = [2, 0, 1]
    a, b = plain.terms(q, dq), swapped.terms(q[order], dq[order])
    np.testing.assert_allclose(b.position, a.position, atol=1e-12)
    np.testing.assert_allclose(b.jacobian, a.jacobian[:, order], atol=1e-12)
    np.testing.assert_allclose(b.mass, a.mass[np.ix_(order, order)], atol=1e-12)
    np.testing.assert_allclose(b.bias, a.bias[order], atol=1e-12)
    assert np.isnan(plain.lower_rad).tolist() == [False, True, False]
    np.testing.assert_array_equal(swapped.torque_limit_nm, [20, 50, 40])
    # A turn of the continuous joint changes nothing.
    np.testing.assert_allclose(plain.forward(q), plain.forward(q + [0, 2 * np.pi, 0]), atol=1e-12)


def test_locked_gripper_counts_as_load() -> None:
    closed = ArmModel(URDF, "tcp", ["a", "b", "c"])
    opened = ArmModel(URDF, "tcp", ["a", "b", "c"], locked={"slide": 0.04})
    assert closed.n_joints == 3
    q = np.array([0.0, 1.0, 0.5])
    difference = np.abs(closed.gravity(q) - opened.gravity(q)).max()
    assert 1e-3 < difference < 0.04 * 0.2 * 9.81 + 1e-9


def test_unknown_names_are_errors() -> None:
    with pytest.raises(ValueError, match="nothing"):
        ArmModel(URDF, "nothing")
    with pytest.raises(ValueError, match="elbow"):
        ArmModel(URDF, "tcp", ["a", "elbow"])
    with pytest.raises(ValueError, match="wheel"):
        ArmModel(URDF, "tcp", ["a", "b", "c"], locked={"wheel": 0.0})


@pytest.mark.parametrize("seed", range(12))
def test_inverse_reaches_what_forward_gives(seed: int) -> None:
    arm = random_arm(seed)
    q = posture(seed, 7)
    seed_q = q + np.random.default_rng(seed).uniform(-0.2, 0.2, 7)
    found = arm.inverse(arm.forward(q), seed_q)
    assert found is not None
    np.testing.assert_allclose(arm.forward(found), arm.forward(q), atol=1e-5)
    assert (found >= arm.lower_rad).all()
    assert (found <= arm.upper_rad).all()


def test_out_of_reach_is_none() -> None:
    arm = random_arm(0)
    pose = arm.forward(posture(0, 7))
    pose[0, 3] += 10.0
    assert arm.inverse(pose, posture(0, 7), max_iterations=50) is None
