"""The law against a formulation of its own in NumPy, and the physics that it promises."""

import numpy as np
import pinocchio
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_support import Float, Rig, matrix_of, posture, random_arm, unlimited

from takt_impedance import Damping, Frame, Parameters, Projector, TickOutput

FLOOR = 1e-4  # regularisation of the inverse task inertia, as in law.cpp


def geometric_mean(a: Float, b: Float) -> Float:
    """a # b = a^(1/2) (a^(-1/2) b a^(-1/2))^(1/2) a^(1/2)."""
    root = scipy.linalg.sqrtm(a).real
    inverse = np.linalg.inv(root)
    values, vectors = np.linalg.eigh(inverse @ b @ inverse)
    middle = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    return np.array(root @ middle @ root)


def reference_torque(rig: Rig, p: Parameters, target: Float, posture_q: Float) -> Float:
    """J^T F + N clip(K_n dq_n - D_n N^T dq) + bias at the rig's state, target at rest."""
    terms = rig.arm.terms(rig.q, rig.dq)
    axes = matrix_of(target) if p.stiffness_frame == Frame.TOOL else np.eye(3)
    S = np.kron(np.eye(2), axes)
    J = S.T @ terms.jacobian
    phi = pinocchio.log3(matrix_of(target) @ terms.rotation.T)
    e = S.T @ np.concatenate([target[:3] - terms.position, phi])
    Mi = np.linalg.inv(terms.mass)
    A = J @ Mi @ J.T + FLOOR * np.eye(6)
    D = np.diag(p.damping)
    if p.damping_kind != Damping.GIVEN:
        design = J @ Mi @ J.T + np.diag([1e-2] * 3 + [1e-1] * 3)
        unit = p.damping_kind == Damping.UNIT_MASS
        root = np.diag(np.sqrt(p.damping_ratio))
        D = 2 * root @ geometric_mean(np.eye(6) if unit else np.linalg.inv(design), p.stiffness)
        D = D @ root
    F = p.stiffness @ np.clip(e, -p.error_clip, p.error_clip)
    # pinocchio's Jlog3(exp(v)) is the inverse right Jacobian; its transpose at v the left one.
    left_inverse = pinocchio.Jlog3(pinocchio.exp3(e[3:])).T
    F[3:] = left_inverse @ F[3:]
    F = F - D @ (J @ rig.dq)
    if p.projector == Projector.DYNAMIC:
        N = np.eye(rig.arm.n_joints) - J.T @ np.linalg.inv(A) @ J @ Mi
    elif p.projector == Projector.KINEMATIC:
        N = np.eye(rig.arm.n_joints) - J.T @ np.linalg.inv(J @ J.T + FLOOR * np.eye(6)) @ J
    else:
        N = np.eye(rig.arm.n_joints)
    away = posture_q - rig.q
    continuous = np.isnan(p.joint_lower_rad)
    away[continuous] = (away[continuous] + np.pi) % (2 * np.pi) - np.pi
    null = p.nullspace_stiffness * away - p.nullspace_damping * (N.T @ rig.dq)
    null = N @ np.clip(null, -p.nullspace_clip_nm, p.nullspace_clip_nm)
    return np.array(J.T @ F + null + terms.bias)


def disturb(rig: Rig, seed: int, size: float) -> TickOutput:
    """One tick in a state some way off the target that activation chose."""
    rng = np.random.default_rng(seed)
    rig.tick()
    rig.q = rig.q + rng.uniform(-size, size, rig.arm.n_joints)
    rig.dq = rng.uniform(-1.5, 1.5, rig.arm.n_joints)
    return rig.tick()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_joints=st.sampled_from([6, 7, 8]),
    size=st.sampled_from([0.01, 0.2, 1.5]),
    projector=st.sampled_from(list(Projector)),
    damping=st.sampled_from(list(Damping)),
    frame=st.sampled_from(list(Frame)),
)
def test_agrees_with_numpy(
    seed: int, n_joints: int, size: float, projector: Projector, damping: Damping, frame: Frame
) -> None:
    rng = np.random.default_rng(seed)
    p = unlimited(n_joints)
    p.projector, p.damping_kind, p.stiffness_frame = projector, damping, frame
    p.nullspace_stiffness = rng.uniform(0, 30, n_joints)
    p.stiffness = np.concatenate([rng.uniform(5, 2000, 3), rng.uniform(1, 100, 3)])
    p.damping_ratio = rng.uniform(0, 1.5, 6)
    p.error_clip = np.concatenate([rng.uniform(0.01, 0.2, 3), rng.uniform(0.1, 3, 3)])
    q = posture(seed, n_joints)
    rig = Rig.start(random_arm(seed, n_joints), p, q)
    output = disturb(rig, seed, size)
    expected = reference_torque(rig, p, output.target_pose, q)
    assert output.fault_name == ""
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(output.torque, expected, atol=1e-9 * scale)


