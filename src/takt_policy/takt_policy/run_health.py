"""Whether a run is RUNNING or WAITING, and the reason in words.

What was committed with open eyes may be executed to its end; only then does missing input, or
a plan that failed, mean that the robot has to hold. A run that waits because plans fail is not
RUNNING before a good one: else the arbiter would go to and fro with every attempt.
"""

from __future__ import annotations

from takt_policy.schedules import Schedule

PATIENCE_NS = 100_000_000
"""An input may be missing for this long before a run with nothing to execute waits [ns].

One lost message must not make the arbiter hold the robot.
"""


class RunHealth:
    """What is held against one run.

    Attributes:
        waits: whether there is nothing to execute, and no plan to be expected.
        reason: of it, or what else is to be said; empty if all is well.
        failures: plans that failed, one after the other.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new run."""
        self.waits = True
        self.reason = "gathering observations"
        self.failures = 0
        self._missing = self._failed = self._fast = self._slow = ""
        self._covered_until_ns = self._seen_ns = 0

    def discarded(self) -> None:
        """What was committed is not executed any more."""
        self._covered_until_ns = 0

    def restarted(self) -> None:
        """Times from before mean nothing any more."""
        self._covered_until_ns = self._seen_ns = 0

    def observed(self, now_ns: int) -> None:
        """All inputs are there."""
        self._missing = ""
        self._seen_ns = now_ns
        self._judge(now_ns)

    def missing(self, reason: str, now_ns: int) -> None:
        """A plan is wanted, but an input is missing."""
        self._missing = reason
        self._judge(now_ns)

    def failed(self, reason: str, now_ns: int) -> None:
        """A plan failed."""
        self.failures += 1
        self._failed = reason
        self._judge(now_ns)

    def over_budget(self, reason: str, now_ns: int) -> None:
        """A plan comes too late, or not at all."""
        self._failed = f"over budget: {reason}"
        self._judge(now_ns)

    def committed(self, end_ns: int, now_ns: int) -> None:
        """There is something to execute until then [ns]."""
        self.failures = 0
        self._failed = ""
        self._covered_until_ns = end_ns
        self._judge(now_ns)

    def reflex(self, trouble: str) -> None:
        """Why the chunk is executed without the newest reflex; empty if it is not."""
        self._fast = trouble

    def load(self, schedule: Schedule) -> None:
        """How the machine keeps the rate that is asked for."""
        self._slow = ""
        if schedule.load > 1.0:
            expected_s, budget_s = schedule.expected_delay_ns * 1e-9, schedule.budget_ns * 1e-9
            self._slow = (
                f"the machine cannot keep up: plans take up to {expected_s:.2f} s, allowed are "
                f"{budget_s:.2f} s; take fewer sampler_steps, or execute more of each chunk"
            )

    def look(self, now_ns: int) -> None:
        """To be called with every tick: time alone can turn patience into waiting."""
        self._judge(now_ns)

    def _judge(self, now_ns: int) -> None:
        if not (self._missing or self._failed):
            if self._seen_ns:
                self.waits = False
                self.reason = f"no reflex: {self._fast}" if self._fast else self._slow
            return
        patient_until_ns = self._covered_until_ns
        if self._missing and not self._failed:
            patient_until_ns = max(patient_until_ns, self._seen_ns + PATIENCE_NS)
        self.waits = self.waits or now_ns >= patient_until_ns
        trouble = self._failed or self._missing
        self.reason = trouble if self.waits else f"no new plan: {trouble}"
