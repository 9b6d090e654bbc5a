"""The torque loop of the simulated arm: one controller tick per MuJoCo step."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory
from takt_description import ARM_JOINTS, FINGER_JOINTS, TOOL_FRAME, robot_description
from takt_impedance import Controller, Mode, Parameters, TickOutput, TrajectoryResult
from takt_impedance.kinematics import ArmModel
from takt_sim.kinematics import place_arm
from takt_sim.placing import body_pose
from takt_sim.tasks.base import Start

N = len(ARM_JOINTS)
# Fully closed: the servo presses with its force limit on what is in between.
GRIPPER_CLOSED_M = 0.0
HOME_RAD = np.array([0.0, -0.20, 0.0, -2.45, 0.0, 2.25, np.pi / 4])


@dataclass(frozen=True)
class ImpedanceParameters:
    """Gains and limits of the simulated arm's controller.

    Attributes:
        stiffness: (6,) diagonal, base axes [N/m, N m/rad].
        max_force_n: norm of the force that the law may ask for.
        torque_rate_limit_nm_s: published limit of the arm's torque interface.
    """

    stiffness: tuple[float, ...] = (900.0, 900.0, 900.0, 45.0, 45.0, 45.0)
    max_force_n: float = 60.0
    max_moment_nm: float = 15.0
    torque_rate_limit_nm_s: float = 1000.0
    workspace_lower_m: tuple[float, float, float] = (0.20, -0.40, 0.04)
    workspace_upper_m: tuple[float, float, float] = (0.78, 0.40, 0.70)


class TorqueRobot:
    """Arm and gripper in a MuJoCo world, with the controller that also drives the hardware."""

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, impedance: ImpedanceParameters
    ) -> None:
        self._model, self._data = model, data
        self._arm = ArmModel(robot_description())
        self._parameters = self._controller_parameters(impedance)
        self._torque_limit = np.array(self._parameters.torque_limit_nm)
        self._rate_limit = impedance.torque_rate_limit_nm_s
        # Views of MuJoCo's memory: they always show the present state.
        self._q, self._dq = data.qpos[:N], data.qvel[:N]
        self._torque = data.ctrl[:N]
        self._fingers = slice(model.actuator(FINGER_JOINTS[0]).id, None)
        self._finger_position = data.qpos[N : N + len(FINGER_JOINTS)]
        self._nan = np.full(N, np.nan)
        self._widths: list[tuple[int, float]] = []
        self.controller = Controller(self._parameters)
        self.gripper_target_m = GRIPPER_CLOSED_M
        self.torque_violations = 0

    def _controller_parameters(self, impedance: ImpedanceParameters) -> Parameters:
        model, parameters = self._model, Parameters(N)
        parameters.joint_lower_rad = model.jnt_range[:N, 0]
        parameters.joint_upper_rad = model.jnt_range[:N, 1]
        parameters.torque_limit_nm = model.jnt_actfrcrange[:N, 1]
        parameters.torque_rate_limit_nm_s = np.full(N, impedance.torque_rate_limit_nm_s)
        parameters.stiffness = np.diag(impedance.stiffness)
        parameters.max_force_n = impedance.max_force_n
        parameters.max_moment_nm = impedance.max_moment_nm
        parameters.workspace_lower_m = np.array(impedance.workspace_lower_m)
        parameters.workspace_upper_m = np.array(impedance.workspace_upper_m)
        return parameters

    def place(self, start: Start) -> None:
        """Put the arm at the start of an episode, at rest, fingers at the start's width."""
        place_arm(self._model, self._data, TOOL_FRAME, start.base_from_tcp, HOME_RAD)
        self._finger_position[:] = start.gripper_width_m / 2.0
        self.set_gripper(GRIPPER_CLOSED_M)

    def activate(self, now_ns: int) -> None:
        """Start the controller from the present state with the torque that holds it: no bump."""
        arm = self._arm
        arm.update(self._q, self._dq)
        self.controller = Controller(self._parameters)
        self.controller.activate(now_ns, self._q, arm.position, arm.rotation, arm.bias)
        self._torque[:] = arm.bias
        self._widths.clear()
        self.torque_violations = 0

    def tick(self, now_ns: int, dt_s: float, blind: bool) -> TickOutput:
        """One control tick: the torques of the next step. `blind` reads NaN for the joints."""
        arm = self._arm
        q = self._nan if blind else self._q
        arm.update(q, self._dq)
        output = self.controller.tick(
            now_ns, dt_s, q, self._dq, None, arm.jacobian, arm.mass, arm.bias,
            arm.position, arm.rotation,
        )  # fmt: skip
        torque = output.torque
        self._count_violation(torque, dt_s)
        self._torque[:] = torque
        if self._widths:
            self._move_gripper(now_ns)
        return output

    def _count_violation(self, torque: NDArray[np.float64], dt_s: float) -> None:
        """The limits of the arm, checked here independently of the controller's own."""
        excess = np.abs(torque) - self._torque_limit
        rate_excess = np.abs(torque - self._torque) - self._rate_limit * dt_s
        if not (excess.max() <= 1e-6 and rate_excess.max() <= 1e-6):
            self.torque_violations += 1

    def commit(self, trajectory: Trajectory, now_ns: int) -> TrajectoryResult:
        """Hand waypoints to the follower; one without waypoints means hold."""
        waypoints = trajectory.waypoints
        count = len(waypoints)
        times = np.array([w.time_ns for w in waypoints], dtype=np.int64)
        poses = np.array([w.base_from_tcp.array7() for w in waypoints]).reshape(count, 7)
        twists = _rows([w.twist for w in waypoints])
        stiffness = _rows([w.stiffness for w in waypoints])
        result = self.controller.set_trajectory(times, poses, now_ns, twists, stiffness)
        if result.accepted:
            self._widths = [
                (w.time_ns, w.gripper_width_m)
                for w in waypoints
                if w.gripper_width_m is not None and w.time_ns > now_ns
            ]
        return result

    def _move_gripper(self, now_ns: int) -> None:
        while self._widths and self._widths[0][0] <= now_ns:
            self.set_gripper(self._widths.pop(0)[1])

    def set_gripper(self, width_m: float) -> None:
        """Ask for a distance between the fingers [m]; 0 closes on what is between them."""
        self.gripper_target_m = width_m
        self._data.ctrl[self._fingers] = width_m / 2.0

    @property
    def gripper_width_m(self) -> float:
        return float(self._finger_position.sum())

    @property
    def target_pose(self) -> NDArray[np.float64]:
        """(7,) where the follower wants the tool now; the measured pose before the first tick."""
        if self.controller.counters.ticks == 0:
            return self.base_from_tcp.array7()
        return np.array(self.controller.output.target_pose)

    @property
    def base_from_tcp(self) -> Pose:
        return body_pose(self._data, TOOL_FRAME)

    def tcp_twist(self) -> NDArray[np.float64]:
        """(6,) of the tool point, axes of the base frame [m/s, rad/s]."""
        angular_linear = np.zeros(6)
        mujoco.mj_objectVelocity(
            self._model,
            self._data,
            mujoco.mjtObj.mjOBJ_BODY,
            self._model.body(TOOL_FRAME).id,
            angular_linear,
            0,
        )
        # flg_local 0 gives the axes of the world at the frame's origin, angular part first.
        return np.concatenate([angular_linear[3:], angular_linear[:3]])

    def joints(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Copies of positions [rad], velocities [rad/s] and torques [N m], each (7,)."""
        return self._q.copy(), self._dq.copy(), self._torque.copy()

    def hold(self) -> None:
        """Refuse trajectories and hold, until `follow`."""
        self.controller.set_mode(Mode.HOLD)

    def follow(self) -> None:
        self.controller.set_mode(Mode.CARTESIAN)


def _rows(values: list[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    """(N, 6) with a row of NaN where a value is not given; None if none is."""
    if all(value is None for value in values):
        return None
    return np.array([np.full(6, np.nan) if value is None else value for value in values])
