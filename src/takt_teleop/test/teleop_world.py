"""A world for tests of the arbiter: an arm that follows exactly, a policy, a device."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from takt_core.chunk import ActionChunk
from takt_core.geometry import Array, Pose, interpolate_pose, pose_error
from takt_core.trajectory import Trajectory, Waypoint
from takt_teleop.arbiter import Arbiter
from takt_teleop.commanders import Origin
from takt_teleop.effects import Effect, ModeChange, StepRecord
from takt_teleop.inputs import ArmReport, Button, DeviceCommand, Heartbeat, PolicyState
from takt_teleop.settings import ArbiterParameters
from takt_teleop.transitions import Event, Mode

T = TypeVar("T")
MS = 1_000_000
DOWN = np.array([1.0, 0.0, 0.0, 0.0])
HOME = Pose(np.array([0.45, 0.0, 0.25]), DOWN)


class World:
    """Simulated time; ``log`` has every effect with the time at which it was decided.

    ``reports`` has, for each entry of the log, what the arbiter had last been told of the arm.
    """

    def __init__(self, **parameters: Any) -> None:
        self.parameters = ArbiterParameters(**parameters)
        self.now_ns = 1_000 * MS
        self.arbiter = Arbiter(self.parameters, self.now_ns)
        self.log: list[tuple[int, Effect]] = []
        self.last_beat_ns = 0
        self.target = HOME
        self.twist: Array = np.zeros(6)
        self.policy_state: PolicyState | None = None
        self.run = 0
        self.motion_state: PolicyState | None = None
        self.motion_run = 0
        self.joints: Array = np.zeros(7)
        self.arm_alive = True
        self.arm_fault = ""
        self.rejected = 0
        self.chunks = 0
        self._waypoints: list[Waypoint] = []
        self._from: tuple[int, Pose] = (self.now_ns, HOME)
        self.known = self.report()
        self.reports: list[ArmReport] = []

    # --- time ---------------------------------------------------------------------------

    def step(self, milliseconds: int = 10) -> None:
        """Let time pass in steps of ten milliseconds: arm, heartbeat, tick."""
        for _ in range(max(milliseconds // 10, 1)):
            self.now_ns += 10 * MS
            self._move()
            if self.arm_alive:
                self.known = self.report()
                self.apply(self.arbiter.arm(self.known, self.now_ns))
            if self.policy_state is not None:
                self.beat()
            if self.motion_state is not None:
                self.beat_motion()
            self.apply(self.arbiter.tick(self.now_ns))

    def apply(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            self.log.append((self.now_ns, effect))
            self.reports.append(self.known)
            if isinstance(effect, Trajectory):
                self._from = (self.now_ns, self.target)
                self._waypoints = list(effect.waypoints)
        return effects

    def _move(self) -> None:
        before = self.target
        points = [(self._from[0], self._from[1])]
        points += [(w.time_ns, w.base_from_tcp) for w in self._waypoints]
        for (t0, a), (t1, b) in pairwise(points):
            if t0 <= self.now_ns <= t1:
                self.target = interpolate_pose(a, b, (self.now_ns - t0) / (t1 - t0))
        if self._waypoints and self.now_ns > self._waypoints[-1].time_ns:
            self.target = self._waypoints[-1].base_from_tcp
        self.twist = pose_error(self.target, before) / 0.01

    # --- inputs -------------------------------------------------------------------------

    def report(self) -> ArmReport:
        return ArmReport(
            self.now_ns,
            self.target,
            self.twist,
            fault=self.arm_fault,
            rejected=self.rejected,
            last_rejection="too far" if self.rejected else "",
            joints=self.joints,
        )

    def beat(self, policy: str = "peg") -> list[Effect]:
        assert self.policy_state is not None
        self.last_beat_ns = self.now_ns
        heartbeat = Heartbeat(self.now_ns, policy, self.policy_state, "because", self.run)
        return self.apply(self.arbiter.heartbeat(heartbeat, self.now_ns))

    def beat_motion(self) -> list[Effect]:
        assert self.motion_state is not None
        beat = Heartbeat(self.now_ns, "motion", self.motion_state, "because", self.motion_run)
        return self.apply(self.arbiter.heartbeat(beat, self.now_ns, Origin.MOTION))

    def run_motion(self) -> None:
        """A planned motion is offered, and the arbiter sees it."""
        self.motion_run += 1
        self.motion_state = PolicyState.RUNNING
        self.step(20)

    def run_policy(self) -> None:
        """A run begins, and the arbiter sees it."""
        self.run += 1
        self.policy_state = PolicyState.RUNNING
        self.step(20)

    def chunk(self, **changes: Any) -> ActionChunk:
        """A chunk that moves on from the present target by 5 mm per action in x."""
        self.chunks += 1
        count = changes.pop("count", 8)
        velocity = changes.pop("step_m", np.array([0.005, 0.0, 0.0]))
        start = changes.pop("origin", self.target)
        poses = tuple(
            Pose(start.position_m + (i + 1) * velocity, start.quaternion_xyzw) for i in range(count)
        )
        values: dict[str, Any] = {
            "id": self.chunks,
            "epoch": self.arbiter.epoch,
            "policy": "peg",
            "policy_hash": "abc",
            "goal": "insert",
            "start_ns": self.now_ns + 100 * MS,
            "step_ns": 100 * MS,
            "poses": poses,
            "gripper_width_m": None,
            "stiffness": None,
            "first_index": 1,
            "observed_newest_ns": self.now_ns,
            "observed_oldest_ns": self.now_ns,
            "reference_ns": self.now_ns,
            "reference_pose": self.target,
            "inference_start_ns": self.now_ns,
            "inference_end_ns": self.now_ns,
            "inference_wall_ns": 0,
            "published_ns": self.now_ns,
            "network_calls": 16,
            "raw": np.zeros((16, 9), np.float32),
            "scores": np.array([0.5], np.float32),
            "uncertainty": 0.25,
        }
        return ActionChunk(**{**values, **changes})

    def send(
        self, chunk: ActionChunk | None = None, origin: Origin = Origin.POLICY
    ) -> list[Effect]:
        chunk = self.chunk() if chunk is None else chunk
        return self.apply(self.arbiter.chunk(chunk, self.now_ns, origin))

    def device(
        self, twist: Array | None = None, button: Button = Button.NONE, **fields: Any
    ) -> list[Effect]:
        values = np.zeros(6) if twist is None else np.asarray(twist, dtype=np.float64)
        command = DeviceCommand(self.now_ns, values, "keyboard", button=button, **fields)
        return self.apply(self.arbiter.device(command, self.now_ns))

    def ask(self, event: Event, **fields: str) -> tuple[bool, str]:
        success, message, effects = self.arbiter.request(event, self.now_ns, **fields)
        self.apply(effects)
        return success, message

    # --- questions ----------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        return self.arbiter.mode

    def all(self, kind: type[T]) -> list[T]:
        return [effect for _, effect in self.log if isinstance(effect, kind)]

    def last(self, kind: type[T]) -> T:
        return self.all(kind)[-1]

    @property
    def events(self) -> list[Event | None]:
        return [change.event for change in self.all(ModeChange)]

    @property
    def records(self) -> list[StepRecord]:
        return self.all(StepRecord)


def distance_m(a: Pose, b: Pose) -> float:
    return float(np.linalg.norm(a.position_m - b.position_m))
