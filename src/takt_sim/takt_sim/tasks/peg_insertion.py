"""Peg insertion: a square peg, held in the gripper, goes into a hole with a chamfered rim."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.geometry import Pose, matrix_from_rotation_vector, quaternion_from_matrix
from takt_core.parameters import parameter
from takt_sim.placing import body_pose, scatter_colour, set_free_body, set_mocap_body, yaw_pose
from takt_sim.surroundings import LIGHT_DIFFUSE, LIGHT_DIRECTION
from takt_sim.tasks.base import Start, Task, TaskState, Verdict
from takt_sim.tasks.peg_objects import (
    CHAMFER_M,
    FIXTURE,
    FIXTURE_RGB,
    GRASP,
    HOLE_WIDTH_M,
    PEG,
    PEG_LENGTH_M,
    PEG_WIDTH_M,
    RIM_HEIGHT_M,
    add_fixture,
    add_peg,
    add_plate,
)
from takt_sim.tasks.start import StartRanges

HAND = "hand"
TOOL = "tcp"
# The fingers hold the upper half of the peg: its centre lies below the tool point.
GRASP_DEPTH_M = 0.015
# As far from the axis the tip is still over the chamfer or the hole.
OPENING_M = HOLE_WIDTH_M / 2 + CHAMFER_M - PEG_WIDTH_M / 2
TIP_FROM_PEG = np.array([0.0, 0.0, PEG_LENGTH_M / 2])

# Impacts are over in less; what stays is what the tool presses with.
PRESS_TIME_S = 0.2


@dataclass(frozen=True)
class PegInsertionParameters(StartRanges):
    """Ranges of what is random, the limits of success and failure, and the disturbance."""

    hole_centre_m: tuple[float, ...] = parameter(
        (0.50, 0.0), unit="m", length=2, description="x and y around which the hole is"
    )
    hole_range_m: float = parameter(
        0.05, unit="m", minimum=0.0, maximum=0.1, description="of the hole's x and y, each way"
    )
    hole_yaw_range_rad: float = parameter(
        float(np.deg2rad(15.0)), unit="rad", minimum=0.0, maximum=0.8,
        description="of the hole's turn, each way",
    )  # fmt: skip
    grasp_range_m: float = parameter(
        0.0006, unit="m", description="of the peg in the plane of the pads, each way"
    )
    grasp_range_rad: float = parameter(
        float(np.deg2rad(1.0)), unit="rad", description="of the peg's turn in that plane, each way"
    )
    success_depth_m: float = parameter(0.025, unit="m", description="of the tip below the rim")
    success_hold_s: float = parameter(0.2, unit="s", description="how long it has to be that deep")
    time_limit_s: float = parameter(
        15.0, unit="s", minimum=0.0, description="an episode fails after this long"
    )
    force_limit_n: float = parameter(
        80.0, unit="N", minimum=0.0, description="an external force on the tool above it fails"
    )
    drop_distance_m: float = parameter(
        0.02, unit="m", description="from the grasp, at which the peg counts as dropped"
    )
    workspace_low_m: tuple[float, ...] = parameter(
        (0.20, -0.40, 0.0), unit="m", length=3, description="where the tool may be, lowest corner"
    )
    workspace_high_m: tuple[float, ...] = parameter(
        (0.80, 0.40, 0.70), unit="m", length=3, description="highest corner"
    )
    shift_m: float = parameter(
        0.0, unit="m", minimum=0.0, maximum=0.02,
        description="how far the hole jumps sideways, once, when the tip is about to enter it",
    )  # fmt: skip
    shift_height_m: float = parameter(
        0.003, unit="m", minimum=0.0, maximum=0.05,
        description="height of the tip over the rim at which the hole jumps",
    )  # fmt: skip
    lead_in_m: float = parameter(
        CHAMFER_M, unit="m", minimum=0.0005, maximum=CHAMFER_M,
        description="of the chamfer; less leaves a flat rim around it, under a plate that cameras "
        "do not see",
    )  # fmt: skip


@dataclass(frozen=True)
class Insertion:
    """Where the tip is, seen from the hole.

    Attributes:
        depth_m: of the tip below the rim; negative above it [m].
        lateral_m: distance of the tip from the axis of the hole [m].
        yaw_error_rad: of the peg about the axis, within a quarter turn [rad].
    """

    depth_m: float
    lateral_m: float
    yaw_error_rad: float

    @property
    def inside(self) -> bool:
        """Within the walls; only then does depth mean insertion."""
        return self.lateral_m < 0.0025 and abs(self.yaw_error_rad) < np.deg2rad(12.0)


class PegInsertion(Task):
    """The task `peg_insertion`; see `PegInsertionParameters` for what is random."""

    name = "peg_insertion"
    held_bodies = (PEG,)

    def __init__(self, parameters: PegInsertionParameters | None = None) -> None:
        self.parameters = parameters or PegInsertionParameters()
        self.time_limit_s = self.parameters.time_limit_s
        self.base_from_hole = Pose.identity()
        self.tcp_from_peg = Pose.identity()
        self._hole_from_base: NDArray[np.float64] = np.eye(3)
        self._look: NDArray[np.float64] = np.zeros(7)
        self._deep_since_s: float | None = None
        self._press_n, self._smooth_n, self._judged_s = 0.0, 0.0, 0.0
        self._shift: NDArray[np.float64] = np.zeros(3)
        self.shifted = False

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        add_fixture(spec)
        if self.parameters.lead_in_m < CHAMFER_M:
            add_plate(spec, self.parameters.lead_in_m)
        add_peg(spec, held_by=HAND)

    def draw(self, rng: np.random.Generator) -> Start:
        p = self.parameters
        offset = rng.uniform(-p.hole_range_m, p.hole_range_m, 2)
        hole_yaw = rng.uniform(-p.hole_yaw_range_rad, p.hole_yaw_range_rad)
        position = np.array([*(np.asarray(p.hole_centre_m) + offset), RIM_HEIGHT_M])
        self.base_from_hole = yaw_pose(position, hole_yaw)
        self._hole_from_base = self.base_from_hole.rotation().T
        base_from_tcp = p.draw_start(rng)
        # The pads centre the peg between them and straighten it; in their plane it may be off.
        off_turn = rng.uniform(-1.0, 1.0) * p.grasp_range_rad
        off = rng.uniform(-1.0, 1.0, 2) * p.grasp_range_m
        grasp_turn = matrix_from_rotation_vector([0.0, off_turn, 0.0])
        grasp = np.array([off[0], 0.0, GRASP_DEPTH_M + off[1]])
        self.tcp_from_peg = Pose(grasp, quaternion_from_matrix(grasp_turn))
        self._look = rng.uniform(-1.0, 1.0, 7)
        # Drawn last, and always: with and without the jump a seed is otherwise the same episode.
        towards = rng.uniform(-np.pi, np.pi)
        self._shift = p.shift_m * np.array([np.cos(towards), np.sin(towards), 0.0])
        self.shifted = False
        self._deep_since_s = None
        self._press_n, self._smooth_n, self._judged_s = 0.0, 0.0, 0.0
        return Start(base_from_tcp, PEG_WIDTH_M)

    def place(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        set_mocap_body(model, data, FIXTURE, self.base_from_hole)
        base_from_peg = body_pose(data, TOOL) @ self.tcp_from_peg
        set_free_body(model, data, PEG, base_from_peg)
        hand_from_peg = body_pose(data, HAND).inverse() @ base_from_peg
        weld = model.equality(GRASP).id
        x, y, z, w = hand_from_peg.quaternion_xyzw
        model.eq_data[weld, 0:3] = 0.0
        model.eq_data[weld, 3:6] = hand_from_peg.position_m
        model.eq_data[weld, 6:10] = (w, x, y, z)
        data.eq_active[weld] = 1
        self._vary_look(model)

    def _vary_look(self, model: mujoco.MjModel) -> None:
        scatter_colour(model, FIXTURE, FIXTURE_RGB, self._look[0:3])
        scatter_colour(model, "table", (1.0, 1.0, 1.0), np.minimum(self._look[3:4], 0.0) * 3)
        light = model.light("key")
        light.diffuse[:] = np.asarray(LIGHT_DIFFUSE) * (1.0 + 0.12 * self._look[4])
        light.dir[:2] = np.asarray(LIGHT_DIRECTION[:2]) + 0.15 * self._look[5:7]

    def update(self, model: mujoco.MjModel, data: mujoco.MjData, gripper_target_m: float) -> None:
        """Open fingers let go of the peg, and with `shift_m` the hole jumps, once per episode."""
        if gripper_target_m > PEG_WIDTH_M + 0.002:
            data.eq_active[model.equality(GRASP).id] = 0
        if self.parameters.shift_m > 0.0 and not self.shifted and self._about_to_enter(data):
            self.shifted = True
            hole = self.base_from_hole
            self.base_from_hole = Pose(hole.position_m + self._shift, hole.quaternion_xyzw)
            set_mocap_body(model, data, FIXTURE, self.base_from_hole)

    def _about_to_enter(self, data: mujoco.MjData) -> bool:
        """Low over the opening, but not in it: the walls must not jump into the peg."""
        insertion = self.insertion(data)
        low = -self.parameters.shift_height_m < insertion.depth_m <= 0.0
        return low and insertion.lateral_m < OPENING_M

    def insertion(self, data: mujoco.MjData) -> Insertion:
        """Where the tip of the peg is, seen from the hole."""
        # Matrices instead of poses: this is asked a hundred times per simulated second.
        peg = data.body(PEG)
        hole_from_peg = self._hole_from_base @ peg.xmat.reshape(3, 3)
        centre = self._hole_from_base @ (peg.xpos - self.base_from_hole.position_m)
        tip = centre + hole_from_peg @ TIP_FROM_PEG
        yaw = np.arctan2(hole_from_peg[1, 0], hole_from_peg[0, 0])
        quarter = (yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4
        return Insertion(float(-tip[2]), float(np.hypot(tip[0], tip[1])), float(quarter))

    def judge(self, data: mujoco.MjData, wrench: NDArray[np.float64], elapsed_s: float) -> Verdict:
        insertion = self.insertion(data)
        force_n = float(np.linalg.norm(wrench[:3]))
        passed_s = max(0.0, elapsed_s - self._judged_s)
        self._judged_s = elapsed_s
        self._smooth_n += min(1.0, passed_s / PRESS_TIME_S) * (force_n - self._smooth_n)
        self._press_n = max(self._press_n, self._smooth_n)
        measures = {
            "insertion_depth_m": insertion.depth_m,
            "lateral_error_m": insertion.lateral_m,
            "yaw_error_rad": insertion.yaw_error_rad,
            "contact_force_n": force_n,
            "press_force_n": self._press_n,
        }
        if self.parameters.shift_m > 0.0:
            measures["hole_shift_m"] = self.parameters.shift_m * self.shifted
        if self._deep_enough(insertion, elapsed_s):
            return Verdict(TaskState.SUCCEEDED, "inserted", measures)
        failure = self._failure(data, force_n, elapsed_s)
        state = TaskState.FAILED if failure else TaskState.RUNNING
        return Verdict(state, failure, measures)

    def _deep_enough(self, insertion: Insertion, elapsed_s: float) -> bool:
        p = self.parameters
        if not (insertion.inside and insertion.depth_m >= p.success_depth_m):
            self._deep_since_s = None
            return False
        if self._deep_since_s is None:
            self._deep_since_s = elapsed_s
        return elapsed_s - self._deep_since_s >= p.success_hold_s

    def _failure(self, data: mujoco.MjData, force_n: float, elapsed_s: float) -> str:
        p = self.parameters
        tool = data.body(TOOL)
        if force_n > p.force_limit_n:
            return f"force {force_n:.0f} N is above {p.force_limit_n:.0f} N"
        grasp = tool.xpos + tool.xmat.reshape(3, 3) @ self.tcp_from_peg.position_m
        slip_m = np.linalg.norm(data.body(PEG).xpos - grasp)
        if slip_m > p.drop_distance_m:
            return f"peg dropped: it is {slip_m * 1000:.0f} mm from the grasp"
        low, high = np.asarray(p.workspace_low_m), np.asarray(p.workspace_high_m)
        if np.any(tool.xpos < low) or np.any(tool.xpos > high):
            return f"tool left the workspace at {np.round(tool.xpos, 3).tolist()} m"
        if elapsed_s > p.time_limit_s:
            return f"timeout after {p.time_limit_s:g} s"
        return ""
