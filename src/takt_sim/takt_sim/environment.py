"""The lock-step simulation as a Gymnasium environment, for every task.

Importing this module registers `takt/<task>-v0` for `gymnasium.make`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from takt_core.geometry import (
    Pose,
    matrix_from_rotation_6d,
    pose_error,
    quaternion_from_matrix,
    rotation_6d_from_matrix,
)
from takt_core.streams import Sample
from takt_core.trajectory import HandTrajectory, Trajectory, Waypoint
from takt_sim.cameras import CameraParameters, CameraRig
from takt_sim.simulation import (
    ARM_STREAM,
    HAND_STREAM,
    TACTILE_STREAM,
    Simulation,
    SimulationParameters,
)
from takt_sim.tasks import TASK_NAMES, make_task
from takt_sim.tasks.base import Task, TaskState
from takt_sim.world import OVERVIEW_CAMERA

STEP_NS = 100_000_000
ACTION_SIZE = 9
Observation = dict[str, NDArray[Any]]


class TaskEnvironment(gymnasium.Env[Observation, NDArray[np.float32]]):  # type: ignore[misc]
    """One action is where the tool is to be one step (0.1 s) later.

    Action (9,): position in the base frame [m] and the first two columns of the rotation matrix.
    With `gripper` (10,): also the distance between the fingers [m]. Where there is a hand (25,):
    also its joints [rad], in the order of `takt_description.HAND_JOINTS`.

    Observation, the newest of what was delivered: `tcp` (9,) as in the action; `twist` (6,);
    `wrench` (6,); `gripper_width` (1,) or `hand` (16,) [rad]; `tactile` (rows, columns, 3); one
    image per camera, under the camera's name. `samples` has all samples since the last step with
    their stamps, for callers who align for themselves.

    Reward 1 at success, else 0. A timeout truncates, every other failure terminates.

    Args:
        task: or its name; see `takt_sim.tasks.make_task`.
        gripper: whether the action commands the gripper; by default where the task needs it.
        settle_ns: time at rest before the first observation, so that each stream has one.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(
        self,
        task: Task | str = "peg_insertion",
        parameters: SimulationParameters | None = None,
        gripper: bool | None = None,
        settle_ns: int = STEP_NS,
        render_mode: str | None = None,
    ) -> None:
        made = make_task(task) if isinstance(task, str) else task
        self.simulation = Simulation(made, parameters)
        self.render_mode = render_mode
        self._gripper = made.uses_gripper if gripper is None else gripper
        self._hand = self.simulation.robot.hand
        self._settle_ns = settle_ns
        self.samples: tuple[Sample, ...] = ()
        self._newest: dict[str, Sample] = {}
        self._last_target: Pose | None = None
        self._viewer: CameraRig | None = None
        self.action_space = self._make_action_space()
        self.observation_space = self._make_observation_space()

    def _make_action_space(self) -> spaces.Box:
        task = self.simulation.task
        low = [*task.tool_lower_m, *[-1.0] * 6] + [0.0] * self._gripper
        high = [*task.tool_upper_m, *[1.0] * 6] + [0.08] * self._gripper
        if self._hand is not None:
            low, high = [*low, *self._hand.lower_rad], [*high, *self._hand.upper_rad]
        return spaces.Box(np.array(low, np.float32), np.array(high, np.float32))

    def _make_observation_space(self) -> spaces.Dict:
        p = self.simulation.parameters
        rows, columns = p.tactile.rows, p.tactile.columns
        space: dict[str, spaces.Space[Any]] = {
            "tcp": _unbounded(ACTION_SIZE),
            "twist": _unbounded(6),
            "wrench": _unbounded(6),
            "tactile": _unbounded(rows, columns, 3),
        }
        if self._hand is None:
            space["gripper_width"] = _unbounded(1)
        else:
            space["hand"] = _unbounded(len(self._hand.joint_names))
        for camera in p.cameras:
            space[camera.name] = spaces.Box(0, 255, (camera.height, camera.width, 3), np.uint8)
        return spaces.Dict(space)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; without a seed, one drawn from the environment's own generator."""
        super().reset(seed=seed)
        if seed is None:
            seed = int(self.np_random.integers(0, 2**31))
        self._newest.clear()
        self._last_target = None
        samples = self.simulation.reset(seed)
        samples += self.simulation.advance(self._settle_ns)
        return self._observe(samples), self._info("")

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        wanted = np.asarray(action, dtype=np.float64)
        rejected = self.simulation.commit(self._trajectory(wanted)).reason
        if self._hand is not None:
            joints = wanted[ACTION_SIZE:].reshape(1, -1)
            times_ns = (self.simulation.now_ns + STEP_NS,)
            moved = HandTrajectory(self._hand.joint_names, times_ns, joints)
            rejected = rejected or self.simulation.commit_hand(moved).reason
        samples = self.simulation.advance(STEP_NS)
        status = self.simulation.task_status
        succeeded = status.state is TaskState.SUCCEEDED
        failed = status.state is TaskState.FAILED
        timeout = failed and status.elapsed_s > self.simulation.task.time_limit_s
        info = self._info(rejected)
        return (
            self._observe(samples), float(succeeded), succeeded or (failed and not timeout),
            timeout, info,
        )  # fmt: skip

    def _trajectory(self, action: NDArray[np.float64]) -> Trajectory:
        rotation = matrix_from_rotation_6d(action[3:9])
        target = Pose(action[:3], quaternion_from_matrix(rotation))
        last = self._last_target or Pose.from_array7(self.simulation.robot.target_pose)
        self._last_target = target
        # The next action is not known yet. Passing with the present velocity keeps the
        # motion smooth; without a next action the follower stops by itself.
        twist = pose_error(target, last) / (STEP_NS * 1e-9)
        width = float(action[9]) if self._gripper else None
        time_ns = self.simulation.now_ns + STEP_NS
        return Trajectory((Waypoint(time_ns, target, twist, None, width),), "policy")

    def _observe(self, samples: Sequence[Sample]) -> Observation:
        self.samples = tuple(samples)
        self._newest.update({sample.stream: sample for sample in samples})
        arm = self._newest[ARM_STREAM].features
        observation: Observation = {
            "tcp": action_from_pose(Pose.from_array7(arm["tcp_pose"])),
            "twist": arm["tcp_twist"].astype(np.float32),
            "wrench": arm["wrench"].astype(np.float32),
            "tactile": self._newest[TACTILE_STREAM].features["displacement"],
        }
        if self._hand is None:
            observation["gripper_width"] = arm["gripper_width"].astype(np.float32)
        else:
            joints = self._newest[HAND_STREAM].features["joint_position"]
            observation["hand"] = joints.astype(np.float32)
        for camera in self.simulation.parameters.cameras:
            observation[camera.name] = self._newest[camera.stream].features["image"]
        return observation

    def _info(self, rejected: str) -> dict[str, Any]:
        status = self.simulation.task_status
        return {
            "is_success": status.state is TaskState.SUCCEEDED,
            "state": status.state.name,
            "reason": status.reason,
            "elapsed_s": status.elapsed_s,
            "measures": dict(status.measures),
            "rejected": rejected,
        }

    def render(self) -> NDArray[np.uint8] | None:
        """(480, 640, 3) the overview, with render_mode "rgb_array"."""
        if self.render_mode != "rgb_array":
            return None
        if self._viewer is None:
            camera = CameraParameters(OVERVIEW_CAMERA, 640, 480, samples=4)
            self._viewer = CameraRig(self.simulation.model, (replace(camera, noise=0.0),))
        return self._viewer.render(self.simulation.data, OVERVIEW_CAMERA)

    def close(self) -> None:
        if self._viewer is not None:
            self._viewer.close()
            self._viewer = None
        self.simulation.close()


def action_from_pose(pose: Pose) -> NDArray[np.float32]:
    """(9,) position and the first two columns of the rotation."""
    six = rotation_6d_from_matrix(pose.rotation())
    return np.concatenate([pose.position_m, six]).astype(np.float32)


def _unbounded(*shape: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, shape, np.float32)


for _name in TASK_NAMES:
    gymnasium.register(
        f"takt/{_name}-v0",
        entry_point="takt_sim.environment:TaskEnvironment",
        kwargs={"task": _name},
    )
