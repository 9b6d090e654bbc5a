"""Reflexes: revisions of the chunk that is being executed, at the rate of the fast observations."""

from __future__ import annotations

from collections.abc import Callable

from takt_core.chunk import ActionChunk
from takt_policy.chunks import revise_chunk
from takt_policy.jobs import Reflex, reflex_job
from takt_policy.loaded import LoadedPolicy
from takt_policy.observation import Missing


class ReflexLoop:
    """Starts one reflex after the other while there is something ahead to be revised.

    Args:
        submit: hands a job to the reflexes' own worker; its result comes back through ``finish``.
        clock: ROS time [ns].

    Attributes:
        trouble: why the chunk goes on without the newest reflex, empty if it does not.
    """

    def __init__(
        self, submit: Callable[[Callable[[], Reflex]], None], clock: Callable[[], int]
    ) -> None:
        self._submit = submit
        self._clock = clock
        self._busy = False
        self._next_ns = 0
        self.trouble = ""

    def begin(self) -> None:
        """A new run, or a new time."""
        self._next_ns = 0
        self.trouble = ""

    def tick(self, policy: LoadedPolicy, chunk: ActionChunk, now_ns: int) -> None:
        """Starts a reflex if it is time; never waits for one.

        Args:
            chunk: the newest revision of the one being executed.
        """
        base, schedule = policy.schedule.current, policy.schedule
        if base is None or not policy.engine.has_reflex:
            return
        if self._busy or now_ns < self._next_ns or not schedule.is_ahead(now_ns):
            return
        self._next_ns = max(self._next_ns + policy.period_ns, now_ns)
        fast = policy.observe_fast(now_ns, base.reference_pose)
        if fast is None or isinstance(fast, Missing):
            self.trouble = "" if fast is None else fast.reason
            return
        self._busy = True
        self._submit(reflex_job(policy, chunk, base, fast, now_ns, self._clock))

    def finish(
        self, reflex: Reflex, active: LoadedPolicy | None, now_ns: int
    ) -> ActionChunk | None:
        """What of a finished reflex to publish now, if anything.

        Args:
            active: the policy that runs.
        """
        self._busy = False
        if active is None or reflex.policy is not active:
            return None
        if reflex.prediction is None:
            self.trouble = reflex.error
            return None
        commit = active.schedule.revised(reflex.base, reflex.prediction, now_ns)
        if commit is None:
            return None
        self.trouble = ""
        return revise_chunk(reflex, commit, now_ns)
