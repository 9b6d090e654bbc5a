"""How an evaluation goes on, for a person: a line that is rewritten, or lines now and then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TextIO

from takt_evaluation.cell import Job
from takt_evaluation.results import Episode

_REWRITE_S = 0.5
_LINE_S = 30.0


class TerminalProgress:
    """Writes to a terminal, or to a log where ``stream`` is no terminal.

    A cell's line stays as soon as its last episode has ended; in between there is the number
    of episodes, and how long the rest will take at the pace so far.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._rewrites = stream.isatty()
        self._left: Counter[str] = Counter()
        self._successes: Counter[str] = Counter()
        self._runs: Counter[str] = Counter()
        self._labels: dict[str, str] = {}
        self._total = self._done = 0
        self._start_s = self._said_s = clock()

    def begin(self, jobs: Sequence[Job], skipped: int) -> None:
        self._total = len(jobs)
        self._left = Counter(job.key for job in jobs)
        self._labels = {job.key: job.cell.label for job in jobs}
        self._start_s = self._said_s = self._clock()
        there = f", {skipped} are there already" if skipped else ""
        self._say(f"{len(jobs)} episodes to run in {len(self._left)} cells{there}")

    def done(self, row: Episode) -> None:
        self._done += 1
        self._runs[row.key] += 1
        self._successes[row.key] += row.success
        self._one_less(row.key)
        self._show()

    def lost(self, job: Job, reason: str, final: bool) -> None:
        fate = "given up" if final else "tried again at the end"
        self._say(f"{job.cell.label}, seed {job.seed}: {reason}\n  ({fate})")
        if final:
            self._done += 1
            self._one_less(job.key)

    def end(self) -> None:
        """Leaves the terminal tidy."""
        if self._rewrites:
            self._stream.write("\r\x1b[K")
        self._stream.flush()

    def _one_less(self, key: str) -> None:
        self._left[key] -= 1
        if self._left[key] == 0:
            count, of = self._successes[key], self._runs[key]
            self._say(f"{self._labels[key]}: {count}/{of} ({self._state()})")

    def _state(self) -> str:
        elapsed_s = self._clock() - self._start_s
        rest_s = elapsed_s / max(self._done, 1) * (self._total - self._done)
        return f"{self._done} of {self._total} episodes, {_words(rest_s)} left"

    def _show(self) -> None:
        now_s = self._clock()
        if now_s - self._said_s < (_REWRITE_S if self._rewrites else _LINE_S):
            return
        self._said_s = now_s
        if self._rewrites:
            self._stream.write(f"\r\x1b[K{self._state()}")
            self._stream.flush()
        else:
            self._say(self._state())

    def _say(self, line: str) -> None:
        self._said_s = self._clock()
        self._stream.write(("\r\x1b[K" if self._rewrites else "") + line + "\n")
        self._stream.flush()


def _words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
