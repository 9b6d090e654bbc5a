"""Pick and place: a cube on the table is gripped, carried, and put down on a marked pad."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import Pose
from takt_core.parameters import parameter
from takt_description import FINGER_JOINTS
from takt_sim.placing import scatter_colour, set_free_body, set_mocap_body, yaw_pose
from takt_sim.surroundings import LIGHT_DIFFUSE, LIGHT_DIRECTION
from takt_sim.tasks.base import Start, Task, TaskState, Verdict
from takt_sim.tasks.pick_objects import (
    CUBE,
    CUBE_RGB,
    CUBE_SIDE_M,
    PAD,
    PAD_RGB,
    add_cube,
    add_pad,
)
from takt_sim.tasks.start import StartRanges

TOOL = "tcp"
OPEN_WIDTH_M = 0.07
TABLE_LOW_M = np.array([0.20, -0.40])
TABLE_HIGH_M = np.array([0.80, 0.40])


@dataclass(frozen=True)
class PickPlaceParameters(StartRanges):
    """Ranges of what is random, and the limits of success and failure."""

    cube_centre_m: tuple[float, ...] = parameter(
        (0.48, -0.065), unit="m", length=2, description="x and y around which the cube is"
    )
    # On the front camera's side of the cube: the hand that carries the cube does not hide it.
    pad_centre_m: tuple[float, ...] = parameter(
        (0.48, 0.05), unit="m", length=2, description="x and y around which the pad is"
    )
    range_m: tuple[float, ...] = parameter(
        (0.06, 0.05), unit="m", length=2, minimum=0.0, maximum=0.2,
        description="of x and y of both around their centres, each way",
    )  # fmt: skip
    apart_m: float = parameter(
        0.09, unit="m", minimum=0.0, maximum=0.1,
        description="least distance between the centres of cube and pad at the start",
    )  # fmt: skip
    cube_yaw_range_rad: float = parameter(
        float(np.deg2rad(40.0)), unit="rad", minimum=0.0, maximum=0.8,
        description="of the cube's turn, each way",
    )  # fmt: skip
    success_distance_m: float = parameter(
        0.015, unit="m", minimum=0.0, description="of the cube's centre from the pad's"
    )
    success_speed_m_s: float = parameter(0.01, unit="m/s", description="of the cube at rest")
    success_width_m: float = parameter(0.055, unit="m", description="of the open gripper")
    success_height_m: float = parameter(
        0.075, unit="m", description="of the tool point over the table, retracted"
    )
    success_hold_s: float = parameter(0.2, unit="s", description="how long all that has to last")
    time_limit_s: float = parameter(
        20.0, unit="s", minimum=0.0, description="an episode fails after this long"
    )
    force_limit_n: float = parameter(
        80.0, unit="N", minimum=0.0, description="an external force on the tool above it fails"
    )


class PickPlace(Task):
    """The task `pick_place`; see `PickPlaceParameters` for what is random.

    Attributes:
        base_from_pad: its centre on the table top, z up.
    """

    name = "pick_place"
    uses_gripper = True
    # Low enough for the fingertips to come within some millimetres of the table.
    tool_lower_m = (0.20, -0.40, 0.012)

    def __init__(self, parameters: PickPlaceParameters | None = None) -> None:
        self.parameters = parameters or PickPlaceParameters()
        self.time_limit_s = self.parameters.time_limit_s
        self.base_from_pad = Pose.identity()
        self.base_from_cube_at_start = Pose.identity()
        self._look: NDArray[np.float64] = np.zeros(10)
        self._done_since_s: float | None = None

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        add_pad(spec)
        add_cube(spec)

    def draw(self, rng: np.random.Generator) -> Start:
        p = self.parameters
        cube, pad = self._draw_places(rng)
        yaw = rng.uniform(-1.0, 1.0) * p.cube_yaw_range_rad
        self.base_from_cube_at_start = yaw_pose(np.array([*cube, CUBE_SIDE_M / 2]), yaw)
        self.base_from_pad = yaw_pose(np.array([*pad, 0.0]), 0.0)
        base_from_tcp = p.draw_start(rng)
        self._look = rng.uniform(-1.0, 1.0, 10)
        self._done_since_s = None
        return Start(base_from_tcp, OPEN_WIDTH_M, OPEN_WIDTH_M)

    def _draw_places(
        self, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y of cube and pad, apart from each other."""
        p = self.parameters
        while True:
            offsets = rng.uniform(-1.0, 1.0, (2, 2)) * np.asarray(p.range_m)
            cube, pad = np.array([p.cube_centre_m, p.pad_centre_m]) + offsets
            if np.linalg.norm(cube - pad) >= p.apart_m:
                return cube, pad

    def place(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        set_mocap_body(model, data, PAD, self.base_from_pad)
        set_free_body(model, data, CUBE, self.base_from_cube_at_start)
        scatter_colour(model, CUBE, CUBE_RGB, 2.0 * self._look[0:3])
        scatter_colour(model, PAD, PAD_RGB, 2.0 * self._look[3:6])
        scatter_colour(model, "table", (1.0, 1.0, 1.0), np.minimum(self._look[6:7], 0.0) * 3)
        light = model.light("key")
        light.diffuse[:] = np.asarray(LIGHT_DIFFUSE) * (1.0 + 0.12 * self._look[7])
        light.dir[:2] = np.asarray(LIGHT_DIRECTION[:2]) + 0.15 * self._look[8:10]

    def update(self, model: mujoco.MjModel, data: mujoco.MjData, gripper_target_m: float) -> None:
        """Nothing: only friction holds the cube."""

    def judge(self, data: mujoco.MjData, wrench: NDArray[np.float64], elapsed_s: float) -> Verdict:
        cube, tool = data.body(CUBE), data.body(TOOL)
        offset = cube.xpos[:2] - self.base_from_pad.position_m[:2]
        measures = {
            "target_distance_m": float(np.hypot(offset[0], offset[1])),
            "cube_height_m": float(cube.xpos[2]) - CUBE_SIDE_M / 2,
            "cube_speed_m_s": float(np.linalg.norm(data.joint(CUBE).qvel[:3])),
            "gripper_width_m": float(sum(data.joint(name).qpos[0] for name in FINGER_JOINTS)),
            "tool_height_m": float(tool.xpos[2]),
            "contact_force_n": float(np.linalg.norm(wrench[:3])),
        }
        if self._placed(measures, elapsed_s):
            return Verdict(TaskState.SUCCEEDED, "placed", measures)
        failure = self._failure(cube.xpos, measures["contact_force_n"], elapsed_s)
        state = TaskState.FAILED if failure else TaskState.RUNNING
        return Verdict(state, failure, measures)

    def _placed(self, measures: dict[str, float], elapsed_s: float) -> bool:
        p = self.parameters
        placed = (
            measures["target_distance_m"] <= p.success_distance_m
            and abs(measures["cube_height_m"]) < 0.003
            and measures["cube_speed_m_s"] <= p.success_speed_m_s
            and measures["gripper_width_m"] >= p.success_width_m
            and measures["tool_height_m"] >= p.success_height_m
        )
        if not placed:
            self._done_since_s = None
            return False
        if self._done_since_s is None:
            self._done_since_s = elapsed_s
        return elapsed_s - self._done_since_s >= p.success_hold_s

    def _failure(self, cube_m: NDArray[np.float64], force_n: float, elapsed_s: float) -> str:
        p = self.parameters
        if force_n > p.force_limit_n:
            return f"force {force_n:.0f} N is above {p.force_limit_n:.0f} N"
        if np.any(cube_m[:2] < TABLE_LOW_M) or np.any(cube_m[:2] > TABLE_HIGH_M) or cube_m[2] < 0:
            return f"cube left the workspace at {np.round(cube_m, 3).tolist()} m"
        if elapsed_s > p.time_limit_s:
            return f"timeout after {p.time_limit_s:g} s"
        return ""
