"""Which policy may command: the newest heartbeat of each, and what is held against it."""

from __future__ import annotations

from dataclasses import dataclass

from takt_teleop.inputs import Heartbeat, PolicyState
from takt_teleop.transitions import Event
from takt_teleop.watchdogs import FUTURE_NS, is_overtaken


@dataclass(frozen=True)
class Words:
    """What a commander is called, and the events by which it ends."""

    noun: str
    lost: Event
    waits: Event
    ended: Event


POLICY_WORDS = Words("policy ", Event.POLICY_LOST, Event.POLICY_WAITS, Event.POLICY_ENDED)
# A planned motion that waits is over.
MOTION_WORDS = Words("", Event.MOTION_LOST, Event.MOTION_ENDED, Event.MOTION_ENDED)


class PolicyWatch:
    """Heartbeats by name of the policy; at most one policy is active at any time.

    A run can be *blocked*: it does not command again until the operator releases, or until a
    new run begins. A pause is a block of everything that only the operator lifts.
    """

    def __init__(self, timeout_ns: int, words: Words = POLICY_WORDS) -> None:
        self._timeout_ns = timeout_ns
        self._words = words
        self._newest: dict[str, Heartbeat] = {}
        self._blocked: dict[str, tuple[int, str]] = {}
        self._pause = ""
        self.active = ""

    def update(self, heartbeat: Heartbeat) -> None:
        """Take note of a heartbeat; one that is a little older than the newest is ignored."""
        known = self._newest.get(heartbeat.policy)
        if known is not None and is_overtaken(heartbeat.stamp_ns, known.stamp_ns):
            return
        self._newest[heartbeat.policy] = heartbeat
        blocked = self._blocked.get(heartbeat.policy)
        if blocked is not None and (not _is_run(heartbeat) or heartbeat.run != blocked[0]):
            del self._blocked[heartbeat.policy]

    def block(self, policy: str, reason: str) -> None:
        """Hold something against the present run of a policy."""
        heartbeat = self._newest.get(policy)
        if heartbeat is not None and _is_run(heartbeat):
            self._blocked[policy] = (heartbeat.run, reason)

    def block_all(self, reason: str) -> None:
        """Hold something against every present run."""
        for policy in self._newest:
            self.block(policy, reason)

    @property
    def has_failed(self) -> bool:
        """Whether the active one says so."""
        heartbeat = self._newest.get(self.active)
        return heartbeat is not None and heartbeat.state is PolicyState.FAILED

    @property
    def is_paused(self) -> bool:
        return bool(self._pause)

    def pause(self, reason: str) -> None:
        """Hold everything until ``release``."""
        self._pause = reason or "by the operator"

    def release(self) -> str:
        """Lift the pause and all blocks; what was lifted, in words."""
        lifted = [f"pause ({self._pause})"] if self._pause else []
        lifted += [f"{name}: {reason}" for name, (_, reason) in self._blocked.items()]
        self._pause = ""
        self._blocked.clear()
        return ", ".join(lifted)

    def forget(self) -> None:
        """Drop all heartbeats: their stamps no longer mean anything."""
        self._newest.clear()
        self.active = ""

    def runner(self, now_ns: int) -> str:
        """Name of the policy that may start to command now, or an empty text."""
        if self._pause:
            return ""
        ready = [
            name
            for name, heartbeat in self._newest.items()
            if heartbeat.state is PolicyState.RUNNING
            and self._is_fresh(heartbeat, now_ns)
            and name not in self._blocked
        ]
        return self.active if self.active in ready else next(iter(ready), "")

    def shadow(self, now_ns: int) -> str:
        """Name of the policy that would command if no person did, or an empty text."""
        heartbeat = self._newest.get(self.active)
        if heartbeat is not None and _is_run(heartbeat) and self._is_fresh(heartbeat, now_ns):
            return self.active
        return self.runner(now_ns)

    def trouble(self, now_ns: int) -> tuple[Event, str] | None:
        """Why the active policy must not go on commanding, or None."""
        heartbeat = self._newest.get(self.active)
        noun = self._words.noun
        if heartbeat is None or not self._is_fresh(heartbeat, now_ns):
            age = "never seen" if heartbeat is None else _age(now_ns - heartbeat.stamp_ns)
            limit_ms = self._timeout_ns / 1e6
            return self._words.lost, (
                f"{noun}heartbeat lost: {self.active}, {age}; allowed are {limit_ms:.0f} ms"
            )
        why = f": {heartbeat.reason}" if heartbeat.reason else ""
        if heartbeat.state is PolicyState.WAITING:
            return self._words.waits, f"{noun}{self.active} waits{why}"
        if heartbeat.state is not PolicyState.RUNNING:
            return self._words.ended, f"{noun}{self.active} is {heartbeat.state.name}{why}"
        return None

    def _is_fresh(self, heartbeat: Heartbeat, now_ns: int) -> bool:
        return -FUTURE_NS <= now_ns - heartbeat.stamp_ns <= self._timeout_ns


def _is_run(heartbeat: Heartbeat) -> bool:
    return heartbeat.state in (PolicyState.RUNNING, PolicyState.WAITING)


def _age(age_ns: int) -> str:
    return f"the last one {age_ns / 1e6:.0f} ms ago"
