"""The torque loop of the simulated arm: one controller tick per MuJoCo step."""

from __future__ import annotations

import math
import time

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from takt_core.errors import TaktError
from takt_core.geometry import Pose, quaternion_from_matrix
from takt_core.trajectory import Trajectory
from takt_description import (
    ARM_JOINTS,
    FINGER_JOINTS,
    HAND_JOINTS,
    TOOL_FRAME,
    robot_description,
)
from takt_impedance import Controller, Mode, TickOutput, TickStatistics
from takt_impedance.kinematics import ArmModel
from takt_sim.arm_commands import ArmCommands, CommandResult, Gains
from takt_sim.arm_controller import ControllerOptions, controller_parameters
from takt_sim.gripper import Gripper
from takt_sim.hand import Hand, HandParameters
from takt_sim.joint_torque import JointTorqueSensor
from takt_sim.placing import body_pose
from takt_sim.tasks.base import Start, Task

Float = NDArray[np.float64]
N = len(ARM_JOINTS)
# What the arm's model assumes; a few grams that move by millimetres do not matter to it.
GRASP_WIDTH_M = 0.02
HOME_RAD = np.array([0.0, -0.20, 0.0, -2.45, 0.0, 2.25, np.pi / 4])
# Fingers half closed: between where a hand is open and where it grasps.
HAND_MIDDLE_RAD = dict.fromkeys(HAND_JOINTS, 0.3) | {"thumb_side": math.pi / 2}


