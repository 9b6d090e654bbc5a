"""What a configuration does on a model of the arm, before it does it on the arm.

The arm is activated at a posture, holds, makes a small step, is pushed and released, and stopped in
the middle of a motion. A robot that takes torques is the arm of the URDF, rigid and without
friction or the inertia of its motors, under the same controller at the rate of the real one, with
noise on what is measured and one period between measuring and acting. That is harder to hold steady
than the real arm. For a robot that takes positions the controller moves the virtual arm of the
admittance form, which feels the push, with noise and one period late, through the sensor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import takt_impedance
from takt_bringup.robots.configuration import RobotConfiguration
from takt_core.errors import TaktError
from takt_impedance.kinematics import ArmModel, ArmTerms

Float = NDArray[np.float64]
_SUBSTEPS = 2
_STEP_M = 0.02
_STROKE_M = 0.06
_UP = np.array([0.0, 0.0, 1.0])
_ASIDE = np.array([0.0, 1.0, 0.0])
_NO_FORCE = np.zeros(3)
_PUSH_M = 0.03
_FLYING_RAD_S = 100.0
_POSITION_NOISE_RAD = 2e-5
_VELOCITY_NOISE_RAD_S = 2e-3
_FORCE_NOISE_N = 0.5


@dataclass(frozen=True)
class Rehearsal:
    """What was measured.

    Attributes:
        hold_drift_m: movement of the tool while nothing is asked.
        step_error_m: of the tool after a step of 20 mm has settled.
        overshoot_m: furthest beyond the end of the step.
        push_m: deflection by a push to the side.
        return_error_m: deflection left after the push.
        stop_time_s: from the stop until the target rests.
        rest_speed_rad_s: fastest joint at the end, when the arm should be at rest.
        torque_share: largest torque as a fraction of its limit.
        torque_rate_share: the same for its rate of change.
        speed_share: the same for the speed of the joints.
        fault: name of a fault that occurred; empty if none.
    """

    hold_drift_m: float
    step_error_m: float
    overshoot_m: float
    push_m: float
    return_error_m: float
    stop_time_s: float
    rest_speed_rad_s: float
    torque_share: float
    torque_rate_share: float
    speed_share: float
    fault: str


@dataclass
class _Peaks:
    torque: float = 0.0
    rate: float = 0.0
    speed: float = 0.0


class _Run(ABC):
    """The arm, the controller, and the clock."""

    def __init__(self, robot: RobotConfiguration, arm: ArmModel, posture: Float) -> None:
        self.parameters = robot.parameters()
        self.arm = arm
        self.dt_s = 1.0 / robot.update_rate_hz
        self.now_ns = 0
        self.q, self.dq = posture.copy(), np.zeros(len(posture))
        self.torque = arm.gravity(posture)
        self.peaks = _Peaks()
        self.random = np.random.default_rng(0)
        self.controller = takt_impedance.Controller(self.parameters)
        terms = arm.terms(self.q, self.dq)
        self.controller.activate(0, self.q, terms.position, terms.rotation, self.torque)

    @property
    def position(self) -> Float:
        return self.arm.forward(self.q)[:3, 3]

    @abstractmethod
    def step(self, force: Float) -> None:
        """One period, with a force [N] on the tool."""

    def tick(self, q: Float, dq: Float, measured: Float | None, wrench: Float | None) -> ArmTerms:
        """Let the controller compute the next torque."""
        self.now_ns += round(self.dt_s * 1e9)
        terms = self.arm.terms(q, dq)
        output = self.controller.tick(
            self.now_ns,
            self.dt_s,
            q,
            dq,
            measured,
            terms.jacobian,
            terms.mass,
            terms.bias,
            terms.position,
            terms.rotation,
            wrench,
        )
        before, self.torque = self.torque, output.torque.copy()
        self._note(before)
        return terms

    def _land(self) -> None:
        if not np.isfinite(self.q).all() or np.abs(self.dq).max() > _FLYING_RAD_S:
            raise TaktError("the rehearsed arm flies away: these gains are unstable")

    def _note(self, applied: Float) -> None:
        limits, peaks = self.parameters, self.peaks
        change = np.abs(self.torque - applied) / self.dt_s
        peaks.rate = max(peaks.rate, float((change / limits.torque_rate_limit_nm_s).max()))
        peaks.torque = max(
            peaks.torque, float((np.abs(self.torque) / limits.torque_limit_nm).max())
        )
        peaks.speed = max(
            peaks.speed, float((np.abs(self.dq) / limits.joint_velocity_limit_rad_s).max())
        )

    def run(self, seconds: float, force: Float = _NO_FORCE) -> Float:
        """Run for a time; return the positions of the tool (ticks, 3)."""
        places = []
        for _ in range(round(seconds / self.dt_s)):
            self.step(force)
            places.append(self.position)
        return np.array(places)

    def move(self, by: Float) -> None:
        pose = np.array(self.controller.output.target_pose)
        pose[:3] += by
        result = self.controller.set_target(pose, self.now_ns)
        if not result.accepted:
            raise TaktError(f"the rehearsed motion is refused: {result.reason}")


class _TorqueRun(_Run):
    """A robot that takes torques."""

    def step(self, force: Float) -> None:
        """The torque of the last period acts while the next is computed."""
        applied = self.torque
        noise = self.random.standard_normal((2, len(self.q)))
        q = self.q + _POSITION_NOISE_RAD * noise[0]
        self.tick(q, self.dq + _VELOCITY_NOISE_RAD_S * noise[1], applied, None)
        for _ in range(_SUBSTEPS):
            terms = self.arm.terms(self.q, self.dq)
            pushed = applied + terms.jacobian[:3].T @ force
            self.dq += np.linalg.solve(terms.mass, pushed - terms.bias) * self.dt_s / _SUBSTEPS
            self.q += self.dq * self.dt_s / _SUBSTEPS
        self._land()


class _PositionRun(_Run):
    """A robot that takes positions: those of the virtual arm, which feels the sensor's force."""

    def __init__(self, robot: RobotConfiguration, arm: ArmModel, posture: Float) -> None:
        super().__init__(robot, arm, posture)
        self.virtual = takt_impedance.VirtualArm(self.parameters, robot.virtual_arm())
        self.virtual.reset(posture)
        self.felt = np.zeros(6)

    def step(self, force: Float) -> None:
        """The force that was measured in the last period moves the virtual arm in this one."""
        terms = self.tick(self.virtual.q, self.virtual.dq, None, self.felt)
        self.virtual.step(self.torque, terms.jacobian, terms.mass, terms.bias, self.felt, self.dt_s)
        self.felt[:3] = force + _FORCE_NOISE_N * self.random.standard_normal(3)
        self.q, self.dq = self.virtual.q.copy(), self.virtual.dq.copy()
        self._land()


