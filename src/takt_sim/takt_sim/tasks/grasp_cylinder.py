"""Grasp a cylinder: a hand of sixteen joints takes it off the table and holds it."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import Pose
from takt_core.parameters import parameter
from takt_sim.placing import scatter_colour, set_free_body, yaw_pose
from takt_sim.surroundings import LIGHT_DIFFUSE, LIGHT_DIRECTION
from takt_sim.tasks.base import Start, Task, TaskState, Verdict
from takt_sim.tasks.cylinder_objects import (
    CYLINDER,
    CYLINDER_HEIGHT_M,
    CYLINDER_RGB,
    add_cylinder,
)
from takt_sim.tasks.start import StartRanges

TOOL = "tcp"
# An open hand: fingers straight and a little apart, the thumb swung in front of them and away.
OPEN_HAND_RAD = np.array(
    [
        [-0.15, -0.25, 0.10, -0.33],
        [0.00, -0.25, 0.30, -0.33],
        [0.15, -0.25, 0.10, -0.33],
        [1.57, 0.70, 0.35, 0.25],
    ]
).reshape(16)
TABLE_LOW_M = np.array([0.20, -0.40])
TABLE_HIGH_M = np.array([0.80, 0.40])


@dataclass(frozen=True)
class GraspCylinderParameters(StartRanges):
    """Ranges of what is random, and the limits of success and failure."""

    cylinder_centre_m: tuple[float, ...] = parameter(
        (0.50, 0.0), unit="m", length=2, description="x and y around which the cylinder stands"
    )
    range_m: tuple[float, ...] = parameter(
        (0.06, 0.08), unit="m", length=2, minimum=0.0, maximum=0.15,
        description="of x and y around that, each way",
    )  # fmt: skip
    hand_range_rad: float = parameter(
        0.05,
        unit="rad",
        minimum=0.0,
        maximum=0.2,
        description="of each joint of the hand, each way",
    )
    success_height_m: float = parameter(
        0.10, unit="m", minimum=0.01, description="that the cylinder is lifted off the table"
    )
    success_hold_s: float = parameter(
        1.0, unit="s", minimum=0.0, description="how long it stays there without slipping"
    )
    slip_m: float = parameter(
        0.010, unit="m", minimum=0.0,
        description="along its axis relative to the hand while it is held up, that is no holding",
    )  # fmt: skip
    tipped_rad: float = parameter(
        0.8, unit="rad", minimum=0.0, description="of the cylinder's axis from upright, that fails"
    )
    time_limit_s: float = parameter(
        15.0, unit="s", minimum=0.0, description="an episode fails after this long"
    )
    force_limit_n: float = parameter(
        60.0, unit="N", minimum=0.0, description="an external force on the hand above it fails"
    )


class GraspCylinder(Task):
    """The task `grasp_cylinder`; see `GraspCylinderParameters` for what is random."""

    name = "grasp_cylinder"
    uses_hand = True
    tool_lower_m = (0.20, -0.40, 0.045)

    def __init__(self, parameters: GraspCylinderParameters | None = None) -> None:
        self.parameters = parameters or GraspCylinderParameters()
        self.time_limit_s = self.parameters.time_limit_s
        self.base_from_cylinder_at_start = Pose.identity()
        self._look: NDArray[np.float64] = np.zeros(7)
        self._lifted_since_s: float | None = None
        self._grip_m: NDArray[np.float64] = np.zeros(3)
        self._was_lifted = False

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        add_cylinder(spec)

    def draw(self, rng: np.random.Generator) -> Start:
        p = self.parameters
        centre = np.asarray(p.cylinder_centre_m) + rng.uniform(-1.0, 1.0, 2) * np.asarray(p.range_m)
        position = np.array([*centre, CYLINDER_HEIGHT_M / 2])
        self.base_from_cylinder_at_start = yaw_pose(position, rng.uniform(-np.pi, np.pi))
        base_from_tcp = p.draw_start(rng)
        hand = OPEN_HAND_RAD + p.hand_range_rad * rng.uniform(-1.0, 1.0, 16)
        self._look = rng.uniform(-1.0, 1.0, 7)
        self._lifted_since_s = None
        self._was_lifted = False
        return Start(base_from_tcp, hand_rad=hand)

    def place(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        set_free_body(model, data, CYLINDER, self.base_from_cylinder_at_start)
        scatter_colour(model, CYLINDER, CYLINDER_RGB, 2.0 * self._look[0:3])
        scatter_colour(model, "table", (1.0, 1.0, 1.0), np.minimum(self._look[3:4], 0.0) * 3)
        light = model.light("key")
        light.diffuse[:] = np.asarray(LIGHT_DIFFUSE) * (1.0 + 0.12 * self._look[4])
        light.dir[:2] = np.asarray(LIGHT_DIRECTION[:2]) + 0.15 * self._look[5:7]

    def update(self, model: mujoco.MjModel, data: mujoco.MjData, gripper_target_m: float) -> None:
        """Nothing: only friction holds the cylinder."""

    def judge(self, data: mujoco.MjData, wrench: NDArray[np.float64], elapsed_s: float) -> Verdict:
        cylinder, tool = data.body(CYLINDER), data.body(TOOL)
        from_tool = tool.xmat.reshape(3, 3).T @ (cylinder.xpos - tool.xpos)
        upright = float(np.clip(cylinder.xmat[8], -1.0, 1.0))
        # Its lowest point: a tilted cylinder hangs lower than one that is upright.
        measures = {
            "lift_m": float(cylinder.xpos[2]) - 0.5 * CYLINDER_HEIGHT_M,
            "tilt_rad": float(np.arccos(upright)),
            "grip_distance_m": float(np.linalg.norm(from_tool)),
            "slip_m": 0.0,
            "tool_height_m": float(tool.xpos[2]),
            "contact_force_n": float(np.linalg.norm(wrench[:3])),
        }
        if self._held(measures, from_tool, elapsed_s):
            return Verdict(TaskState.SUCCEEDED, "held", measures)
        failure = self._failure(cylinder.xpos, measures, elapsed_s)
        state = TaskState.FAILED if failure else TaskState.RUNNING
        return Verdict(state, failure, measures)

    def _held(
        self, measures: dict[str, float], from_tool: NDArray[np.float64], elapsed_s: float
    ) -> bool:
        """Up, and where it was in the hand when it came up."""
        p = self.parameters
        if measures["lift_m"] < p.success_height_m:
            self._lifted_since_s = None
            return False
        if self._lifted_since_s is None:
            self._lifted_since_s, self._grip_m = elapsed_s, from_tool
        self._was_lifted = True
        measures["slip_m"] = float(np.linalg.norm(from_tool - self._grip_m))
        if measures["slip_m"] > p.slip_m:
            self._lifted_since_s, self._grip_m = elapsed_s, from_tool
        return elapsed_s - self._lifted_since_s >= p.success_hold_s

    def _failure(
        self, cylinder_m: NDArray[np.float64], measures: dict[str, float], elapsed_s: float
    ) -> str:
        p = self.parameters
        force_n, lift_m = measures["contact_force_n"], measures["lift_m"]
        if force_n > p.force_limit_n:
            return f"force {force_n:.0f} N is above {p.force_limit_n:.0f} N"
        if self._was_lifted and lift_m < 0.5 * p.success_height_m:
            return f"cylinder dropped: it was up and is now {lift_m * 1000:.0f} mm off the table"
        if measures["tilt_rad"] > p.tipped_rad:
            return f"cylinder tipped over: {np.rad2deg(measures['tilt_rad']):.0f} degrees"
        outside = np.any(cylinder_m[:2] < TABLE_LOW_M) or np.any(cylinder_m[:2] > TABLE_HIGH_M)
        if outside or cylinder_m[2] < 0.0:
            return f"cylinder left the workspace at {np.round(cylinder_m, 3).tolist()} m"
        if elapsed_s > p.time_limit_s:
            return f"timeout after {p.time_limit_s:g} s"
        return ""
