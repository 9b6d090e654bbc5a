"""Who may command without a person: policies, and the node that plans motions."""

from __future__ import annotations

from enum import Enum

from takt_teleop.inputs import Heartbeat
from takt_teleop.policy_watch import MOTION_WORDS, POLICY_WORDS, PolicyWatch
from takt_teleop.settings import ArbiterParameters
from takt_teleop.transitions import BLOCKING, POLICY_MODES, Event, Mode


class Origin(Enum):
    """Where chunks and heartbeats come from; the values are the prefixes of their topics."""

    POLICY = "policy"
    MOTION = "motion"


class Commanders:
    """Both kinds of commanders, and what is held against their runs.

    A planned motion is asked for by a person or a program that waits for it, so it goes before
    a policy that could start as well; it never interrupts one.
    """

    def __init__(self, parameters: ArbiterParameters) -> None:
        timeout_ns = round(parameters.policy_timeout_s * 1e9)
        self._parameters = parameters
        self._policies = PolicyWatch(timeout_ns, POLICY_WORDS)
        self._motions = PolicyWatch(timeout_ns, MOTION_WORDS)

    def update(self, origin: Origin, heartbeat: Heartbeat) -> None:
        self._watch(origin).update(heartbeat)

    def forget(self) -> None:
        self._policies.forget()
        self._motions.forget()

    def start(self, now_ns: int) -> tuple[Event, str] | None:
        """Who begins to command now, if the mode is HOLD and the arm is well."""
        if self._policies.is_paused:
            return None
        motion = self._motions.runner(now_ns)
        if motion:
            self._motions.active = motion
            return Event.MOTION_RUNS, f"{motion} runs"
        policy = self._policies.runner(now_ns)
        if not policy:
            return None
        self._policies.active = policy
        shared = self._parameters.shared
        event = Event.POLICY_RUNS_SHARED if shared else Event.POLICY_RUNS
        return event, f"policy {policy} runs"

    def trouble(self, mode: Mode, now_ns: int) -> tuple[Event, str] | None:
        """Why the one that commands in this mode must not go on."""
        if mode is Mode.MOTION:
            return self._motions.trouble(now_ns)
        return self._policies.trouble(now_ns) if mode in POLICY_MODES else None

    def expected(self, mode: Mode, origin: Origin, now_ns: int) -> str:
        """Whose chunks from there count in this mode; empty: nobody's."""
        if origin is Origin.MOTION:
            return self._motions.active if mode is Mode.MOTION else ""
        if mode in POLICY_MODES:
            return self._policies.active
        return self._policies.shadow(now_ns) if mode is Mode.HUMAN else ""

    def pause(self, reason: str) -> None:
        """Nobody starts before ``release``."""
        self._policies.pause(reason)

    def release(self) -> str:
        """Lift the pause and what is held against policies; what was lifted, in words."""
        return self._policies.release()

    def left(self, mode: Mode, event: Event, reason: str) -> None:
        """Hold the event by which a mode is left against the runs that it concerns."""
        if event is Event.STOP:
            self._policies.block_all(reason)
            self._motions.block_all(reason)
        elif mode is Mode.MOTION:
            # Whoever asked for a motion asks again; it never goes on by itself. A policy that waits
            # for its end must not start where a motion broke off.
            self._motions.block_all(reason)
            if event is not Event.MOTION_ENDED or self._motions.has_failed:
                self._policies.block_all(reason)
        elif mode in POLICY_MODES and (event in BLOCKING or self._parameters.require_explicit_run):
            self._policies.block(self._policies.active, reason)

    def source(self, mode: Mode) -> str:
        """As records and trajectories name it."""
        prefix = self._parameters.replay_prefix
        if mode is Mode.POLICY and self._policies.active.startswith(prefix):
            return "replay"
        return mode.name.lower()

    def _watch(self, origin: Origin) -> PolicyWatch:
        return self._policies if origin is Origin.POLICY else self._motions
