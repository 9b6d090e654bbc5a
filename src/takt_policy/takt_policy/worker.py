"""Threads for inference, so that the thread that keeps time never waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Worker(Generic[Result]):
    """Runs one job at a time, in order, in a thread of its own.

    Args:
        on_done: called in the worker's thread after each job, to wake whoever ``take``s.
        name: of the thread.
    """

    def __init__(self, on_done: Callable[[], None], name: str = "inference") -> None:
        self._jobs: queue.SimpleQueue[Callable[[], Result] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._on_done = on_done
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], Result]) -> None:
        """Hands over a job. It must turn its own errors into results."""
        self._jobs.put(job)

    def take(self) -> Result | None:
        """The next result, or None if there is none yet."""
        try:
            return self._done.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """Ends the thread after the job it is at."""
        self._jobs.put(None)
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._done.put(job())
            self._on_done()
