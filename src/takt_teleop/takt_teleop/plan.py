"""The actions of a policy that are still to come, spliced together from its chunks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from scipy.spatial.transform import Rotation

from takt_core.chunk import ActionChunk
from takt_core.geometry import Array, Pose, interpolate_pose, pose_error
from takt_core.trajectory import Waypoint


@dataclass(frozen=True, eq=False)
class PlannedStep:
    """One action of a chunk.

    Attributes:
        time_ns: for which the action is meant [ns].
        base: what the policy proposed, with the correction of its own residual network.
        twist: (6,) of the tool at that time, axes of the base frame [m/s, rad/s]; None at the
            end of a chunk: should no other follow, the arm comes to rest there.
        residual: (6,) the operator's correction, axes of the base frame [m, rad], or None.
    """

    time_ns: int
    base: Pose
    twist: Array | None
    chunk: ActionChunk
    offset: int
    residual: Array | None = None

    @property
    def executed(self) -> Pose:
        """The action with its correction."""
        return self.base if self.residual is None else corrected(self.base, self.residual)

    @property
    def index(self) -> int:
        """Of the action within the predicted horizon of its chunk."""
        return self.chunk.first_index + self.offset

    @property
    def proposed(self) -> Pose:
        """``base`` without the correction of the policy's residual network."""
        own = self._own_residual
        return self.base if own is None else uncorrected(self.base, own)

    @property
    def total_residual(self) -> Array | None:
        """(6,) from ``proposed`` to ``executed``: the network's and the operator's correction."""
        own = self._own_residual
        if own is None or self.residual is None:
            return self.residual if own is None else own
        return pose_error(self.executed, self.proposed)

    @property
    def _own_residual(self) -> Array | None:
        residuals = self.chunk.residual
        return None if residuals is None else residuals[self.offset]

    @property
    def joint_position(self) -> Array | None:
        """(n,) of the arm [rad]; a correction of the operator is one of the pose, and then
        the pose is followed."""
        joints = self.chunk.joint_position
        return None if joints is None or self.residual is not None else joints[self.offset]

    @property
    def hand_position(self) -> Array | None:
        """(m,) of the hand [rad]."""
        positions = self.chunk.hand_position
        return None if positions is None else positions[self.offset]

    @property
    def gripper_width_m(self) -> float | None:
        widths = self.chunk.gripper_width_m
        return None if widths is None else float(widths[self.offset])

    def waypoint(self, latency_ns: int) -> Waypoint:
        """As it is sent: earlier by the latency of the actuator."""
        return Waypoint(
            self.time_ns - latency_ns,
            self.executed,
            self.twist,
            self.chunk.stiffness,
            self.gripper_width_m,
            self.joint_position,
        )


class Plan:
    """Actions in ascending time; a chunk, or a revision of one, replaces what was planned from its
    start on."""

    def __init__(self, latency_ns: int, lead_ns: int) -> None:
        self._latency_ns = latency_ns
        self._lead_ns = lead_ns
        self._steps: list[PlannedStep] = []
        self._last: PlannedStep | None = None

    def future(self, steps: list[PlannedStep], now_ns: int) -> list[PlannedStep]:
        """Those whose waypoint can still arrive in time."""
        earliest_ns = now_ns + self._lead_ns + self._latency_ns
        return [step for step in steps if step.time_ns > earliest_ns]

    def splice(self, steps: list[PlannedStep]) -> None:
        """Replace everything from the first of these steps on."""
        self._steps = [step for step in self._steps if step.time_ns < steps[0].time_ns] + steps

    def correct(self, residual: Array, now_ns: int) -> list[PlannedStep]:
        """Give the steps that can still be sent this correction; the steps."""
        open_steps = self.future(self._steps, now_ns)
        settled = self._steps[: len(self._steps) - len(open_steps)]
        open_steps = [replace(step, residual=residual) for step in open_steps]
        self._steps = settled + open_steps
        return open_steps

    def take_due(self, now_ns: int) -> list[PlannedStep]:
        """Remove and return the steps whose time has come."""
        due = [step for step in self._steps if step.time_ns <= now_ns]
        self._steps = self._steps[len(due) :]
        self._last = due[-1] if due else self._last
        return due

    def at(self, time_ns: int) -> PlannedStep | None:
        """The action for a time between two steps, or None where nothing is planned."""
        steps = ([] if self._last is None else [self._last]) + self._steps
        for before, after in itertools.pairwise(steps):
            if before.time_ns <= time_ns <= after.time_ns:
                span = after.time_ns - before.time_ns
                fraction = (time_ns - before.time_ns) / span if span else 1.0
                pose = interpolate_pose(before.base, after.base, fraction)
                return replace(after, time_ns=time_ns, base=pose)
        return None

    @property
    def end_ns(self) -> int | None:
        """When the last waypoint that was sent is reached, or None before the first chunk."""
        last = self._steps[-1] if self._steps else self._last
        return None if last is None else last.time_ns - self._latency_ns

    def clear(self) -> None:
        self._steps.clear()
        self._last = None


def steps_of(chunk: ActionChunk) -> list[PlannedStep]:
    """The actions of a chunk with their velocities by central differences."""
    poses, step_s = chunk.poses, chunk.step_ns / 1e9
    steps = []
    for i, pose in enumerate(poses):
        twist = None
        if i + 1 < len(poses):
            before = max(i - 1, 0)
            twist = pose_error(poses[i + 1], poses[before]) / ((i + 1 - before) * step_s)
        steps.append(PlannedStep(chunk.time_ns(i), pose, twist, chunk, i))
    return steps


def corrected(pose: Pose, residual: Array) -> Pose:
    """The pose moved and turned by ``residual`` (6,) in the axes of the base frame [m, rad]."""
    rotation = Rotation.from_rotvec(residual[3:]) * Rotation.from_quat(pose.quaternion_xyzw)
    return Pose(pose.position_m + residual[:3], rotation.as_quat())


def uncorrected(pose: Pose, residual: Array) -> Pose:
    """The inverse of ``corrected``."""
    rotation = Rotation.from_rotvec(-residual[3:]) * Rotation.from_quat(pose.quaternion_xyzw)
    return Pose(pose.position_m - residual[:3], rotation.as_quat())
