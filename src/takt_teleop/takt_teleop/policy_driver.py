"""POLICY, SHARED and MOTION: turns chunks into what is sent, and keeps it until its time comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takt_core.chunk import ActionChunk
from takt_core.geometry import Pose
from takt_core.trajectory import HandTrajectory, Trajectory
from takt_teleop import chunk_checks
from takt_teleop.correction import SharedCorrection
from takt_teleop.inputs import ArmReport, DeviceCommand
from takt_teleop.plan import Plan, PlannedStep, steps_of
from takt_teleop.settings import ArbiterParameters
from takt_teleop.transitions import Event
from takt_teleop.watchdogs import plan_trouble


@dataclass(frozen=True)
class Intake:
    """What became of a chunk: trajectories to send, or a refusal, or neither (all late)."""

    trajectory: Trajectory | None = None
    hand: HandTrajectory | None = None
    refusal: str = ""
    late: int = 0


class PolicyDriver:
    """The plan of the active policy or motion, with the operator's correction in SHARED."""

    def __init__(self, parameters: ArbiterParameters, now_ns: int) -> None:
        self._parameters = parameters
        self._latency_ns = round(parameters.actuator_latency_s * 1e9)
        self._device_timeout_ns = round(parameters.device_timeout_s * 1e9)
        self._correction = SharedCorrection(parameters)
        self.plan = Plan(self._latency_ns, round(parameters.minimum_lead_s * 1e9))
        self._newest = (0, 0)
        self._began_ns = self._sent_ns = now_ns

    def begin(self, now_ns: int) -> None:
        """Forget all chunks and the correction: a new epoch begins."""
        self.plan.clear()
        self._correction.clear()
        self._newest = (0, 0)
        self._began_ns = self._sent_ns = now_ns

    def trouble(self, report: ArmReport | None, now_ns: int) -> tuple[Event, str] | None:
        """Why the plan must not go on: it ran out, or the controller does not have it."""
        return plan_trouble(
            self.plan.end_ns, report, self._parameters, now_ns, self._began_ns, self._sent_ns
        )

    def is_overtaken(self, chunk: ActionChunk) -> bool:
        """Whether it, or a later chunk or revision, was taken already in this epoch.

        A revision belongs to the chunk that was newest when it was made: after the next
        chunk it would put the old plan back.
        """
        return (chunk.id, chunk.revision) <= self._newest

    def follow(
        self, chunk: ActionChunk, report: ArmReport, source: str, now_ns: int, shared: bool
    ) -> Intake:
        """Splice a chunk into the plan, unless it starts too far from the present target."""
        steps, late = self._open(chunk, now_ns)
        if not steps:
            return Intake(late=late)
        residual = self._correction.value if shared else None
        refusal = chunk_checks.refusal(steps, residual, report, self._parameters)
        if refusal:
            return Intake(refusal=f"chunk {chunk.id} of {chunk.policy} refused: {refusal}")
        self.plan.splice(steps)
        if residual is not None:
            steps = self.plan.correct(residual, now_ns)
        return Intake(self._trajectory(steps, source, now_ns), self._hand(steps), late=late)

    def shadow(self, chunk: ActionChunk, now_ns: int) -> None:
        """Keep a chunk of a policy that is overridden; it is never sent."""
        steps, _ = self._open(chunk, now_ns)
        if steps:
            self.plan.splice(steps)

    def correct(
        self, now_ns: int, device: DeviceCommand | None, target: Pose, source: str
    ) -> Trajectory | None:
        """What to send when the operator's correction has changed; it fades without a device."""
        before = self._correction.value
        is_live = device is not None and now_ns - device.stamp_ns <= self._device_timeout_ns
        value = self._correction.advance(now_ns, device if is_live else None, target)
        if not np.any(value != before):
            return None
        steps = self.plan.correct(value, now_ns)
        return self._trajectory(steps, source, now_ns) if steps else None

    def _open(self, chunk: ActionChunk, now_ns: int) -> tuple[list[PlannedStep], int]:
        self._newest = (chunk.id, chunk.revision)
        steps = steps_of(chunk)
        future = self.plan.future(steps, now_ns)
        return future, len(steps) - len(future)

    def _trajectory(self, steps: list[PlannedStep], source: str, now_ns: int) -> Trajectory:
        self._sent_ns = now_ns
        waypoints = tuple(step.waypoint(self._latency_ns) for step in steps)
        return Trajectory(waypoints, source, steps[0].chunk.id)

    def _hand(self, steps: list[PlannedStep]) -> HandTrajectory | None:
        rows = [step.hand_position for step in steps]
        known = [row for row in rows if row is not None]
        if not known or not self._parameters.commands_hand:
            return None
        times_ns = tuple(step.time_ns - self._latency_ns for step in steps)
        return HandTrajectory(steps[0].chunk.hand_joint_names, times_ns, np.array(known))
