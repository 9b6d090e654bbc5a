"""The simulated hand: servos with a limited current, read a hundred times a second.

It is driven as the hardware is: the follower's target becomes the goal of the servos once per
cycle, and what is known of the hand is what was read in the last cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from takt_core.errors import TaktError
from takt_core.joint_follower import JointFollower, JointResult, spread
from takt_core.trajectory import HandTrajectory
from takt_description import HAND_JOINTS
from takt_sim.schedule import Due

Float = NDArray[np.float64]


@dataclass(frozen=True)
class HandParameters:
    """Of the servos and of the follower.

    Attributes:
        stiffness_nm_rad, damping_nms_rad: of the position servo of each joint, before its current
            reaches the limit.
        current_limit_a: of each motor; times `torque_constant_nm_a` the limit of torque.
        torque_constant_nm_a: of a Dynamixel XC330-M288: stall torque by stall current.
        stop_s, max_jump_rad: see takt_core.joint_follower.
    """

    stiffness_nm_rad: float = 3.0
    damping_nms_rad: float = 0.12
    current_limit_a: float = 0.55
    torque_constant_nm_a: float = 0.51
    max_velocity_rad_s: float = 4.0
    max_acceleration_rad_s2: float = 40.0
    stop_s: float = 0.15
    max_jump_rad: float = 0.5
    rate_hz: float = 100.0

    @property
    def torque_limit_nm(self) -> float:
        return self.current_limit_a * self.torque_constant_nm_a


@dataclass(frozen=True)
class HandReading:
    """What one cycle of the driver knows; each (16,), in the order of `HAND_JOINTS`."""

    stamp_ns: int
    position_rad: Float
    velocity_rad_s: Float
    current_a: Float
    target_rad: Float


class Hand:
    """Sixteen servos in a MuJoCo world, with the follower that also drives the hardware.

    Attributes:
        lower_rad, upper_rad: (16,) range of the joints.
        q_addresses: (16,) where their positions are in MuJoCo's `qpos`.
        reading: of the last cycle.
        reads: cycles since activation.
    """

    joint_names = HAND_JOINTS

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, parameters: HandParameters
    ) -> None:
        self.parameters = parameters
        self._data = data
        joints = [model.joint(name) for name in HAND_JOINTS]
        self.q_addresses = np.array([int(joint.qposadr[0]) for joint in joints])
        self._v = np.array([int(joint.dofadr[0]) for joint in joints])
        self._u = np.array([int(model.actuator(name).id) for name in HAND_JOINTS])
        self.lower_rad, self.upper_rad = np.array([joint.range for joint in joints]).T
        self.follower = self._new_follower()
        self._holding = False
        self.reads = 0

    def _new_follower(self) -> JointFollower:
        p = self.parameters
        return JointFollower(
            self.lower_rad,
            self.upper_rad,
            p.max_velocity_rad_s,
            p.max_acceleration_rad_s2,
            p.stop_s,
            p.max_jump_rad,
        )

    def place(self, position_rad: ArrayLike) -> None:
        """Put the joints (16,) somewhere, at rest."""
        self._data.qpos[self.q_addresses] = position_rad
        self._data.qvel[self._v] = 0.0
        self._data.ctrl[self._u] = position_rad

    def activate(self, now_ns: int) -> None:
        """Hold the present posture; forget what was followed."""
        self.follower = self._new_follower()
        self.follower.start(now_ns, self._data.qpos[self.q_addresses])
        self._due = Due(self.parameters.rate_hz, now_ns)
        self.reads = 0
        self.tick(now_ns)

    def tick(self, now_ns: int) -> None:
        """Once per control tick; acts when a cycle is due."""
        if not self._due.take(now_ns):
            return
        self._data.ctrl[self._u] = self.follower.step(now_ns)
        self.reads += 1
        self.reading = HandReading(
            now_ns,
            self._data.qpos[self.q_addresses],
            self._data.qvel[self._v],
            self._data.actuator_force[self._u] / self.parameters.torque_constant_nm_a,
            np.array(self.follower.target),
        )

    def commit(self, trajectory: HandTrajectory, now_ns: int) -> JointResult:
        """Give joint positions to the follower; none at all mean stop and hold.

        Joints that are not named come to rest where they are.
        """
        if not trajectory.times_ns:
            self.follower.hold(now_ns)
            return JointResult(True)
        if self._holding:
            return self.follower.refuse("the hand holds")
        names, velocities = trajectory.joint_names, trajectory.velocities
        try:
            rest = self.follower.rest_position()
            positions = spread(HAND_JOINTS, names, trajectory.positions, rest)
            if velocities is not None:
                velocities = spread(HAND_JOINTS, names, velocities, np.zeros(len(HAND_JOINTS)))
        except TaktError as error:
            return self.follower.refuse(str(error))
        return self.follower.set_trajectory(trajectory.times_ns, positions, now_ns, velocities)

    def hold(self, holding: bool, now_ns: int) -> None:
        """Refuse trajectories and hold, or no longer."""
        self._holding = holding
        if holding:
            self.follower.hold(now_ns)

    @property
    def holding(self) -> bool:
        return self._holding

    def features(self) -> Mapping[str, Float]:
        """Of `hand/state`, as of the last cycle; see takt_core.conversions."""
        r = self.reading
        return {
            "joint_position": r.position_rad,
            "joint_velocity": r.velocity_rad_s,
            "current": r.current_a,
            "target_joint_position": r.target_rad,
        }

    def joints(self) -> tuple[list[float], list[float], list[float]]:
        """Positions [rad], velocities [rad/s] and torques [N m] of the last cycle."""
        r = self.reading
        torque = r.current_a * self.parameters.torque_constant_nm_a
        return r.position_rad.tolist(), r.velocity_rad_s.tolist(), torque.tolist()
