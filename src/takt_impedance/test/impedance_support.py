"""Random arms and small simulations for the tests of takt_impedance."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pinocchio
from numpy.typing import NDArray

from takt_impedance import Controller, Parameters, TickOutput
from takt_impedance.kinematics import ArmModel

Float = NDArray[np.float64]
MS = 1_000_000


def random_arm(seed: int, n_joints: int = 7) -> ArmModel:
    """A serial arm with random joint axes, offsets and inertias of a real arm's size."""
    rng = np.random.default_rng(seed)
    model = pinocchio.Model()
    parent = 0
    for i in range(n_joints):
        rotation = pinocchio.exp3(rng.uniform(-np.pi, np.pi, 3))
        offset = rng.uniform(-0.05, 0.05, 3) if i == 0 else rng.uniform(-0.25, 0.25, 3)
        placement = pinocchio.SE3(rotation, offset)
        parent = model.addJoint(parent, pinocchio.JointModelRZ(), placement, f"joint{i + 1}")
        mass = rng.uniform(0.5, 4.0)
        size = rng.uniform(0.05, 0.2, 3)
        inertia = pinocchio.Inertia.FromBox(mass, *size)
        inertia.lever = rng.uniform(-0.08, 0.08, 3)
        model.appendBodyToJoint(parent, inertia, pinocchio.SE3.Identity())
    tool = pinocchio.SE3(pinocchio.exp3(rng.uniform(-1, 1, 3)), rng.uniform(0.05, 0.15, 3))
    model.addFrame(pinocchio.Frame("tcp", parent, 0, tool, pinocchio.FrameType.OP_FRAME))
    model.lowerPositionLimit[:] = -2.8
    model.upperPositionLimit[:] = 2.8
    model.effortLimit[:] = 80.0
    model.velocityLimit[:] = 3.0
    return ArmModel.from_pinocchio(model, "tcp")


def posture(seed: int, n_joints: int) -> Float:
    return np.random.default_rng(seed + 1000).uniform(-1.5, 1.5, n_joints)


def unlimited(n_joints: int) -> Parameters:
    """Parameters with which only the law speaks: no limit, barrier, filter or nullspace spring."""
    p = Parameters(n_joints)
    p.torque_limit_nm = 1e9
    p.torque_rate_limit_nm_s = 1e15
    p.max_force_n = 1e9
    p.max_moment_nm = 1e9
    p.nullspace_stiffness = 0.0
    return p


@dataclass
class Rig:
    """A controller on an arm whose state the test sets, or that it simulates."""

    arm: ArmModel
    controller: Controller
    q: Float
    dq: Float
    now_ns: int = 0
    gravity_only: bool = False  # compensate gravity but not Coriolis torques

    @classmethod
    def start(
        cls, arm: ArmModel, parameters: Parameters, q: Float, tau: Float | None = None
    ) -> "Rig":
        rig = cls(arm, Controller(parameters), np.array(q), np.zeros(arm.n_joints), 1000 * MS)
        terms = arm.terms(rig.q, rig.dq)
        rig.controller.activate(rig.now_ns, rig.q, terms.position, terms.rotation, tau)
        return rig

    def tick(self, dt_s: float = 1e-3, tau: Float | None = None) -> TickOutput:
        self.now_ns += round(dt_s * 1e9)
        terms = self.arm.terms(self.q, self.dq)
        bias = self.arm.gravity(self.q) if self.gravity_only else terms.bias
        return self.controller.tick(
            self.now_ns, dt_s, self.q, self.dq, tau,
            terms.jacobian, terms.mass, bias, terms.position, terms.rotation,
        )  # fmt: skip

    def simulate(
        self,
        duration_s: float,
        external: Callable[[float], Float] | None = None,
        dt_s: float = 1e-3,
        substeps: int = 4,
        observe: Callable[[TickOutput], None] | None = None,
    ) -> TickOutput:
        """Rigid-body dynamics under the controller; `external` gives a joint torque over time."""
        model, data = self.arm.model, self.arm.model.createData()
        output = self.controller.output
        for step in range(round(duration_s / dt_s)):
            output = self.tick(dt_s)
            if observe is not None:
                observe(output)
            torque = np.array(output.torque)
            if external is not None:
                torque += external(step * dt_s)
            for _ in range(substeps):
                h = dt_s / substeps
                self.dq = self.dq + h * pinocchio.aba(model, data, self.q, self.dq, torque)
                self.q = self.q + h * self.dq
        return output


def pose7(position: Float, rotation: Float) -> Float:
    quaternion = pinocchio.Quaternion(rotation).coeffs()
    return np.concatenate([position, quaternion])


def matrix_of(pose: Float) -> Float:
    """Rotation matrix of a pose (7,)."""
    x, y, z, w = pose[3:]
    return np.array(pinocchio.Quaternion(w, x, y, z).matrix())
