"""The real arbiter and the real session of planned motions around an arm that follows exactly."""

from __future__ import annotations

from concurrent.futures import Future
from itertools import pairwise
from typing import Any

import numpy as np

from takt_core.geometry import Array, Pose, interpolate_pose, pose_error
from takt_core.trajectory import Trajectory, Waypoint
from takt_motion.arm import MotionArm
from takt_motion.planning import Planned, Start
from takt_motion.request import Request
from takt_motion.session import MotionSession
from takt_motion.views import ArmView, ModeView, Output, Result
from takt_motion.workshop import make_workshop
from takt_teleop.arbiter import Arbiter
from takt_teleop.commanders import Origin
from takt_teleop.effects import Effect, ModeChange, StepRecord
from takt_teleop.inputs import ArmReport, DeviceCommand, Heartbeat, PolicyState
from takt_teleop.settings import ArbiterParameters
from takt_teleop.transitions import Event, Mode

MS = 1_000_000


class MotionWorld:
    """Simulated time, 10 ms at a time.

    Attributes:
        joints: (n,) of the arm, which follows waypoints of joints exactly; led by poses it follows
            by inverse kinematics.
        modes: every change of mode.
        results: of the goals.
        planning_ms: how long each plan takes.
    """

    def __init__(self, urdf_xml: str, parameters: Any, joints: Array) -> None:
        self.now_ns = 1_000 * MS
        self.arm = MotionArm(urdf_xml, parameters.tool_frame, parameters.joint_names)
        self.workshop = make_workshop(parameters, urdf_xml)
        self.arbiter = Arbiter(ArbiterParameters(), self.now_ns)
        self.session = MotionSession(parameters, self._submit)
        self.joints = np.array(joints)
        self.velocity = np.zeros_like(self.joints)
        self.target = self.arm.pose(self.joints)
        self.modes: list[ModeChange] = []
        self.records: list[StepRecord] = []
        self.sent: list[tuple[int, Trajectory]] = []
        self.results: list[Result] = []
        self.path: list[Array] = []
        self.planning_ms = 100
        self.node_alive = True
        self.policy_runs = False
        self._follows_joints = False
        self._waypoints: list[Waypoint] = []
        self._jobs: list[tuple[int, Future[Planned], Start, Request]] = []
        self._apply(self.arbiter.start())
        self.step(50)

    def step(self, milliseconds: int = 10) -> None:
        for _ in range(max(milliseconds // 10, 1)):
            self.now_ns += 10 * MS
            self._move()
            self._report()
            if self.policy_runs:
                beat = Heartbeat(self.now_ns, "peg", PolicyState.RUNNING, run=1)
                self._apply(self.arbiter.heartbeat(beat, self.now_ns))
            self._plan()
            if self.node_alive:
                self._tick_session()
            self._apply(self.arbiter.tick(self.now_ns))

    def until_result(self, limit_s: float = 30.0) -> Result:
        before = len(self.results)
        for _ in range(round(limit_s * 100)):
            if len(self.results) > before:
                return self.results[-1]
            self.step()
        raise AssertionError(f"no result within {limit_s} s; modes {self.events}")

    def until_moving(self) -> None:
        for _ in range(400):
            if np.abs(self.velocity).max() > 0.1:
                return
            self.step()
        raise AssertionError(f"nothing moved; modes {self.events}, results {self.results}")

    def go(self, request: Request) -> str:
        """A goal, as the node takes it; the refusal or an empty text."""
        refusal = self.session.refusal(self.now_ns)
        if not refusal:
            before = self.session.begin(request, self.now_ns)
            self.results += [] if before is None else [before]
        return refusal

    def ask(self, event: Event) -> None:
        self._apply(self.arbiter.request(event, self.now_ns)[2])

    def device(self, twist: Array) -> None:
        command = DeviceCommand(self.now_ns, twist, "keyboard")
        self._apply(self.arbiter.device(command, self.now_ns))

    @property
    def mode(self) -> Mode:
        return self.arbiter.mode

    @property
    def events(self) -> list[Event | None]:
        return [change.event for change in self.modes]

    # --- the parts ------------------------------------------------------------------------

    def _submit(self, start: Start, request: Request) -> Future[Planned]:
        job: Future[Planned] = Future()
        self._jobs.append((self.now_ns + self.planning_ms * MS, job, start, request))
        return job

    def _plan(self) -> None:
        due = [entry for entry in self._jobs if entry[0] <= self.now_ns]
        self._jobs = [entry for entry in self._jobs if entry[0] > self.now_ns]
        for _, job, start, request in due:
            if not job.set_running_or_notify_cancel():
                continue
            try:
                job.set_result(self.workshop.plan(start, request))
            except Exception as error:
                job.set_exception(error)

    def _tick_session(self) -> None:
        output: Output = self.session.tick(self.now_ns)
        if output.running or self.session.run:
            state = PolicyState.RUNNING if output.running else PolicyState.READY
            if output.result is not None and not output.result.success:
                state = PolicyState.FAILED
            beat = Heartbeat(self.now_ns, "motion", state, run=self.session.run)
            self._apply(self.arbiter.heartbeat(beat, self.now_ns, Origin.MOTION))
        if output.chunk is not None:
            self._apply(self.arbiter.chunk(output.chunk, self.now_ns, Origin.MOTION))
        if output.result is not None:
            self.results.append(output.result)

    def _report(self) -> None:
        pose = self.arm.pose(self.joints)
        target = pose if self._follows_joints else self.target
        report = ArmReport(self.now_ns, target, np.zeros(6), joints=self.joints)
        self._apply(self.arbiter.arm(report, self.now_ns))
        self.session.arm(
            ArmView(self.now_ns, self.joints, self.velocity, self.joints, target, pose)
        )

    def _apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, ModeChange):
                self.modes.append(effect)
                view = ModeView(int(effect.mode), effect.epoch, effect.reason)
                self.session.mode(view)
            elif isinstance(effect, Trajectory):
                self._follow(effect)
            elif isinstance(effect, StepRecord):
                self.records.append(effect)

    def _follow(self, trajectory: Trajectory) -> None:
        self.sent.append((self.now_ns, trajectory))
        new = list(trajectory.waypoints)
        if not new:
            self._waypoints = []
            return
        if self._follows_joints and new[0].joint_position is None:
            self.target = self.arm.pose(self.joints)
        self._follows_joints = new[0].joint_position is not None
        kept = [w for w in self._waypoints if w.time_ns < new[0].time_ns]
        here = Waypoint(self.now_ns, self.target, joint_position=self.joints)
        kept = [w for w in kept if (w.joint_position is None) != self._follows_joints]
        self._waypoints = [*(kept or [here]), *new]

    def _move(self) -> None:
        before = self.joints
        for first, second in pairwise(self._waypoints):
            if first.time_ns <= self.now_ns <= second.time_ns:
                share = (self.now_ns - first.time_ns) / (second.time_ns - first.time_ns)
                self._reach(first, second, share)
                break
        self.velocity = (self.joints - before) / 0.01
        self.path.append(self.joints)

    def _reach(self, first: Waypoint, second: Waypoint, share: float) -> None:
        if first.joint_position is not None and second.joint_position is not None:
            way = second.joint_position - first.joint_position
            self.joints = first.joint_position + share * way
            return
        self.target = interpolate_pose(first.base_from_tcp, second.base_from_tcp, share)
        solved = self.arm.solve(self.target, self.joints)
        assert solved is not None
        self.joints = solved


def distance_m(a: Pose, b: Pose) -> float:
    return float(np.linalg.norm(pose_error(a, b)[:3]))
