"""The arbiter: who commands the robot, and what is sent. Without ROS; time is an argument.

Every public method takes the present ROS time and returns the effects in the order in which
they are to be published. The arbiter never reads a clock and never waits.
"""

from __future__ import annotations

from dataclasses import replace

from takt_core.chunk import ActionChunk
from takt_core.trajectory import HandTrajectory, Trajectory, Waypoint
from takt_teleop.commanders import Commanders, Origin
from takt_teleop.effects import Effect, ModeChange, Notice, SetGuide
from takt_teleop.human_driver import HumanDriver
from takt_teleop.inputs import ArmReport, Button, DeviceCommand, Heartbeat
from takt_teleop.motion_trigger import MotionTrigger
from takt_teleop.policy_driver import PolicyDriver
from takt_teleop.records import Context, due_records, human_record
from takt_teleop.settings import ArbiterParameters
from takt_teleop.stall import StallWatch
from takt_teleop.transitions import CHUNK_MODES, Event, Mode, next_mode
from takt_teleop.watchdogs import ArmWatch

# ROS time that goes back by less is jitter between messages of /clock, not a restart.
_CLOCK_JITTER_NS = 50_000_000
_BUTTON_EVENTS = {
    Button.TAKE_OVER: Event.TAKE_OVER,
    Button.RELEASE: Event.RELEASE,
    Button.STOP: Event.STOP,
}


