"""Plans in a thread of its own; one that nobody waits for any more is broken off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from takt_motion.planning import Planned, Start
from takt_motion.request import Request

#: Asked often while planning: whether to give up.
IsCancelled = Callable[[], bool]


class Job:
    """One plan that is being made; see ``views.PlanningJob``."""

    def __init__(self, future: Future[Planned], cancelled: threading.Event) -> None:
        self._future = future
        self._cancelled = cancelled

    def done(self) -> bool:
        return self._future.done()

    def result(self) -> Planned:
        return self._future.result()

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._cancelled.set()
        self._future.cancel()


class PlanningThread:
    """
    Args:
        plan: makes one plan; raises TaktError.
    """

    def __init__(self, plan: Callable[[Start, Request, IsCancelled], Planned]) -> None:
        self._plan = plan
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="planning")
        self._newest: Job | None = None

    def submit(self, start: Start, request: Request) -> Job:
        """Begin a plan; one before it that still goes on has to be cancelled by its owner."""
        cancelled = threading.Event()
        future = self._executor.submit(self._plan, start, request, cancelled.is_set)
        self._newest = Job(future, cancelled)
        return self._newest

    def close(self) -> None:
        """Break off what is being planned, and wait for that."""
        if self._newest is not None:
            self._newest.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)
