"""The lock-step simulation: time moves only when the caller says so.

Everything that differs between an evaluation in one process and the simulator node lies
outside this file: both advance the same object and read the same samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from takt_core.errors import TaktError
from takt_core.joint_follower import JointResult
from takt_core.streams import Sample
from takt_core.trajectory import HandTrajectory, Trajectory
from takt_description import TOOL_FRAME
from takt_impedance import Mode
from takt_sim.arm_commands import CommandResult, Gains
from takt_sim.arm_controller import ControllerOptions
from takt_sim.camera_feed import CameraFeed
from takt_sim.cameras import CameraParameters
from takt_sim.end_effector import bodies_beyond_flange, mounted_on
from takt_sim.faults import Faults
from takt_sim.hand import HandParameters
from takt_sim.robot import TorqueRobot
from takt_sim.schedule import Due
from takt_sim.tactile import FingertipLoad, TactilePad, TactileParameters
from takt_sim.tasks.base import Task, TaskState, TaskStatus
from takt_sim.tasks.peg_insertion import PegInsertion
from takt_sim.world import FRONT_CAMERA, STEP_S, WRIST_CAMERA, PhysicalErrors, build_world
from takt_sim.wrench import ExternalWrench

TICK_NS = round(STEP_S * 1e9)
# Not zero, which ROS reads as "no time yet".
EPOCH_NS = 1_000_000_000
ARM_STREAM = "arm/state"
WRENCH_STREAM = "arm/wrench"
HAND_STREAM = "hand/state"
TACTILE_STREAM = "fingertip/field"
DEFAULT_CAMERAS = (
    CameraParameters(WRIST_CAMERA),
    CameraParameters(FRONT_CAMERA, phase_s=0.005),
)


@dataclass(frozen=True)
class SimulationParameters:
    """What is measured, how often, and how the arm is controlled.

    Attributes:
        lazy_images: images are drawn only when somebody looks at them (`takt_core.deferred`), which
            has to be before the next reset. The pixels are the same.
    """

    cameras: tuple[CameraParameters, ...] = DEFAULT_CAMERAS
    arm_rate_hz: float = 100.0
    tactile_rate_hz: float = 50.0
    wrench_cutoff_hz: float = 60.0
    tactile: TactileParameters = field(default_factory=TactileParameters)
    controller: ControllerOptions = field(default_factory=ControllerOptions)
    physics: PhysicalErrors = field(default_factory=PhysicalErrors)
    hand: HandParameters = field(default_factory=HandParameters)
    lazy_images: bool = False


class Simulation:
    """One world with one robot and one task. Use it from one thread."""

    def __init__(
        self, task: Task | None = None, parameters: SimulationParameters | None = None
    ) -> None:
        self.task = task or PegInsertion()
        self.parameters = p = parameters or SimulationParameters()
        self.model = build_world(self.task, hand=p.hand, physics=p.physics)
        self.data = mujoco.MjData(self.model)
        self.robot = TorqueRobot(self.model, self.data, p.controller, self.task, p.hand)
        self.faults = Faults(camera.name for camera in p.cameras)
        self.pad = TactilePad(p.tactile)
        self.mounted = mounted = mounted_on(self.task.uses_hand)
        tool_bodies = (*bodies_beyond_flange(self.model), *self.task.held_bodies)
        self._wrench = ExternalWrench(self.model, tool_bodies, TOOL_FRAME, p.wrench_cutoff_hz)
        self._fingertip = FingertipLoad(
            self.model, mounted.pressed, mounted.fingertip, mounted.carrier
        )
        self._load = np.zeros(6)
        self.camera_feed = CameraFeed(self.model, p.cameras, self.faults, p.lazy_images)
        self._now_ns = EPOCH_NS
        self._episode = 0
        self._status: TaskStatus | None = None
        self._rng = np.random.default_rng(0)
        self._out: list[Sample] = []

    # Time

    @property
    def now_ns(self) -> int:
        """Simulated time [ns]. It goes back only where a reset was asked to restart it."""
        return self._now_ns

    def reset(self, seed: int, restart_clock: bool = False) -> list[Sample]:
        """Start the episode `seed`: the same seed gives the same episode, whatever came before.

        Args:
            restart_clock: the episode has the same times, too; for who keeps nothing of what was
                before, as an evaluation. Otherwise time goes on.

        Returns:
            What was measured at the start and is delivered without delay.
        """
        if restart_clock:
            self._now_ns = EPOCH_NS
        rng = np.random.default_rng(seed)
        mujoco.mj_resetData(self.model, self.data)
        start = self.task.draw(rng)
        self.robot.place(start)
        mujoco.mj_kinematics(self.model, self.data)
        self.task.place(self.model, self.data)
        mujoco.mj_forward(self.model, self.data)
        self._load = self._fingertip.wrench(self.model, self.data)
        self.robot.activate(self._now_ns)
        self.faults.clear()
        self._wrench.reset()
        self._rng = np.random.default_rng([seed, 1])
        self._start_ns, self._seed = self._now_ns, seed
        self._episode += 1
        self._start_clocks()
        self._status = self._judge()
        mujoco.mj_step1(self.model, self.data)
        self._sense()
        return self._take_out()

    def _start_clocks(self) -> None:
        p, now = self.parameters, self._now_ns
        self._arm_due = Due(p.arm_rate_hz, now)
        self._tactile_due = Due(p.tactile_rate_hz, now)
        self.camera_feed.restart(now)

    def advance(self, duration_ns: int) -> list[Sample]:
        """Let time pass.

        Returns:
            What was delivered meanwhile, in the order of delivery. Samples are stamped with
            the time of measurement; those of cameras arrive later by their latency.

        Raises:
            TaktError: before the first reset, or for a duration that is not whole ticks.
        """
        if self._status is None:
            raise TaktError("the simulation has no episode yet; call reset(seed) first")
        ticks, rest = divmod(duration_ns, TICK_NS)
        if rest or ticks < 0:
            raise TaktError(
                f"cannot advance by {duration_ns} ns; allowed are multiples of {TICK_NS} ns, n >= 0"
            )
        for _ in range(ticks):
            self._tick()
        return self._take_out()

    def _tick(self) -> None:
        model, data = self.model, self.data
        if not self.faults.take_stall():
            self.robot.tick(self._now_ns, STEP_S, self.faults.take_nan(), self._felt())
        mujoco.mj_step2(model, data)
        self.robot.sense()
        self._wrench.update(model, data)
        self._now_ns += TICK_NS
        if self._tactile_due.is_due(self._now_ns):
            self._load = self._fingertip.wrench(model, data)
        mujoco.mj_step1(model, data)
        self._sense()

    # Commands

    def _felt(self) -> NDArray[np.float64] | None:
        """What a sensor at the tool tells the controller."""
        return self._wrench.value if self.parameters.controller.wrench_sensor else None

    def commit(self, trajectory: Trajectory) -> CommandResult:
        """Give waypoints of poses or of joints to the follower; see ArmCommands.commit."""
        return self.robot.commit(trajectory, self._now_ns)

    def commit_hand(self, trajectory: HandTrajectory) -> JointResult:
        """Give joint positions to the hand's follower; see takt_sim.hand.Hand.commit.

        Raises:
            TaktError: the task has no hand.
        """
        if self.robot.hand is None:
            raise TaktError(
                f"the task {self.task.name} has no hand; allowed are commands of a hand in tasks "
                "that use it. Choose one, or command the gripper"
            )
        return self.robot.hand.commit(trajectory, self._now_ns)

    def refuse_hand(self, reason: str) -> None:
        """Count a command of which nothing can be made."""
        if self.robot.hand is not None:
            self.robot.hand.follower.refuse(reason)

    def set_impedance(self, stiffness: ArrayLike, damping_ratio: ArrayLike | None = None) -> None:
        """New diagonal stiffness (6,) and damping ratio (6,) in base axes, reached along a ramp."""
        self.robot.set_impedance(Gains(stiffness, damping_ratio))

    # What is known

    @property
    def task_status(self) -> TaskStatus:
        """Of the present episode."""
        if self._status is None:
            return TaskStatus(self.task.name, TaskState.IDLE, "", 0, 0, 0.0)
        return self._status

    @property
    def wrench(self) -> NDArray[np.float64]:
        """(6,) external wrench on the tool point, axes of the base frame [N, N m].

        By the sensor at the tool, or the controller's estimate where there is none.
        """
        if self.parameters.controller.wrench_sensor:
            return np.array(self._wrench.value)
        return self.wrench_estimate

    @property
    def wrench_estimate(self) -> NDArray[np.float64]:
        """(6,) the same by the momentum observer; zero before the first tick."""
        controller = self.robot.controller
        return (
            np.array(controller.output.wrench_estimate)
            if controller.counters.ticks
            else np.zeros(6)
        )

    def arm_features(self) -> Mapping[str, NDArray[np.float64]]:
        """The features of `arm/state` now; see takt_core.conversions."""
        position, velocity, torque = self.robot.joints()
        output, mode = self.robot.controller.output, self.robot.controller.mode
        joint_target = np.array(output.joint_target)
        return {
            "tcp_pose": self.robot.base_from_tcp.array7(),
            "tcp_twist": self.robot.tcp_twist(),
            "target_pose": self.robot.target_pose,
            "wrench": self.wrench,
            "wrench_estimate": self.wrench_estimate,
            "target_wrench": np.array(output.feed_forward),
            "stiffness": np.array(np.diag(output.stiffness)),
            "joint_position": position,
            "joint_velocity": velocity,
            "joint_torque": torque,
            "target_joint_position": joint_target if mode == Mode.JOINT else np.zeros(0),
            "gripper_width": np.array([self.robot.gripper_width_m]),
        }

    # Sensing

    def _sense(self) -> None:
        now = self._now_ns
        if self._arm_due.take(now):
            self._status = self._judge()
            self._out.append(Sample(ARM_STREAM, now, self.arm_features()))
            self._out.append(Sample(WRENCH_STREAM, now, {"wrench": self.wrench}))
            if self.robot.hand is not None:
                self._out.append(Sample(HAND_STREAM, now, self.robot.hand.features()))
        if self._tactile_due.take(now):
            field = self.pad.displacement(self._load, self._rng)
            self._out.append(Sample(TACTILE_STREAM, now, {"displacement": field}))
        self._out += self.camera_feed.step(self.data, now, self._rng)

    def _judge(self) -> TaskStatus:
        status = self._status
        over = (
            status is not None
            and status.episode == self._episode
            and status.state
            in (
                TaskState.SUCCEEDED,
                TaskState.FAILED,
            )
        )
        if over:
            assert status is not None
            return status
        elapsed_s = (self._now_ns - self._start_ns) * 1e-9
        self.task.update(self.model, self.data, self.robot.gripper_target_m)
        verdict = self.task.judge(self.data, self._wrench.value, elapsed_s)
        return TaskStatus(
            self.task.name, verdict.state, verdict.reason, self._seed, self._episode, elapsed_s,
            verdict.measures,
        )  # fmt: skip

    def _take_out(self) -> list[Sample]:
        out, self._out = self._out, []
        return out

    def close(self) -> None:
        """Give back the graphics memory."""
        self.camera_feed.close()
