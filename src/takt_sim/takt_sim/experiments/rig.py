"""The arm of the simulator under a controller, without task, sensors or messages.

The physics is stepped several times per control tick, so that a stiff wall is resolved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from takt_description import ARM_JOINTS, FINGER_JOINTS, TOOL_FRAME, robot_description
from takt_impedance import Controller, Parameters, TickOutput
from takt_impedance.kinematics import ArmModel
from takt_sim.experiments.log import Log
from takt_sim.robot import GRASP_WIDTH_M, HOME_RAD
from takt_sim.world import build_world

Float = NDArray[np.float64]
N = len(ARM_JOINTS)
TICK_S = 1e-3
MS = 1_000_000


@dataclass(frozen=True)
class Wall:
    """A half-space that pushes the tool point out along `normal`, like a spring with a damper.

    Attributes:
        stiffness_n_m: 1e5 is steel on a stout table, 1e3 is foam.
        damping_n_s_m: only while touching; it never pulls.
        height_m: where it begins, along the normal, from the base's origin.
    """

    stiffness_n_m: float
    damping_n_s_m: float
    height_m: float
    normal: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def force(self, position: Float, velocity: Float) -> Float:
        """(3,) on a point at `position` with `velocity`, base axes [N]."""
        normal = np.asarray(self.normal)
        depth = self.height_m - float(normal @ position)
        if depth <= 0.0:
            return np.zeros(3)
        push = self.stiffness_n_m * depth - self.damping_n_s_m * float(normal @ velocity)
        return max(0.0, push) * normal


@dataclass
class Rig:
    """An arm, its controller, and what happens to both.

    Attributes:
        parameters: of the controller; joint limits, torque limits and speeds of the arm are
            filled in.
        offset_m: (3,) from its target at which the arm begins, at rest.
        payload_kg: hangs on the tool point, and the controller does not know it.
        period_s: draws the time between two ticks [s], whole substeps; None: always 1 ms.
        substeps: of physics in 1 ms.
    """

    parameters: Parameters
    wall: Wall | None = None
    offset_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    payload_kg: float = 0.0
    home_rad: Float = field(default_factory=lambda: np.array(HOME_RAD))
    period_s: Callable[[], float] | None = None
    substeps: int = 4

    def __post_init__(self) -> None:
        self.arm = ArmModel(
            robot_description(), TOOL_FRAME, ARM_JOINTS,
            dict.fromkeys(FINGER_JOINTS, GRASP_WIDTH_M / 2.0),
        )  # fmt: skip
        self.model = build_world()
        self.model.opt.timestep = TICK_S / self.substeps
        self.data = mujoco.MjData(self.model)
        self._tool = self.model.body(TOOL_FRAME).id
        self.data.qpos[N:] = GRASP_WIDTH_M / 2.0
        self.data.ctrl[N:] = GRASP_WIDTH_M / 2.0
        self.external = np.zeros(6)
        self.wall_force = np.zeros(3)
        self.now_ns = 1000 * MS
        self.log = Log()
        arm, p = self.arm, self.parameters
        p.joint_lower_rad, p.joint_upper_rad = arm.lower_rad, arm.upper_rad
        p.torque_limit_nm = arm.torque_limit_nm
        p.joint_velocity_limit_rad_s = arm.velocity_limit_rad_s
        self.controller = Controller(p)
        home = arm.terms(self.home_rad, np.zeros(N))
        self.controller.activate(self.now_ns, self.home_rad, home.position, home.rotation)
        self.data.qpos[:N] = self._begin()
        mujoco.mj_forward(self.model, self.data)
        self.tick()
        self.start = np.array(self.controller.output.target_pose)

    def _begin(self) -> Float:
        """Joint angles (7,) from which the arm begins."""
        pose = self.arm.forward(self.home_rad)
        pose[:3, 3] += self.offset_m
        q = self.arm.inverse(pose, self.home_rad, tolerance=1e-10)
        if q is None:
            raise ValueError(f"offset_m: found {self.offset_m}, allowed are offsets within reach")
        return q

    @property
    def q(self) -> Float:
        """(7,) [rad]"""
        return np.array(self.data.qpos[:N])

    @property
    def dq(self) -> Float:
        """(7,) [rad/s]"""
        return np.array(self.data.qvel[:N])

    @property
    def position(self) -> Float:
        """(3,) of the tool point [m]."""
        return np.array(self.data.xpos[self._tool])

    def tick(self) -> TickOutput:
        """One tick of the controller, and the physics until the next."""
        period = TICK_S if self.period_s is None else self.period_s()
        q, dq = self.q, self.dq
        terms = self.arm.terms(q, dq)
        self.now_ns += round(period * 1e9)
        output = self.controller.tick(
            self.now_ns, period, q, dq, np.array(self.data.qfrc_actuator[:N]), terms.jacobian,
            terms.mass, terms.bias, terms.position, terms.rotation,
        )  # fmt: skip
        self.log.append(self, output, terms)
        self.data.ctrl[:N] = output.torque
        for _ in range(round(period / self.model.opt.timestep)):
            mujoco.mj_step1(self.model, self.data)
            self._push()
            mujoco.mj_step2(self.model, self.data)
        return output

    def _push(self) -> None:
        """Forces on the tool point: the wall's, the payload's and what the experiment adds."""
        twist = np.zeros(6)
        kind = mujoco.mjtObj.mjOBJ_XBODY
        mujoco.mj_objectVelocity(self.model, self.data, kind, self._tool, twist, 0)
        self.wall_force = np.zeros(3)
        if self.wall is not None:
            self.wall_force = self.wall.force(self.position, twist[3:])
        force = self.external[:3] + self.wall_force
        force[2] -= 9.81 * self.payload_kg
        self.data.qfrc_applied[:] = 0.0
        mujoco.mj_applyFT(
            self.model, self.data, force, self.external[3:], self.position, self._tool,
            self.data.qfrc_applied,
        )  # fmt: skip

    def run(self, duration_s: float, before: Callable[[float], None] | None = None) -> Rig:
        """Let time pass; `before` is called before each tick with the time since the call [s]."""
        begin_ns = self.now_ns
        while self.now_ns - begin_ns < round(duration_s * 1e9):
            if before is not None:
                before((self.now_ns - begin_ns) * 1e-9)
            self.tick()
        return self

    def pose(self, offset_m: ArrayLike) -> Float:
        """(7,) of the start, moved by an offset (3,)."""
        return np.concatenate([self.start[:3] + np.asarray(offset_m), self.start[3:]])

    def follow(self, offsets_m: ArrayLike, step_s: float, twists: Float | None = None) -> None:
        """Send waypoints, as offsets (n, 3) from the start, one every `step_s` from now on.

        Without `twists` (n, 6) the motion is planned to end at the last one.
        """
        offsets = np.atleast_2d(np.asarray(offsets_m, dtype=np.float64))
        count = len(offsets)
        times = self.now_ns + np.round(np.arange(1, count + 1) * step_s * 1e9).astype(np.int64)
        if twists is None:
            twists = np.full((count, 6), np.nan)
            twists[-1] = 0.0
        poses = np.array([self.pose(offset) for offset in offsets])
        result = self.controller.set_trajectory(times, poses, self.now_ns, twists)
        if not result.accepted:
            raise RuntimeError(f"the experiment's waypoints were refused: {result.reason}")
