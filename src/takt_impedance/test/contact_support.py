"""A simulated arm with sensors: measured joint torques, and a wrench at the tool."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pinocchio
from impedance_support import Float, Rig, random_arm

from takt_impedance import Parameters, TickOutput


def well_placed(seed: int, parameters: Parameters) -> Rig:
    """A rig in the posture, out of many, with the best conditioned Jacobian."""
    arm = random_arm(seed, parameters.n_joints)
    rng = np.random.default_rng(seed)
    candidates = [rng.uniform(-2, 2, parameters.n_joints) for _ in range(100)]
    still = np.zeros(parameters.n_joints)
    best = min(candidates, key=lambda q: np.linalg.cond(arm.terms(q, still).jacobian))
    return Rig.start(arm, parameters, best)


SUBSTEPS = 4


@dataclass
class Sensed:
    """A rig whose controller is told what its drives exert and what a sensor at the tool feels."""

    rig: Rig
    torque_sensors: bool = True
    wrench_sensor: bool = True
    wrench: Float = field(default_factory=lambda: np.zeros(6))  # that acts now, base axes

    def run(
        self,
        duration_s: float,
        force: Callable[[Float, Float], Float] | None = None,
        observe: Callable[[TickOutput], None] | None = None,
    ) -> TickOutput:
        """`force` gives the force (3,) on the tool at its position and velocity (3,) each."""
        rig, arm = self.rig, self.rig.arm
        model, data = arm.model, arm.model.createData()
        torque = np.array(rig.controller.output.torque)
        for _ in range(round(duration_s / 1e-3)):
            rig.now_ns += 1_000_000
            terms = arm.terms(rig.q, rig.dq)
            output = rig.controller.tick(
                rig.now_ns, 1e-3, rig.q, rig.dq, torque if self.torque_sensors else None,
                terms.jacobian, terms.mass, terms.bias, terms.position, terms.rotation,
                self.wrench if self.wrench_sensor else None,
            )  # fmt: skip
            torque = np.array(output.torque)
            if observe is not None:
                observe(output)
            h = 1e-3 / SUBSTEPS
            for _ in range(SUBSTEPS):
                terms = arm.terms(rig.q, rig.dq)
                if force is not None:
                    self.wrench = np.zeros(6)
                    self.wrench[:3] = force(terms.position, terms.jacobian[:3] @ rig.dq)
                external = terms.jacobian.T @ self.wrench
                acceleration = pinocchio.aba(model, data, rig.q, rig.dq, torque + external)
                rig.dq = rig.dq + h * acceleration
                rig.q = rig.q + h * rig.dq
        return rig.controller.output
