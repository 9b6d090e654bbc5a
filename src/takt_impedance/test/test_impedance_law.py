"""The law against a formulation of its own in NumPy, and the physics that it promises."""

import numpy as np
import pinocchio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_reference import State, cartesian_torque, cartesian_wrench, joint_torque
from impedance_support import MS, Float, Rig, matrix_of, pose7, posture, random_arm, unlimited

from takt_impedance import Damping, Frame, Mode, Parameters, Projector, TickOutput


def disturb(rig: Rig, seed: int, size: float) -> TickOutput:
    """One tick in a state some way off the target that activation chose."""
    rng = np.random.default_rng(seed)
    rig.tick()
    rig.q = rig.q + rng.uniform(-size, size, rig.arm.n_joints)
    rig.dq = rng.uniform(-1.5, 1.5, rig.arm.n_joints)
    return rig.tick()


def moving_rig(p: Parameters, seed: int, joints: bool) -> tuple[Rig, Float, Float]:
    """A rig on the way along waypoints; the arm itself stays. And its posture, and a wrench."""
    rng = np.random.default_rng(seed)
    q = posture(seed, p.n_joints)
    rig = Rig.start(random_arm(seed, p.n_joints), p, q)
    pose = np.array(rig.tick().target_pose)
    times = [rig.now_ns + 100 * MS, rig.now_ns + 200 * MS]
    if joints:
        way = q + np.outer([0.5, 1.0], rng.uniform(-0.05, 0.05, p.n_joints))
        assert rig.controller.set_joint_trajectory(times, way, rig.now_ns).accepted
    else:
        turn = rng.uniform(-0.1, 0.1, 3)
        poses = [
            pose7(pose[:3] + k * 0.01 * turn, pinocchio.exp3(k * turn) @ matrix_of(pose))
            for k in (1, 2)
        ]
        assert rig.controller.set_trajectory(times, poses, rig.now_ns).accepted
    wrench = (
        np.zeros(6) if joints else np.concatenate([rng.uniform(-10, 10, 3), rng.uniform(-2, 2, 3)])
    )
    rig.controller.set_wrench(wrench, rig.now_ns)
    for _ in range(60):
        rig.tick()
    return rig, q, wrench


def step_aside(rig: Rig, seed: int, size: float) -> TickOutput:
    """One tick in a state some way off, while the target goes on."""
    rng = np.random.default_rng(seed)
    rig.q = rig.q + rng.uniform(-size, size, rig.arm.n_joints)
    rig.dq = rng.uniform(-1.5, 1.5, rig.arm.n_joints)
    return rig.tick()


def law_only(n_joints: int) -> Parameters:
    """No limit, barrier or filter; the nullspace spring is there."""
    p = unlimited(n_joints)
    p.activation_blend_s = 1e-6
    p.feed_forward_rate = 1e6
    p.max_tool_velocity_m_s = p.max_tool_velocity_rad_s = 1e6
    return p


