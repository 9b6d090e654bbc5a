"""The torque loop of the simulated arm: one controller tick per MuJoCo step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from takt_core.errors import TaktError
from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory
from takt_description import ARM_JOINTS, FINGER_JOINTS, TOOL_FRAME, robot_description
from takt_impedance import Controller, Mode, Parameters, TickOutput, TrajectoryResult
from takt_impedance.kinematics import ArmModel
from takt_sim.placing import body_pose
from takt_sim.tasks.base import Start, Task

N = len(ARM_JOINTS)
# Fully closed: the servo presses with its force limit on what is in between.
GRIPPER_CLOSED_M = 0.0
# What the arm's model assumes; a few grams that move by millimetres do not matter to it.
GRASP_WIDTH_M = 0.02
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


class TorqueRobot:
    """Arm and gripper in a MuJoCo world, with the controller that also drives the hardware."""

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        impedance: ImpedanceParameters,
        task: Task,
    ) -> None:
        self._model, self._data = model, data
        closed = dict.fromkeys(FINGER_JOINTS, GRASP_WIDTH_M / 2.0)
        self._arm = ArmModel(robot_description(), TOOL_FRAME, ARM_JOINTS, closed)
        self._parameters = self._controller_parameters(impedance, task)
        self._torque_limit = np.array(self._parameters.torque_limit_nm)
        self._rate_limit = impedance.torque_rate_limit_nm_s
        # Views of MuJoCo's memory: they always show the present state.
        self._q, self._dq = data.qpos[:N], data.qvel[:N]
        self._torque = data.ctrl[:N]
        self._fingers = slice(model.actuator(FINGER_JOINTS[0]).id, None)
        self._finger_position = data.qpos[N : N + len(FINGER_JOINTS)]
        self._widest_m = sum(float(model.joint(name).range[1]) for name in FINGER_JOINTS)
        self._nan = np.full(N, np.nan)
        self._widths: list[tuple[int, float]] = []
        self.controller = Controller(self._parameters)
        self.gripper_target_m = GRIPPER_CLOSED_M
        self.torque_violations = 0
        self.chunk_id = 0
        self._holding = False
        self._guided = False

    def _controller_parameters(self, impedance: ImpedanceParameters, task: Task) -> Parameters:
        arm, parameters = self._arm, Parameters(N)
        parameters.joint_lower_rad = arm.lower_rad
        parameters.joint_upper_rad = arm.upper_rad
        parameters.joint_velocity_limit_rad_s = arm.velocity_limit_rad_s
        parameters.torque_limit_nm = arm.torque_limit_nm
        parameters.torque_rate_limit_nm_s = np.full(N, impedance.torque_rate_limit_nm_s)
        parameters.stiffness = np.diag(impedance.stiffness)
        parameters.max_force_n = impedance.max_force_n
        parameters.max_moment_nm = impedance.max_moment_nm
        parameters.workspace_lower_m = np.array(task.tool_lower_m)
        parameters.workspace_upper_m = np.array(task.tool_upper_m)
        return parameters

    def place(self, start: Start) -> None:
        """Put the arm at the start of an episode, at rest, fingers at the start's width.

        Raises:
            TaktError: the start is out of reach.
        """
        position = self._arm.inverse(start.base_from_tcp.matrix(), HOME_RAD, tolerance=1e-9)
        if position is None:
            raise TaktError(
                f"no joint positions reach {start.base_from_tcp.array7().round(4).tolist()}; "
                "allowed are poses within reach. Change the start pose of the task"
            )
        self._q[:] = position
        self._finger_position[:] = start.gripper_width_m / 2.0
        self.set_gripper(start.gripper_target_m)

    def activate(self, now_ns: int) -> None:
        """Start the controller from the present state with the torque that holds it: no bump."""
        arm = self._arm.terms(self._q, self._dq)
        self.controller = Controller(self._parameters)
        self.controller.activate(now_ns, self._q, arm.position, arm.rotation, arm.bias)
        self._torque[:] = arm.bias
        self._widths.clear()
        self.chunk_id = 0
        self.torque_violations = 0
        self._guided = False
        self._set_mode()

    def tick(self, now_ns: int, dt_s: float, blind: bool) -> TickOutput:
        """One control tick: the torques of the next step. `blind` reads NaN for the joints."""
        q = self._nan if blind else self._q
        arm = self._arm.terms(q, self._dq)
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
            self._move_gripper(now_ns)
            self.chunk_id = trajectory.chunk_id
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
        """Ask for a distance between the fingers [m]; 0 closes on what is between them.

        Widths out of reach become the nearest that is not: for a control that is infinite,
        MuJoCo would switch off every actuator, the arm's included. NaN asks for nothing.
        """
        if math.isnan(width_m):
            return
        self.gripper_target_m = float(np.clip(width_m, 0.0, self._widest_m))
        self._data.ctrl[self._fingers] = self.gripper_target_m / 2.0

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
            mujoco.mjtObj.mjOBJ_XBODY,
            self._model.body(TOOL_FRAME).id,
            angular_linear,
            0,
        )
        # flg_local 0 gives the axes of the world at the frame's origin, angular part first.
        return np.concatenate([angular_linear[3:], angular_linear[:3]])

    def joints(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Copies of positions [rad], velocities [rad/s], measured torques [N m], each (7,)."""
        measured = self._data.qfrc_actuator[:N]
        return self._q.copy(), self._dq.copy(), measured.copy()

    def commanded_torque(self) -> NDArray[np.float64]:
        """(7,) of the last control tick [N m]."""
        return np.array(self._torque)

    def fingers(self) -> tuple[list[float], list[float], list[float]]:
        """Positions [m], velocities [m/s] and forces [N] of the two fingers."""
        count = len(FINGER_JOINTS)
        data = self._data
        return (
            data.qpos[N : N + count].tolist(),
            data.qvel[N : N + count].tolist(),
            data.actuator_force[self._fingers].tolist(),
        )

    def set_target(self, pose: NDArray[np.float64], now_ns: int) -> TrajectoryResult:
        """Move to one pose (7,) within the follower's limits, and rest there."""
        result = self.controller.set_target(pose, now_ns)
        if result.accepted:
            self._widths.clear()
            self.chunk_id = 0
        return result

    def set_impedance(
        self, stiffness: ArrayLike, damping_ratio: ArrayLike | None, guide: bool = False
    ) -> None:
        """New diagonal stiffness (6,) and damping ratio (6,), reached along a ramp.

        Raises:
            ValueError: not finite or negative. The gains stay, but guiding ends all the same: an
                arm that is believed to hold must not be limp.
        """
        self.guide(guide)
        if not guide:
            self.controller.set_impedance(stiffness, damping_ratio)

    def guide(self, guided: bool) -> None:
        """Zero stiffness for an operator's hand, or no longer."""
        self._guided = guided
        self._set_mode()

    def hold(self, holding: bool = True) -> None:
        """Refuse trajectories and hold the present target, or no longer."""
        self._holding = holding
        self._set_mode()

    def _set_mode(self) -> None:
        following = Mode.GUIDE if self._guided else Mode.CARTESIAN
        self.controller.set_mode(Mode.HOLD if self._holding else following)


def _rows(values: list[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    """(N, 6) with a row of NaN where a value is not given; None if none is."""
    if all(value is None for value in values):
        return None
    return np.array([np.full(6, np.nan) if value is None else value for value in values])