class Arbiter:
    """State machine between policies, planned motions, an operator, and one arm.

    Attributes:
        mode, reason, epoch: as published in takt_msgs/ControlMode.
        discarded_chunks: of another epoch, another policy, overtaken by a later one, or of
            somebody who does not command.
        late_actions: actions whose time had passed when their chunk arrived.
    """

    def __init__(self, parameters: ArbiterParameters, now_ns: int) -> None:
        self.mode = Mode.HOLD
        self.reason = "started"
        self.epoch = 1
        self.discarded_chunks = 0
        self.late_actions = 0
        self._parameters = parameters
        self._commanders = Commanders(parameters)
        self._arm = ArmWatch(round(parameters.arm_timeout_s * 1e9))
        self._policy = PolicyDriver(parameters, now_ns)
        self._human = HumanDriver(parameters)
        self._trigger = MotionTrigger(parameters)
        self._device: DeviceCommand | None = None
        self._operator_id = ""
        self._words = ""
        self._hand_moves = False
        self._now_ns = self._epoch_start_ns = self._next_stream_ns = now_ns
        self._stall = StallWatch(round(1e9 / parameters.tick_hz), now_ns)
        self._effects: list[Effect] = []

    # --- inputs -------------------------------------------------------------------------

    def start(self) -> list[Effect]:
        """The mode at start, for late subscribers."""
        return [ModeChange(self._now_ns, self.mode, self.mode, None, self.reason, self.epoch)]

    def heartbeat(
        self, heartbeat: Heartbeat, now_ns: int, origin: Origin = Origin.POLICY
    ) -> list[Effect]:
        self._enter(now_ns)
        self._commanders.update(origin, heartbeat)
        return self._finish()

    def arm(self, report: ArmReport, now_ns: int) -> list[Effect]:
        self._enter(now_ns)
        self._arm.update(report)
        return self._finish()

    def commanders(self, others: str, now_ns: int) -> list[Effect]:
        """Who else publishes on the command topic, in words; empty if nobody does."""
        self._enter(now_ns)
        self._arm.other_commanders = others
        return self._finish()

    def chunk(
        self, chunk: ActionChunk, now_ns: int, origin: Origin = Origin.POLICY
    ) -> list[Effect]:
        self._enter(now_ns)
        self._supervise()
        self._take_chunk(chunk, origin)
        return self._finish()

    def bad_chunk(self, reason: str, now_ns: int, origin: Origin = Origin.POLICY) -> list[Effect]:
        """Something that is no chunk: not finite, of the wrong length."""
        self._enter(now_ns)
        if (self.mode is Mode.MOTION) is (origin is Origin.MOTION):
            self._fire(Event.CHUNK_REFUSED, f"chunk refused: {reason}")
        return self._finish()

    def device(self, command: DeviceCommand, now_ns: int) -> list[Effect]:
        self._enter(now_ns)
        self._supervise()
        # A stamp of another clock, far ahead, would never grow old: a dead device, still steering.
        command = replace(command, stamp_ns=min(command.stamp_ns, self._now_ns))
        self._device = command
        name = command.device or "the device"
        event = _BUTTON_EVENTS.get(command.button)
        if event is not None:
            reason = f"button of {name}"
            success, answer = self._ask(event, reason, command.operator_id, command.correction)
            self._effects += [] if success else [Notice(answer)]
        elif self.mode in (Mode.POLICY, Mode.MOTION) and self._trigger.moved(command):
            self._operator_id = command.operator_id
            self._fire(Event.DEVICE_MOVED, f"{name} was moved")
        if self.mode is Mode.HUMAN and self._arm.newest is not None:
            self._words = command.correction or self._words
            self._human.use(command, self._arm.newest, self._now_ns)
        return self._finish()

    def request(
        self, event: Event, now_ns: int, reason: str = "", operator_id: str = "", words: str = ""
    ) -> tuple[bool, str, list[Effect]]:
        """A service call: success, answer for the caller, effects."""
        self._enter(now_ns)
        self._supervise()
        success, answer = self._ask(event, reason, operator_id, words)
        return success, answer, self._finish()

    def tick(self, now_ns: int) -> list[Effect]:
        """Watchdogs, streaming and records; to be called at a steady rate."""
        self._enter(now_ns)
        self._stall.tick(self._now_ns)
        self._supervise()
        if self._now_ns >= self._next_stream_ns:
            self._stream()
        return self._finish()

    def _enter(self, now_ns: int) -> None:
        if now_ns < self._now_ns - _CLOCK_JITTER_NS:
            self._restart_clock(now_ns)
        self._now_ns = max(now_ns, self._now_ns)
        self._record()

    def _finish(self) -> list[Effect]:
        self._supervise()
        effects, self._effects = self._effects, []
        return effects

    def _restart_clock(self, now_ns: int) -> None:
        """All stamps are of another time: what was known is unknown again."""
        back_s = (self._now_ns - now_ns) / 1e9
        self._now_ns = self._epoch_start_ns = self._next_stream_ns = now_ns
        self._stall.restart(now_ns)
        self._commanders.forget()
        self._arm.forget()
        self._policy.begin(self._now_ns)
        self._human.clear()
        self._device = None
        self._fire(Event.CLOCK_JUMPED, f"ROS time went back by {back_s:.3f} s")

    # --- what leads to a change of mode ---------------------------------------------------

    def _ask(self, event: Event, why: str, operator_id: str, words: str) -> tuple[bool, str]:
        """An operator's wish: success and an answer in words."""
        trouble = self._arm.trouble(self._now_ns)
        if event in (Event.TAKE_OVER, Event.GUIDE) and trouble is not None:
            return False, f"{event.value} refused: {trouble[1]}"
        self._operator_id = operator_id or self._operator_id
        self._words = words or self._words
        lifted = ""
        if event is Event.PAUSE:
            self._commanders.pause(why)
        elif event is Event.RELEASE and self.mode is not Mode.STOPPED:
            lifted = self._commanders.release()
        before = self.mode
        if self._fire(event, f"{event.value}: {why}" if why else event.value):
            return True, f"{before.name} -> {self.mode.name}"
        if lifted:
            return True, f"lifted: {lifted}"
        if event is Event.PAUSE and self.mode is Mode.HOLD:
            return True, "HOLD; no policy starts before control/release"
        if event is Event.RESET and self.mode is Mode.HOLD:
            state = "nothing is latched" if trouble is None else trouble[1]
            return trouble is None, f"HOLD; {state}"
        answer = f"{event.value} changes nothing in {self.mode.name} ({self.reason})"
        return event is Event.STOP, answer

    def _supervise(self) -> None:
        """Stop what must not go on; start a policy that may."""
        now_ns = self._now_ns
        if self._stall.is_catching_up(now_ns):
            return
        trouble = self._arm.trouble(now_ns)
        if self.mode is Mode.HOLD:
            start = self._commanders.start(now_ns) if trouble is None else None
            if start is not None:
                self._fire(*start)
            return
        if self.mode in (*CHUNK_MODES, Mode.HUMAN):
            trouble = trouble or self._arm.rejection()
        if self.mode in CHUNK_MODES:
            trouble = trouble or self._commanders.trouble(self.mode, now_ns)
            trouble = trouble or self._policy.trouble(self._arm.newest, now_ns)
        if trouble is not None:
            self._fire(*trouble)

    def _fire(self, event: Event, reason: str) -> bool:
        """Go where the table says; False where it says that nothing changes."""
        target = next_mode(self.mode, event)
        if target is None:
            return False
        previous = self.mode
        self._commanders.left(previous, event, reason)
        if previous is Mode.HUMAN and event is Event.RELEASE and self._words:
            # The operator's words at release go into one last record of the takeover.
            last = Waypoint(self._now_ns, self._human.pose)
            shadow = self._policy.plan.at(self._now_ns)
            self._effects.append(human_record(last, shadow, self._context()))
        self.mode, self.reason = target, reason
        self.epoch += 1
        self._epoch_start_ns = self._now_ns
        self._effects.append(
            ModeChange(self._now_ns, target, previous, event, reason, self.epoch, self._operator_id)
        )
        self._go(previous, target)
        return True

    def _go(self, previous: Mode, target: Mode) -> None:
        self._policy.begin(self._now_ns)
        self._human.clear()
        self._trigger.rearm()
        if self._hand_moves:
            self._effects.append(HandTrajectory())
            self._hand_moves = False
        if previous is Mode.GUIDE:
            self._effects.append(SetGuide(False))
        if target is Mode.HUMAN and self._arm.newest is not None:
            self._human.engage(self._arm.newest, self._device, self._now_ns)
            self._stream()
        elif target in (Mode.HOLD, Mode.GUIDE, Mode.STOPPED):
            self._effects.append(Trajectory((), "hold"))
        if target is Mode.GUIDE:
            self._effects.append(SetGuide(True))
        if target in (Mode.HOLD, Mode.STOPPED):
            self._operator_id = self._words = ""

    # --- what is sent and recorded ------------------------------------------------------

    def _take_chunk(self, chunk: ActionChunk, origin: Origin) -> None:
        expected = self._commanders.expected(self.mode, origin, self._now_ns)
        is_of_epoch = chunk.epoch == self.epoch and chunk.reference_ns >= self._epoch_start_ns
        is_expected = chunk.policy == expected and not self._policy.is_overtaken(chunk)
        report = self._arm.newest
        if not (is_of_epoch and is_expected) or report is None:
            self.discarded_chunks += 1
        elif self.mode is Mode.HUMAN:
            self._policy.shadow(chunk, self._now_ns)
        else:
            self._follow(chunk, report)

    def _follow(self, chunk: ActionChunk, report: ArmReport) -> None:
        shared = self.mode is Mode.SHARED
        intake = self._policy.follow(chunk, report, self._source(), self._now_ns, shared)
        # Of what a revision has no time for, the chunk that it revises is executed.
        self.late_actions += 0 if chunk.revision else intake.late
        if intake.refusal:
            self._fire(Event.CHUNK_REFUSED, intake.refusal)
        if intake.trajectory is not None:
            self._effects.append(intake.trajectory)
        if intake.hand is not None:
            self._effects.append(intake.hand)
            self._hand_moves = True

    def _stream(self) -> None:
        trajectory = None
        if self.mode is Mode.HUMAN:
            trajectory = self._human.stream(self._now_ns)
            if trajectory is not None and not trajectory.waypoints:
                self._effects.append(Notice("the device is silent: holding until it is back"))
        elif self.mode is Mode.SHARED and self._arm.newest is not None:
            trajectory = self._policy.correct(
                self._now_ns, self._device, self._arm.newest.target, self._source()
            )
        if trajectory is not None:
            self._effects.append(trajectory)
        self._next_stream_ns = self._now_ns + round(1e9 / self._parameters.stream_hz)

    def _record(self) -> None:
        """One record for each action whose time has come."""
        self._effects += due_records(self._context(), self._policy.plan, self._human, self._now_ns)

    def _context(self) -> Context:
        return Context(self.mode, self._source(), self.epoch, self._operator_id, self._words)

    def _source(self) -> str:
        return self._commanders.source(self.mode)
