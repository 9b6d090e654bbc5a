"""What a client may ask of the arm, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from takt_core.trajectory import Trajectory, Waypoint
from takt_description import ARM_JOINTS
from takt_impedance import Controller, Frame, Mode, Parameters

Float = NDArray[np.float64]
N = len(ARM_JOINTS)


@dataclass(frozen=True)
class CommandResult:
    """What became of a command.

    Attributes:
        reason: why it was refused, with the numbers; empty if accepted.
        dropped: waypoints whose time had passed.
    """

    accepted: bool
    reason: str = ""
    dropped: int = 0


@dataclass(frozen=True)
class Gains:
    """Of the impedance, as takt_msgs/Impedance has them; None leaves what is.

    Attributes:
        stiffness: (6,) diagonal along the axes of `frame` [N/m, N m/rad].
        damping_ratio: (6,) of critical damping.
        nullspace_stiffness: of every joint [N m/rad].
        joint_stiffness, joint_damping_ratio: (7,) of the joint impedance.
    """

    stiffness: ArrayLike
    damping_ratio: ArrayLike | None = None
    frame: Frame = Frame.BASE
    nullspace_stiffness: float | None = None
    joint_stiffness: ArrayLike | None = None
    joint_damping_ratio: ArrayLike | None = None


class ArmCommands:
    """The commands of one arm, with the state that they leave behind.

    Attributes:
        controller: that carries them out.
        chunk_id: of the trajectory that is followed, 0 without one.
        refused: commands that did not get as far as the controller.
        last_rejection: why the latest was refused.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._holding = False
        self.controller = Controller(parameters)
        self.restart()

    def restart(self) -> None:
        """A new controller; a hold that was asked for stays."""
        self.controller = Controller(self._parameters)
        p = self._parameters
        self._joint_gains = np.array(p.joint_stiffness), np.array(p.joint_damping_ratio)
        self._guided = False
        self._pending: Trajectory | None = None
        self._rejected_before = 0
        self.chunk_id = 0
        self.refused = 0
        self.last_rejection = ""

    def hold_if_asked(self) -> None:
        """To be called when the new controller has been activated."""
        self._set_mode()

    def refuse(self, reason: str) -> CommandResult:
        """Count a trajectory that nothing can be made of."""
        self.refused += 1
        self.last_rejection = reason
        return CommandResult(False, reason)

    def commit(self, trajectory: Trajectory, now_ns: int) -> CommandResult:
        """Hand waypoints to the follower; one without waypoints means hold.

        With a start in the future the present trajectory goes on until then.
        """
        waypoints = trajectory.waypoints
        joints = [w.joint_position for w in waypoints if w.joint_position is not None]
        if joints and len(joints) != len(waypoints):
            return self.refuse(
                f"{len(joints)} of {len(waypoints)} waypoints have joint positions; allowed are "
                "all or none"
            )
        if any(len(one) != N for one in joints):
            lengths = sorted({len(one) for one in joints})
            return self.refuse(f"waypoints of {lengths} joints; the arm has {N}")
        result = (
            self._commit_joints(waypoints, joints, now_ns, trajectory.start_ns)
            if joints
            else self._commit_poses(waypoints, now_ns, trajectory.start_ns)
        )
        return self._noted(result, trajectory)

    def _commit_joints(
        self, waypoints: tuple[Waypoint, ...], joints: list[Float], now_ns: int, start_ns: int
    ) -> CommandResult:
        result = self.controller.set_joint_trajectory(
            _times(waypoints), np.array(joints), now_ns, None, start_ns
        )
        return CommandResult(result.accepted, result.reason, result.dropped)

    def _commit_poses(
        self, waypoints: tuple[Waypoint, ...], now_ns: int, start_ns: int
    ) -> CommandResult:
        poses = np.array([w.base_from_tcp.array7() for w in waypoints]).reshape(-1, 7)
        twists = _rows([w.twist for w in waypoints])
        stiffness = _rows([w.stiffness for w in waypoints])
        result = self.controller.set_trajectory(
            _times(waypoints), poses, now_ns, twists, stiffness, start_ns
        )
        return CommandResult(result.accepted, result.reason, result.dropped)

    def _noted(self, result: CommandResult, trajectory: Trajectory | None) -> CommandResult:
        if result.accepted:
            # Whatever is begun from now on is this: at once, or at its start.
            self._pending = trajectory
            self.chunk_id = self.chunk_id if trajectory is not None else 0
        else:
            self.last_rejection = result.reason
        self._rejected_before = int(self.controller.counters.rejected_trajectories)
        return result

    def take_begun(self, now_ns: int) -> Trajectory | None:
        """The trajectory whose start has come, once; to be asked after each tick."""
        pending = self._pending
        if self.controller.output.fault_name:
            self._pending = None
            return None
        if pending is None or pending.start_ns > now_ns:
            return None
        self._pending = None
        late = int(self.controller.counters.rejected_trajectories) > self._rejected_before
        if late and pending.start_ns:
            self.last_rejection = "a trajectory was refused at its start: too far from the target"
            return None
        self.chunk_id = pending.chunk_id
        return pending

    def set_target(self, pose: ArrayLike, now_ns: int) -> CommandResult:
        """Move to one pose (7,) within the follower's limits, and rest there."""
        result = self.controller.set_target(pose, now_ns)
        return self._noted(CommandResult(result.accepted, result.reason, result.dropped), None)

    def set_joint_target(
        self, target: Mapping[str, float], measured: Float, now_ns: int
    ) -> CommandResult:
        """Move joints, by name, within the follower's limits; the others stay where they are to be.

        Args:
            target: positions [rad].
            measured: (7,) where the joints are, for those that nobody has commanded.
        """
        unknown = sorted(set(target) - set(ARM_JOINTS))
        if unknown or not target:
            return self.refuse(
                f"joints {unknown or 'none'} are not the arm's; it has {', '.join(ARM_JOINTS)}"
            )
        joint = self.controller.mode == Mode.JOINT and self.controller.counters.ticks > 0
        q = np.array(self.controller.output.joint_target if joint else measured)
        for name, value in target.items():
            q[ARM_JOINTS.index(name)] = value
        result = self.controller.set_joint_target(q, now_ns)
        return self._noted(CommandResult(result.accepted, result.reason, result.dropped), None)

    def set_wrench(self, wrench: ArrayLike, now_ns: int) -> CommandResult:
        """Add a wrench (6,) in base axes at the tool point, until it is not asked for any more."""
        if self.controller.mode != Mode.CARTESIAN:
            mode = self.controller.mode.name
            return CommandResult(False, f"the mode is {mode}; a wrench is added in CARTESIAN only")
        try:
            self.controller.set_wrench(np.asarray(wrench, dtype=np.float64), now_ns)
        except ValueError as error:
            return CommandResult(False, str(error))
        return CommandResult(True)

    def set_gains(self, gains: Gains) -> None:
        """New gains, reached along a ramp. Guiding ends.

        Raises:
            ValueError: a value that is negative or not finite. No gain changes, but guiding ends
                all the same: an arm that is believed to hold must not be limp.
        """
        self.guide(False)
        stiffness, ratio = self._joint_gains
        if gains.joint_stiffness is not None:
            stiffness = _nonnegative("joint_stiffness", gains.joint_stiffness, N)
        if gains.joint_damping_ratio is not None:
            ratio = _nonnegative("joint_damping_ratio", gains.joint_damping_ratio, N)
        null = None
        if gains.nullspace_stiffness is not None:
            null = np.full(N, gains.nullspace_stiffness)
            _nonnegative("nullspace_stiffness", null, N)
        self.controller.set_impedance(gains.stiffness, gains.damping_ratio, gains.frame)
        self.controller.set_joint_impedance(stiffness, ratio)
        self._joint_gains = stiffness, ratio
        if null is not None:
            self.controller.set_nullspace_stiffness(null)

    def guide(self, guided: bool) -> None:
        """Zero stiffness for an operator's hand, or no longer."""
        self._guided = guided
        self._set_mode()

    def hold(self, holding: bool = True) -> None:
        """Refuse trajectories and hold the present target, or no longer."""
        self._holding = holding
        self._set_mode()

    def _set_mode(self) -> None:
        present = self.controller.mode
        wanted = Mode.HOLD if self._holding else Mode.GUIDE if self._guided else Mode.CARTESIAN
        # Following joints is as good as following poses: what comes next decides.
        if present == wanted or (wanted == Mode.CARTESIAN and present == Mode.JOINT):
            return
        self._pending = None
        self.controller.set_mode(wanted)


def _times(waypoints: tuple[Waypoint, ...]) -> NDArray[np.int64]:
    return np.array([w.time_ns for w in waypoints], dtype=np.int64)


def _nonnegative(name: str, values: ArrayLike, count: int) -> Float:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (count,) or not np.isfinite(array).all() or (array < 0.0).any():
        raise ValueError(f"{name} is {array.tolist()}, allowed are {count} values of at least 0")
    return array


def _rows(values: list[Float | None]) -> Float | None:
    """(N, 6) with a row of NaN where a value is not given; None if none is."""
    if all(value is None for value in values):
        return None
    return np.array([np.full(6, np.nan) if value is None else value for value in values])
