"""The laws written down once more in NumPy, as plainly as possible: dense matrices and inverses.

Everything that ramps, fades or limits has to be over or off; the tests see to that.
"""

from dataclasses import dataclass

import numpy as np
import pinocchio
import scipy.linalg
from impedance_support import Float, matrix_of

from takt_impedance import Damping, Frame, Parameters, Projector
from takt_impedance.kinematics import ArmTerms

# As in law.cpp: regularisation of the inverse task inertia, and the one that bounds the inertia of
# dampers near singularities, which fades in where an axis is heavier than a part of the bound.
FLOOR, MASS_FLOOR, INERTIA_FLOOR, ONSET = 1e-4, 1e-2, 1e-1, 4.0
# A tool that stretches the spring so much [N, Nm] and is slower than its target by more than this
# [m/s, rad/s] is held back by something: then its target's acceleration does not count.
HELD = ((3.0, 0.01), (0.15, 0.05))


@dataclass
class State:
    """An arm at one moment, and where it should be.

    `target_acceleration` (6,) and `feed_forward` (6,) in base axes; `posture` (n,).
    """

    terms: ArmTerms
    q: Float
    dq: Float
    target: Float  # (7,)
    target_twist: Float
    target_acceleration: Float
    feed_forward: Float
    posture: Float


def geometric_mean(a: Float, b: Float) -> Float:
    """a # b = a^(1/2) (a^(-1/2) b a^(-1/2))^(1/2) a^(1/2)."""
    root = scipy.linalg.sqrtm(a).real
    inverse = np.linalg.inv(root)
    values, vectors = np.linalg.eigh(inverse @ b @ inverse)
    middle = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    return np.array(root @ middle @ root)


def design_inertia(inverse: Float) -> Float:
    """Task inertia for dampers and inertial forces, from J M^-1 J^T."""
    diagonal = np.diag(np.linalg.cholesky(inverse + FLOOR * np.eye(6)))
    heaviest = max(MASS_FLOOR / diagonal[:3].min() ** 2, INERTIA_FLOOR / diagonal[3:].min() ** 2)
    share = max(0.0, 1.0 - 1.0 / (ONSET * heaviest)) ** 2
    floor = FLOOR + share * np.array([MASS_FLOOR] * 3 + [INERTIA_FLOOR] * 3)
    return np.linalg.inv(inverse + np.diag(floor))


def projector(p: Parameters, J: Float, mass: Float) -> Float:
    """(n, n) projector of joint torques into the nullspace of the task."""
    n = len(mass)
    if p.projector == Projector.NONE:
        return np.eye(n)
    if p.projector == Projector.KINEMATIC:
        return np.array(np.eye(n) - J.T @ np.linalg.inv(J @ J.T + FLOOR * np.eye(6)) @ J)
    Mi = np.linalg.inv(mass)
    return np.array(np.eye(n) - J.T @ np.linalg.inv(J @ Mi @ J.T + FLOOR * np.eye(6)) @ J @ Mi)


def nearest(away: Float, p: Parameters) -> Float:
    """Continuous joints go the nearer way round."""
    continuous = np.isnan(p.joint_lower_rad)
    return np.where(continuous, (away + np.pi) % (2 * np.pi) - np.pi, away)


def cartesian_wrench(p: Parameters, s: State) -> Float:
    """(6,) in base axes, before the limits of force and moment."""
    axes = matrix_of(s.target) if p.stiffness_frame == Frame.TOOL else np.eye(3)
    S = np.kron(np.eye(2), axes)
    J = S.T @ s.terms.jacobian
    e = np.concatenate(
        [s.target[:3] - s.terms.position, pinocchio.log3(matrix_of(s.target) @ s.terms.rotation.T)]
    )
    e = S.T @ e
    inertia = design_inertia(J @ np.linalg.inv(s.terms.mass) @ J.T)
    D = np.diag(p.damping)
    if p.damping_kind != Damping.GIVEN:
        unit = p.operational_space or p.damping_kind == Damping.UNIT_MASS
        root = np.diag(np.sqrt(p.damping_ratio))
        D = 2 * root @ geometric_mean(np.eye(6) if unit else inertia, p.stiffness) @ root
    F = p.stiffness @ np.clip(e, -p.error_clip, p.error_clip)
    # pinocchio's Jlog3(exp(v)) is the inverse right Jacobian; its transpose at v the left one.
    F[3:] = pinocchio.Jlog3(pinocchio.exp3(e[3:])).T @ F[3:]
    twist = S.T @ s.target_twist
    behind = twist - J @ s.dq
    acceleration = p.inertia_feed_forward * S.T @ s.target_acceleration
    for part, force, slow in ((slice(3), *HELD[0]), (slice(3, 6), *HELD[1])):
        lag = np.linalg.norm(behind[part]) / (np.linalg.norm(twist[part]) + slow)
        acceleration[part] *= 1 - min(1.0, np.linalg.norm(F[part]) / force, lag)
    F = F + D @ behind
    F = inertia @ (F + acceleration) if p.operational_space else F + inertia @ acceleration
    return np.array(S @ F + s.feed_forward)


def cartesian_torque(p: Parameters, s: State) -> Float:
    """(n,) J^T F + N clip(K_n (q_n - q) - D_n N^T dq) + bias."""
    J = s.terms.jacobian
    N = projector(p, J, s.terms.mass)
    away = nearest(s.posture - s.q, p)
    null = p.nullspace_stiffness * away - p.nullspace_damping * (N.T @ s.dq)
    null = N @ np.clip(null, -p.nullspace_clip_nm, p.nullspace_clip_nm)
    return np.array(J.T @ cartesian_wrench(p, s) + null + s.terms.bias)


def joint_torque(p: Parameters, s: State, q_target: Float, dq_target: Float, ddq: Float) -> Float:
    """(n,) K clip(q_d - q) + D (dq_d - dq) + M ddq_d + bias, D = 2 sqrt(Z) (M # K) sqrt(Z)."""
    K = np.diag(p.joint_stiffness)
    root = np.diag(np.sqrt(p.joint_damping_ratio))
    D = 2 * root @ geometric_mean(s.terms.mass, K) @ root
    error = np.clip(nearest(q_target - s.q, p), -p.joint_error_clip_rad, p.joint_error_clip_rad)
    push = p.inertia_feed_forward * s.terms.mass @ ddq
    return np.array(K @ error + D @ (dq_target - s.dq) + push + s.terms.bias)