def spring_energy(rig: Rig, p: Parameters, target: Float) -> float:
    """Energy of the clipped Cartesian spring: quadratic up to the clip, linear beyond."""
    terms = rig.arm.terms(rig.q, rig.dq)
    e = np.concatenate(
        [target[:3] - terms.position, pinocchio.log3(matrix_of(target) @ terms.rotation.T)]
    )
    if p.stiffness_frame == Frame.TOOL:
        e = np.kron(np.eye(2), matrix_of(target)).T @ e
    inside = np.minimum(np.abs(e), p.error_clip)
    return float(np.diag(p.stiffness) @ (inside * np.abs(e) - 0.5 * inside**2))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_joints=st.sampled_from([6, 7, 8]),
    size=st.sampled_from([0.05, 0.5, 2.0]),
    projector=st.sampled_from([Projector.DYNAMIC, Projector.KINEMATIC]),
    frame=st.sampled_from(list(Frame)),
)
def test_energy_never_grows(
    seed: int, n_joints: int, size: float, projector: Projector, frame: Frame
) -> None:
    """d/dt (kinetic + spring) <= 0 at any state, for any diagonal stiffness and fixed target."""
    rng = np.random.default_rng(seed)
    p = unlimited(n_joints)
    p.projector, p.stiffness_frame = projector, frame
    p.nullspace_damping = 3.0
    p.stiffness = np.concatenate([rng.uniform(0, 2000, 3), rng.uniform(0, 100, 3)])
    rig = Rig.start(random_arm(seed, n_joints), p, posture(seed, n_joints))
    rig.gravity_only = True
    output = disturb(rig, seed, size)
    target, q = np.array(output.target_pose), rig.q
    power = float(rig.dq @ (output.torque - rig.arm.gravity(q)))
    h = 1e-6
    energies = []
    for side in (1, -1):
        rig.q = q + side * h * rig.dq
        energies.append(spring_energy(rig, p, target))
    spring_power = (energies[0] - energies[1]) / (2 * h)
    if np.linalg.norm(output.pose_error[3:]) > np.pi - 0.05:
        return  # the spring's energy has a crest at half a turn: no derivative there
    assert power + spring_power <= 1e-4 * (1 + abs(power))


@pytest.mark.parametrize("seed", range(4))
def test_energy_falls_in_closed_loop(seed: int) -> None:
    p = unlimited(7)
    p.stiffness = [800, 300, 500, 40, 10, 25]
    rig = Rig.start(random_arm(seed), p, posture(seed, 7))
    rig.gravity_only = True
    rig.dq = np.random.default_rng(seed).uniform(-0.5, 0.5, 7)
    energies: list[float] = []

    def measure(output: TickOutput) -> None:
        terms = rig.arm.terms(rig.q, rig.dq)
        kinetic = 0.5 * rig.dq @ terms.mass @ rig.dq
        energies.append(float(kinetic) + spring_energy(rig, p, output.target_pose))

    rig.simulate(1.0, observe=measure, substeps=10)
    growth = np.diff(energies)
    assert growth.max() <= 2e-3 * energies[0]  # of a tick: what 1 kHz sampling leaves
    assert energies[-1] < 0.05 * energies[0]


def test_wrench_is_limited_apart() -> None:
    p = unlimited(7)
    p.max_force_n, p.max_moment_nm = 10.0, 2.0
    rig = Rig.start(random_arm(3), p, posture(3, 7))
    output = disturb(rig, 3, 1.0)
    assert output.wrench_limited
    assert np.linalg.norm(output.wrench[:3]) == pytest.approx(10.0)
    assert np.linalg.norm(output.wrench[3:]) == pytest.approx(2.0)


def test_nullspace_torque_does_not_move_the_tool() -> None:
    p = unlimited(7)
    p.stiffness, p.damping_ratio, p.nullspace_damping = 0.0, 0.0, 0.0
    p.nullspace_stiffness = 10.0
    rig = Rig.start(random_arm(5), p, posture(5, 7))
    rig.tick()
    rig.controller.set_nullspace_posture(rig.q + 0.3)
    output = rig.tick()
    terms = rig.arm.terms(rig.q, rig.dq)
    null = output.torque - terms.bias
    acceleration = terms.jacobian @ np.linalg.solve(terms.mass, null)
    assert np.abs(null).max() > 0.1
    assert np.abs(acceleration).max() < 1e-2 * np.abs(np.linalg.solve(terms.mass, null)).max()


def test_nullspace_is_clipped_before_projection() -> None:
    p = unlimited(7)
    p.stiffness, p.damping_ratio = 0.0, 0.0
    p.nullspace_stiffness, p.nullspace_clip_nm, p.projector = 1e4, 5.0, Projector.NONE
    rig = Rig.start(random_arm(6), p, posture(6, 7))
    rig.tick()
    rig.controller.set_nullspace_posture(rig.q + 1.0)
    output = rig.tick()
    np.testing.assert_allclose(output.torque - rig.arm.terms(rig.q, rig.dq).bias, 5.0, atol=1e-9)


@pytest.mark.parametrize("angle", [np.pi - 1e-9, np.pi - 1e-3, 3.0])
def test_large_rotation_pulls_back(angle: float) -> None:
    """Near half a turn the moment is finite and turns the tool towards the target."""
    p = unlimited(7)
    p.error_clip = 10.0
    arm = random_arm(8)
    rig = Rig.start(arm, p, posture(8, 7))
    rig.tick()
    terms = arm.terms(rig.q, rig.dq)
    axis = np.array([0.6, -0.64, 0.48])
    rotation = pinocchio.exp3(-angle * axis) @ terms.rotation
    output = rig.controller.tick(
        rig.now_ns, 1e-3, rig.q, rig.dq, None, terms.jacobian, terms.mass, terms.bias,
        terms.position, rotation,
    )  # fmt: skip
    np.testing.assert_allclose(output.pose_error[3:], angle * axis, atol=1e-6)
    np.testing.assert_allclose(output.wrench[3:], 30 * angle * axis, atol=1e-5)
