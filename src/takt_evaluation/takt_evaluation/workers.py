"""Worker processes that take one job after another, and may die without taking the rest along.

Workers are spawned, not forked: the runtimes of networks and graphics do not survive a fork. A job
is small, so that all workers are busy until the end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from takt_core.errors import TaktError

ATTEMPTS = 2
STARTS = 3
QUIT_S = 5.0

# One thread each: the workers are as many as the cores. Mesa's software renderer is a
# tenth faster without threads of its own.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "LP_NUM_THREADS": "0",
    "MUJOCO_GL": "egl",
}

Runner = Callable[[Any], Any]
MakeRunner = Callable[[], Runner]


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Done:
    """A job's result."""

    job: Any
    result: Any


@dataclass(frozen=True)
class Lost:
    """A job failed or took its worker down.

    Attributes:
        reason: exit code or signal of the worker, or the traceback.
        final: it is not tried again.
    """

    job: Any
    reason: str
    final: bool


def run_jobs(
    make_runner: MakeRunner, jobs: Sequence[Any], workers: int
) -> Generator[Done | Lost, None, None]:
    """Runs jobs in worker processes; yields what became of each, in the order of their ends.

    A job that raises or kills its worker is tried once more at the end, in a fresh worker. When the
    iterator is closed, by an exception too, the workers are ended at once.

    Args:
        make_runner: called once in each worker, returns what runs a job; a module's function
            or another thing that can be pickled, as are jobs and results.
        workers: at most so many processes.

    Raises:
        TaktError: workers could not even start, several times.
    """
    team = _Team(make_runner, jobs, workers)
    try:
        with _environment():
            while team.busy:
                team.hire()
                yield from team.listen()
                team.hand_out()
    finally:
        team.dismiss()


class _Team:
    """The workers, and the jobs that none of them has yet."""

    def __init__(self, make_runner: MakeRunner, jobs: Sequence[Any], size: int) -> None:
        self._make_runner = make_runner
        self._size = size
        self._waiting = deque((job, 1) for job in jobs)
        self._workers: list[_Worker] = []
        self._failed_starts = 0

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or any(one.task for one in self._workers)

    def hire(self) -> None:
        """Starts workers, but no more than there are jobs for."""
        without_job = sum(one.task is None for one in self._workers)
        missing = min(len(self._waiting) - without_job, self._size - len(self._workers))
        self._workers += [_Worker(self._make_runner) for _ in range(missing)]

    def listen(self) -> list[Done | Lost]:
        """Waits until somebody says something; returns what became of jobs."""
        heard = set(wait([one.connection for one in self._workers]))
        outcomes = []
        for worker in [one for one in self._workers if one.connection in heard]:
            outcome, again = worker.listen()
            if worker.ended:
                self._workers.remove(worker)
            if worker.start_problem:
                self._failed_starts += 1
            if again is not None:
                self._waiting.append(again)
            if outcome is not None:
                outcomes.append(outcome)
            if self._failed_starts >= STARTS:
                raise TaktError(f"worker processes cannot start: {worker.start_problem}")
        return outcomes

    def hand_out(self) -> None:
        """Gives the next jobs to those who have none."""
        for worker in self._workers:
            if self._waiting and worker.idle:
                worker.give(self._waiting.popleft())

    def dismiss(self) -> None:
        for worker in self._workers:
            worker.end()
        for worker in self._workers:
            worker.join()


class _Worker:
    """One process, seen from the side that hands out jobs."""

    def __init__(self, make_runner: MakeRunner) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_serve, args=(theirs, make_runner), daemon=True
        )
        # Ctrl-C goes to the whole group of processes; who hands out jobs decides what it means.
        # A blocked signal stays so in the process that is started. (Starting the resource tracker,
        # which the first process would do, unblocks it.)
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._started = False
        self.ended = False
        self.start_problem = ""
        self.task: tuple[Any, int] | None = None

    @property
    def idle(self) -> bool:
        return self._started and not self.ended and self.task is None

    def give(self, task: tuple[Any, int]) -> None:
        self.task = task
        # If it has died meanwhile, listening says so.
        with suppress(OSError):
            self.connection.send(task[0])

    def listen(self) -> tuple[Done | Lost | None, tuple[Any, int] | None]:
        """What it says: an outcome to report, and a job to try again, if any."""
        try:
            kind, content = self.connection.recv()
        except (EOFError, OSError):
            self.join()
            kind, content = "failed", _ending(self._process.exitcode)
        if kind == "started":
            self._started = True
            return None, None
        task, self.task = self.task, None
        if kind == "done":
            assert task is not None
            return Done(task[0], content), None
        self.ended = True
        self.end()
        if task is None:
            self.start_problem = content
            return None, None
        job, attempt = task
        final = attempt >= ATTEMPTS
        return Lost(job, content, final), None if final else (job, attempt + 1)

    def end(self) -> None:
        self.connection.close()
        self._process.terminate()

    def join(self) -> None:
        self._process.join(QUIT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _ending(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with suppress(ValueError):
            return f"its worker died of {signal.Signals(-exit_code).name}"
    return f"its worker ended with exit code {exit_code}"


def _serve(connection: Connection, make_runner: MakeRunner) -> None:
    """The life of a worker process."""
    try:
        runner = make_runner()
        connection.send(("started", None))
        while True:
            connection.send(("done", runner(connection.recv())))
    except (EOFError, BrokenPipeError):
        return  # nobody is there any more
    except Exception:
        # What an exception has left behind is not known: another worker goes on.
        with suppress(OSError):
            connection.send(("failed", traceback.format_exc().strip()))


@contextmanager
def _environment() -> Iterator[None]:
    """Variables that a spawned process reads as it starts; values set by the user win."""
    added = {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