def random_stiffness(rng: np.random.Generator, full: bool) -> Float:
    diagonal = np.concatenate([rng.uniform(5, 2000, 3), rng.uniform(1, 100, 3)])
    if not full:
        return np.diag(diagonal)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    small = np.linalg.qr(np.eye(6) + 0.2 * turn)[0]
    return np.array(small @ np.diag(diagonal) @ small.T)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_joints=st.sampled_from([6, 7, 8]),
    size=st.sampled_from([0.01, 0.2, 1.5]),
    projector=st.sampled_from(list(Projector)),
    damping=st.sampled_from(list(Damping)),
    frame=st.sampled_from(list(Frame)),
    operational=st.booleans(),
    full=st.booleans(),
    push=st.sampled_from([0.0, 0.6, 1.0]),
)
def test_agrees_with_numpy(
    seed: int, n_joints: int, size: float, projector: Projector, damping: Damping, frame: Frame,
    operational: bool, full: bool, push: float,
) -> None:  # fmt: skip
    """Any gains, a moving target, a wrench on top: to 1e-9 of the torque."""
    rng = np.random.default_rng(seed)
    p = law_only(n_joints)
    p.projector, p.damping_kind, p.stiffness_frame = projector, damping, frame
    p.operational_space, p.inertia_feed_forward = operational, push
    p.nullspace_stiffness = rng.uniform(0, 30, n_joints)
    p.stiffness = random_stiffness(rng, full)
    p.damping_ratio = rng.uniform(0, 1.5, 6)
    p.error_clip = np.concatenate([rng.uniform(0.01, 0.2, 3), rng.uniform(0.1, 3, 3)])
    rig, q, wrench = moving_rig(p, seed, joints=False)
    before = np.array(rig.controller.output.target_twist)
    output = step_aside(rig, seed, size)
    twist = np.array(output.target_twist)
    state = State(
        rig.arm.terms(rig.q, rig.dq), rig.q, rig.dq, np.array(output.target_pose), twist,
        (twist - before) / 1e-3, wrench, q,
    )  # fmt: skip
    assert output.fault_name == ""
    assert np.abs(twist).max() > 1e-3
    expected = cartesian_torque(p, state)
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(output.torque, expected, atol=1e-9 * scale)
    np.testing.assert_allclose(output.wrench, cartesian_wrench(p, state), atol=1e-9 * scale)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_joints=st.sampled_from([6, 7, 8]),
    size=st.sampled_from([0.01, 0.2, 4.0]),
    continuous=st.booleans(),
    push=st.sampled_from([0.0, 1.0]),
)
def test_joint_law_agrees_with_numpy(
    seed: int, n_joints: int, size: float, continuous: bool, push: float
) -> None:
    rng = np.random.default_rng(seed)
    p = law_only(n_joints)
    p.inertia_feed_forward = push
    p.joint_stiffness = rng.uniform(0, 600, n_joints)
    p.joint_damping_ratio = rng.uniform(0, 1.5, n_joints)
    p.joint_error_clip_rad = rng.uniform(0.05, 2, n_joints)
    if not continuous:
        p.joint_lower_rad, p.joint_upper_rad, p.barrier_gain = -20.0, 20.0, 0.0
    rig, q, _ = moving_rig(p, seed, joints=True)
    before = np.array(rig.controller.output.joint_target_velocity)
    output = step_aside(rig, seed, size)
    assert output.mode == Mode.JOINT
    velocity = np.array(output.joint_target_velocity)
    assert np.abs(velocity).max() > 1e-3
    state = State(
        rig.arm.terms(rig.q, rig.dq), rig.q, rig.dq, np.array(output.target_pose), np.zeros(6),
        np.zeros(6), np.zeros(6), q,
    )  # fmt: skip
    expected = joint_torque(
        p, state, np.array(output.joint_target), velocity, (velocity - before) / 1e-3
    )
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(output.torque, expected, atol=1e-9 * scale)


@pytest.mark.parametrize("n_joints", [6, 7, 8])
def test_guide_is_gravity_and_light_damping(n_joints: int) -> None:
    p = law_only(n_joints)
    p.guide_max_joint_velocity_rad_s = p.guide_max_linear_velocity_m_s = 1e6
    p.guide_max_angular_velocity_rad_s = 1e6
    p.guide_damping_nms_rad = 0.01  # far below what the lightest joint bears
    rig = Rig.start(random_arm(4, n_joints), p, posture(4, n_joints))
    rig.tick()
    rig.controller.set_mode(Mode.GUIDE)
    for _ in range(round(p.engage_s * 1e3) + 1):
        rig.tick()
    output = step_aside(rig, 4, 0.3)
    expected = rig.arm.terms(rig.q, rig.dq).bias - 0.01 * rig.dq
    np.testing.assert_allclose(output.torque, expected, atol=1e-9)


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
