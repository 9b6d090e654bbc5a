"""The torque loop of the simulated arm: one controller tick per MuJoCo step."""

from __future__ import annotations

import math

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from takt_core.errors import TaktError
from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory
from takt_description import (
    ARM_JOINTS,
    FINGER_JOINTS,
    HAND_JOINTS,
    TOOL_FRAME,
    robot_description,
)
from takt_impedance import Controller, Mode, TickOutput, TrajectoryResult
from takt_impedance.kinematics import ArmModel
from takt_sim.arm_controller import ImpedanceParameters, controller_parameters
from takt_sim.gripper import Gripper
from takt_sim.hand import Hand, HandParameters
from takt_sim.placing import body_pose
from takt_sim.tasks.base import Start, Task

N = len(ARM_JOINTS)
JointReadings = tuple[list[float], list[float], list[float]]
# What the arm's model assumes; a few grams that move by millimetres do not matter to it.
GRASP_WIDTH_M = 0.02
HOME_RAD = np.array([0.0, -0.20, 0.0, -2.45, 0.0, 2.25, np.pi / 4])
# Fingers half closed: between where a hand is open and where it grasps.
HAND_MIDDLE_RAD = dict.fromkeys(HAND_JOINTS, 0.3) | {"thumb_side": math.pi / 2}


class TorqueRobot:
    """Arm with gripper or hand in a MuJoCo world, with the controller that drives the hardware.

    Attributes:
        gripper, hand: one of them; the other one is None.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        impedance: ImpedanceParameters,
        task: Task,
        hand: HandParameters | None = None,
    ) -> None:
        self._model, self._data = model, data
        self.gripper: Gripper | None = None
        self.hand: Hand | None = None
        if task.uses_hand:
            self.hand = Hand(model, data, hand or HandParameters())
            still = HAND_MIDDLE_RAD
        else:
            self.gripper = Gripper(model, data)
            still = dict.fromkeys(FINGER_JOINTS, GRASP_WIDTH_M / 2.0)
        self._arm = ArmModel(robot_description(hand=task.uses_hand), TOOL_FRAME, ARM_JOINTS, still)
        self._parameters = controller_parameters(self._arm, impedance, task)
        self._torque_limit = np.array(self._parameters.torque_limit_nm)
        self._rate_limit = impedance.torque_rate_limit_nm_s
        # Views of MuJoCo's memory: they always show the present state.
        self._q, self._dq = data.qpos[:N], data.qvel[:N]
        self._torque = data.ctrl[:N]
        self._nan = np.full(N, np.nan)
        self.controller = Controller(self._parameters)
        self.torque_violations = 0
        self.chunk_id = 0
        self._holding = False
        self._guided = False

    def place(self, start: Start) -> None:
        """Put the arm at the start of an episode, at rest, and the gripper or hand as it says.

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
        if self.gripper is not None:
            self.gripper.place(start.gripper_width_m, start.gripper_target_m)
        if self.hand is not None and start.hand_rad is not None:
            self.hand.place(start.hand_rad)

    def activate(self, now_ns: int) -> None:
        """Start the controller from the present state with the torque that holds it: no bump."""
        arm = self._arm.terms(self._q, self._dq)
        self.controller = Controller(self._parameters)
        self.controller.activate(now_ns, self._q, arm.position, arm.rotation, arm.bias)
        self._torque[:] = arm.bias
        if self.hand is not None:
            self.hand.activate(now_ns)
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
        if self.gripper is not None:
            self.gripper.move(now_ns)
        if self.hand is not None:
            self.hand.tick(now_ns)
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
            self.chunk_id = trajectory.chunk_id
            if self.gripper is not None:
                self.gripper.schedule(waypoints, now_ns)
        return result

    @property
    def gripper_target_m(self) -> float:
        """Width that the gripper is asked for [m]; NaN without one."""
        return math.nan if self.gripper is None else self.gripper.target_m

    @property
    def gripper_width_m(self) -> float:
        """Between the fingers [m]; NaN without a gripper."""
        return math.nan if self.gripper is None else self.gripper.width_m

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

    def end_joints(self) -> tuple[tuple[str, ...], JointReadings]:
        """Names of the joints beyond the arm; their positions, velocities and efforts."""
        if self.hand is not None:
            return self.hand.joint_names, self.hand.joints()
        assert self.gripper is not None
        return self.gripper.joint_names, self.gripper.joints()

    def set_target(self, pose: NDArray[np.float64], now_ns: int) -> TrajectoryResult:
        """Move to one pose (7,) within the follower's limits, and rest there."""
        result = self.controller.set_target(pose, now_ns)
        if result.accepted:
            if self.gripper is not None:
                self.gripper.forget()
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