def rehearse(robot: RobotConfiguration, arm: ArmModel, posture: Float) -> Rehearsal:
    """Run a configuration on a model of its arm.

    Args:
        arm: the model, with the robot's joints and tool frame.
        posture: where it is activated (n,) [rad].

    Raises:
        TaktError: a parameter is not allowed, a motion is refused, or the arm flies away.
    """
    form = _PositionRun if robot.command_interface == "position" else _TorqueRun
    run = form(robot, arm, posture)
    start = run.position
    hold_drift = float(np.linalg.norm(run.run(0.3) - start, axis=1).max())
    step_error, overshoot = _step(run)
    push, left = _push(run)
    stop_time = _stop(run)
    run.run(0.6)
    return Rehearsal(
        hold_drift_m=hold_drift,
        step_error_m=step_error,
        overshoot_m=overshoot,
        push_m=push,
        return_error_m=left,
        stop_time_s=stop_time,
        rest_speed_rad_s=float(np.abs(run.dq).max()),
        torque_share=run.peaks.torque,
        torque_rate_share=run.peaks.rate,
        speed_share=run.peaks.speed,
        fault=run.controller.output.fault_name,
    )


def _step(run: _Run) -> tuple[float, float]:
    goal = run.position + _STEP_M * _UP
    run.move(_STEP_M * _UP)
    moving = _STEP_M / run.parameters.max_linear_velocity_m_s
    height = run.run(moving + 0.8)[:, 2]
    return float(np.linalg.norm(run.position - goal)), max(0.0, float(height.max() - goal[2]))


def _push(run: _Run) -> tuple[float, float]:
    before = run.position
    parameters = run.parameters
    strength = min(parameters.max_force_n / 3.0, _PUSH_M * float(parameters.stiffness[1, 1]))
    deflection = float(np.linalg.norm(run.run(0.5, strength * _ASIDE)[-1] - before))
    run.run(0.8)
    return deflection, float(np.linalg.norm(run.position - before))


def _stop(run: _Run) -> float:
    """Set out for a stroke, stop in its middle; return how long the target still moves."""
    run.move(-_STROKE_M * _UP)
    run.run(0.5 * _STROKE_M / run.parameters.max_linear_velocity_m_s)
    nothing = np.zeros((0, 7))
    run.controller.set_trajectory(np.zeros(0, dtype=np.int64), nothing, run.now_ns)
    since = run.now_ns
    while run.now_ns - since < 2_000_000_000:
        run.step(_NO_FORCE)
        if not np.abs(run.controller.output.target_twist).any():
            break
    return (run.now_ns - since) * 1e-9
