"""Whatever happens, in whatever order: what must always hold of the arbiter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from teleop_world import MS, World, distance_m

from takt_core.chunk import ActionChunk
from takt_core.trajectory import Trajectory
from takt_teleop.commanders import Origin
from takt_teleop.effects import ModeChange, StepRecord
from takt_teleop.inputs import Button, PolicyState
from takt_teleop.transitions import Event, Mode, next_mode

_SOURCES = {
    Mode.POLICY: {"policy"},
    Mode.SHARED: {"shared"},
    Mode.HUMAN: {"human"},
    Mode.HOLD: {"hold"},
    Mode.GUIDE: {"hold"},
    Mode.STOPPED: {"hold"},
    Mode.MOTION: {"motion"},
}
_REQUESTS = (
    Event.TAKE_OVER,
    Event.RELEASE,
    Event.GUIDE,
    Event.PAUSE,
    Event.STOP,
    Event.RESET,
)


class ArbiterMachine(RuleBasedStateMachine):
    """Random worlds; every effect is judged as it is decided."""

    @initialize(shared=st.booleans(), explicit=st.booleans())
    def begin(self, shared: bool, explicit: bool) -> None:
        self.world = World(shared=shared, require_explicit_run=explicit)
        self.judged = 0
        self.mode = Mode.HOLD
        self.epoch = self.world.arbiter.epoch
        self.stale: list[ActionChunk] = []
        self.record_ns = 0
        self.world.step(30)

    @rule()
    def all_well(self) -> None:
        """Without this the machine would sit in HOLD and STOPPED most of the time."""
        world = self.world
        world.arm_fault, world.arm_alive = "", True
        world.motion_state = None
        world.ask(Event.RESET)
        world.step(10)
        if world.mode is not Mode.HUMAN:
            world.ask(Event.RELEASE)
        world.run_policy()
        world.send(world.chunk())

    @rule(milliseconds=st.sampled_from([10, 20, 50, 130, 400]))
    def wait(self, milliseconds: int) -> None:
        self.world.step(milliseconds)

    @rule(state=st.sampled_from([None, *PolicyState, PolicyState.RUNNING]), new_run=st.booleans())
    def policy(self, state: PolicyState | None, new_run: bool) -> None:
        self.world.policy_state = state
        self.world.run += int(new_run)

    @rule(state=st.sampled_from([None, PolicyState.READY, PolicyState.RUNNING]))
    def motion(self, state: PolicyState | None) -> None:
        world = self.world
        if state is PolicyState.RUNNING and world.motion_state is not state:
            world.motion_run += 1
        world.motion_state = state

    @rule(jump_rad=st.sampled_from([0.0, 0.0, 0.8]), policy=st.sampled_from(["motion", "peg"]))
    def motion_chunk(self, jump_rad: float, policy: str) -> None:
        world = self.world
        joints = np.linspace(0.0, 0.02, 8)[:, None] + np.zeros(7) + jump_rad
        world.send(world.chunk(policy=policy, joint_position=joints), Origin.MOTION)
        if world.mode is Mode.MOTION:
            world.step(50)

    @rule(late_ms=st.integers(-900, 200), jump_m=st.sampled_from([0.0, 0.0, 0.03, 0.5]))
    def chunk(self, late_ms: int, jump_m: float) -> None:
        world = self.world
        chunk = world.chunk(
            start_ns=world.now_ns + late_ms * MS, step_m=np.array([jump_m or 0.004, 0.0, 0.0])
        )
        world.send(chunk)
        self.stale.append(chunk)
        if self.world.mode in (Mode.POLICY, Mode.SHARED):
            self.world.step(50)

    @rule(index=st.integers(0, 30))
    def chunk_again(self, index: int) -> None:
        """A chunk of an older epoch never comes back."""
        epoch, start_ns = self.world.arbiter.epoch, self.world.now_ns + 50 * MS
        old = [chunk for chunk in self.stale if chunk.epoch < epoch]
        if old:
            chunk = replace(old[index % len(old)], start_ns=start_ns)
            before = [c.event for c in self.world.all(ModeChange)]
            effects = self.world.send(chunk)
            if [c.event for c in self.world.all(ModeChange)] == before:
                sent = [e for e in effects if isinstance(e, Trajectory) and e.waypoints]
                assert all(trajectory.source == "human" for trajectory in sent)

    @rule(event=st.sampled_from(_REQUESTS))
    def request(self, event: Event) -> None:
        self.world.ask(event, operator_id="ada")

    @rule(
        speed=st.sampled_from([0.0, 0.01, 0.1, 3.0]),
        button=st.sampled_from(Button),
    )
    def device(self, speed: float, button: Button) -> None:
        self.world.device(np.array([0.0, speed, speed, 0.0, 0.0, speed]), button)

    @rule(fault=st.sampled_from(["", "SINGULAR_MASS"]), alive=st.booleans())
    def arm(self, fault: str, alive: bool) -> None:
        self.world.arm_fault, self.world.arm_alive = fault, alive

    @invariant()
    def judge(self) -> None:
        if not hasattr(self, "world"):
            return
        for i, (now_ns, effect) in enumerate(self.world.log[self.judged :], self.judged):
            if isinstance(effect, ModeChange):
                self._judge_change(effect)
                if effect.mode is Mode.HUMAN:
                    self._judge_takeover(i)
            elif isinstance(effect, Trajectory):
                self._judge_trajectory(now_ns, effect)
            elif isinstance(effect, StepRecord):
                self._judge_record(now_ns, effect)
        self.judged = len(self.world.log)
        assert self.world.mode is self.mode
        if self.mode in (Mode.POLICY, Mode.SHARED):
            # The bound on a lost heartbeat, and one step of this world.
            timeout_ns = round(self.world.parameters.policy_timeout_s * 1e9)
            assert self.world.now_ns - self.world.last_beat_ns <= timeout_ns + 10 * MS

    def _judge_change(self, change: ModeChange) -> None:
        assert change.previous is self.mode
        assert change.event is not None
        assert next_mode(self.mode, change.event) is change.mode
        assert change.epoch == self.epoch + 1
        assert change.reason
        self.mode, self.epoch = change.mode, change.epoch

    def _judge_takeover(self, index: int) -> None:
        """The first thing sent after a takeover goes on from where the target was reported."""
        later = (effect for _, effect in self.world.log[index:])
        trajectory = next(effect for effect in later if isinstance(effect, Trajectory))
        if not trajectory.waypoints:
            return  # there is no device: the arm holds
        first = trajectory.waypoints[0]
        report = self.world.reports[index]
        ahead_s = (first.time_ns - report.stamp_ns) / 1e9 + 0.02
        way_m = distance_m(first.base_from_tcp, report.target)
        reach_m = self.world.parameters.human_acceleration_m_s2 * ahead_s**2 / 2
        assert way_m <= np.linalg.norm(report.target_twist[:3]) * ahead_s + reach_m + 1e-9

    def _judge_trajectory(self, now_ns: int, trajectory: Trajectory) -> None:
        assert trajectory.source in _SOURCES[self.mode]
        times = [waypoint.time_ns for waypoint in trajectory.waypoints]
        assert all(time_ns > now_ns for time_ns in times)
        assert times == sorted(set(times))
        if self.mode in (Mode.HOLD, Mode.GUIDE, Mode.STOPPED):
            assert not times

    def _judge_record(self, now_ns: int, record: StepRecord) -> None:
        assert now_ns - 20 * MS <= record.time_ns <= now_ns
        assert record.time_ns >= self.record_ns
        assert record.mode is self.mode
        assert record.epoch == self.epoch
        assert record.mode in (Mode.POLICY, Mode.SHARED, Mode.HUMAN, Mode.MOTION)
        self.record_ns = record.time_ns
        if record.mode is Mode.HUMAN:
            assert record.base is None
        else:
            assert record.base is not None
            assert record.overridden is None
            assert record.chunk_id > 0
            correction = 0.0 if record.residual is None else np.linalg.norm(record.residual[:3])
            assert abs(distance_m(record.executed, record.base) - correction) < 1e-9


ArbiterMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestArbiterMachine = ArbiterMachine.TestCase