class TorqueRobot:
    """Arm with gripper or hand in a MuJoCo world, with the controller that drives the hardware.

    Attributes:
        gripper, hand: one of them; the other one is None.
        commands: what is asked of the arm.
        statistics: of the ticks.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        options: ControllerOptions,
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
        parameters = controller_parameters(self._arm, options, task)
        self.commands = ArmCommands(parameters)
        self._torque_limit = np.array(parameters.torque_limit_nm)
        self._rate_limit = options.torque_rate_limit_nm_s
        self._sensor = JointTorqueSensor(model, data, N)
        # Views of MuJoCo's memory: they always show the present state.
        self._q, self._dq = data.qpos[:N], data.qvel[:N]
        self._torque = data.ctrl[:N]
        self._nan = np.full(N, np.nan)
        self.statistics = TickStatistics()
        self.torque_violations = 0

    @property
    def controller(self) -> Controller:
        """Of the present episode."""
        return self.commands.controller

    @property
    def chunk_id(self) -> int:
        """Chunk of the trajectory that is followed; 0 without one."""
        return self.commands.chunk_id

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
        self.commands.restart()
        self.controller.activate(now_ns, self._q, arm.position, arm.rotation, arm.bias)
        self.commands.hold_if_asked()
        self._torque[:] = arm.bias
        self._sensor.reset(arm.bias)
        self.statistics = TickStatistics()
        self.torque_violations = 0
        if self.hand is not None:
            self.hand.activate(now_ns)

    def tick(self, now_ns: int, dt_s: float, blind: bool, wrench: Float | None) -> TickOutput:
        """One control tick: the torques of the next step.

        Args:
            blind: the joints read NaN.
            wrench: (6,) that a sensor at the tool measures, base axes at the tool point, or None.
        """
        began_s = time.perf_counter()
        q = self._nan if blind else self._q
        arm = self._arm.terms(q, self._dq)
        output = self.controller.tick(
            now_ns, dt_s, q, self._dq, self._sensor.torque, arm.jacobian, arm.mass, arm.bias,
            arm.position, arm.rotation, wrench,
        )  # fmt: skip
        self.statistics.add(dt_s, output.overrun, time.perf_counter() - began_s)
        torque = output.torque
        self._count_violation(torque, dt_s)
        self._torque[:] = torque
        self._begin(now_ns)
        if self.gripper is not None:
            self.gripper.move(now_ns)
        if self.hand is not None:
            self.hand.tick(now_ns)
        return output

    def sense(self) -> None:
        """Read the joint torques of the last step; between `mj_step2` and `mj_step1`."""
        self._sensor.read()

    def _count_violation(self, torque: Float, dt_s: float) -> None:
        """The limits of the arm, checked here independently of the controller's own."""
        excess = np.abs(torque) - self._torque_limit
        rate_excess = np.abs(torque - self._torque) - self._rate_limit * dt_s
        if not (excess.max() <= 1e-6 and rate_excess.max() <= 1e-6):
            self.torque_violations += 1

    # Commands

    def commit(self, trajectory: Trajectory, now_ns: int) -> CommandResult:
        """Hand waypoints to the follower; see ArmCommands.commit."""
        result = self.commands.commit(trajectory, now_ns)
        self._begin(now_ns)
        return result

    def _begin(self, now_ns: int) -> None:
        """A trajectory's gripper moves with it, from its start on."""
        begun = self.commands.take_begun(now_ns)
        if begun is not None and self.gripper is not None:
            self.gripper.schedule(begun.waypoints, now_ns)

    def set_target(self, pose: ArrayLike, now_ns: int) -> CommandResult:
        """Move to one pose (7,) within the follower's limits, and rest there."""
        return self._aimed(self.commands.set_target(pose, now_ns))

    def set_joint_target(self, target: dict[str, float], now_ns: int) -> CommandResult:
        """Move joints, by name [rad], within the follower's limits; the others stay."""
        return self._aimed(self.commands.set_joint_target(target, self._q, now_ns))

    def _aimed(self, result: CommandResult) -> CommandResult:
        if result.accepted and self.gripper is not None:
            self.gripper.forget()
        return result

    def set_impedance(self, gains: Gains) -> None:
        """New gains; see ArmCommands.set_gains."""
        self.commands.set_gains(gains)

    def hold(self, arm: bool, hand: bool, now_ns: int) -> None:
        """Whether arm and hand refuse trajectories and hold."""
        self.commands.hold(arm)
        if self.hand is not None:
            self.hand.hold(hand, now_ns)

    def reset_fault(self, now_ns: int) -> None:
        """Clear a latched fault and hold where the arm is.

        Raises:
            ValueError: the joints cannot be read.
        """
        arm = self._arm.terms(self._q, self._dq)
        self.controller.reset_fault(now_ns, self._q, arm.position, arm.rotation)

    # What is known

    @property
    def gripper_target_m(self) -> float:
        """Width that the gripper is asked for [m]; NaN without one."""
        return math.nan if self.gripper is None else self.gripper.target_m

    @property
    def gripper_width_m(self) -> float:
        """Between the fingers [m]; NaN without a gripper."""
        return math.nan if self.gripper is None else self.gripper.width_m

    @property
    def target_pose(self) -> Float:
        """(7,) where the tool is to be now; the measured pose before the first tick."""
        if self.controller.counters.ticks == 0:
            return self.base_from_tcp.array7()
        if self.controller.mode == Mode.JOINT:
            matrix = self._arm.forward(self.controller.output.joint_target)
            return Pose(matrix[:3, 3], quaternion_from_matrix(matrix[:3, :3])).array7()
        return np.array(self.controller.output.target_pose)

    def target_twist(self) -> Float:
        """(6,) of the target, axes of the base frame [m/s, rad/s]."""
        output = self.controller.output
        if self.controller.mode != Mode.JOINT:
            return np.array(output.target_twist)
        jacobian = self._arm.terms(output.joint_target, np.zeros(N)).jacobian
        return np.array(jacobian @ output.joint_target_velocity)

    @property
    def base_from_tcp(self) -> Pose:
        return body_pose(self._data, TOOL_FRAME)

    def tcp_twist(self) -> Float:
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

    def joints(self) -> tuple[Float, Float, Float]:
        """Copies of positions [rad], velocities [rad/s], measured torques [N m], each (7,)."""
        return self._q.copy(), self._dq.copy(), self._sensor.torque.copy()

    def commanded_torque(self) -> Float:
        """(7,) of the last control tick [N m]."""
        return np.array(self._torque)
