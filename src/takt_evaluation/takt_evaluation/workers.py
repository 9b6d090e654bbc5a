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
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from takt_core.errors import TaktError

ATTEMPTS = 2
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
        TaktError: a worker could not even start.
    """
    waiting = deque((job, 1) for job in jobs)
    team: list[_Worker] = []
    try:
        with _environment():
            while waiting or any(one.task for one in team):
                while waiting and len(team) < workers and not _enough(team, waiting):
                    team.append(_Worker(make_runner))
                for worker in _ready(team):
                    outcome, again = worker.listen()
                    if worker.ended:
                        team.remove(worker)
                    if again is not None:
                        waiting.append(again)
                    if outcome is not None:
                        yield outcome
                for worker in team:
                    if waiting and worker.idle:
                        worker.give(waiting.popleft())
    finally:
        for worker in team:
            worker.end()
        for worker in team:
            worker.join()


def _enough(team: Sequence[_Worker], waiting: deque[tuple[Any, int]]) -> bool:
    """No more workers than jobs that they could have."""
    without_job = sum(one.task is None for one in team)
    return without_job >= len(waiting)


def _ready(team: Sequence[_Worker]) -> list[_Worker]:
    heard = set(wait([one.connection for one in team]))
    return [one for one in team if one.connection in heard]


class _Worker:
    """One process, seen from the side that hands out jobs."""

    def __init__(self, make_runner: MakeRunner) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_serve, args=(theirs, make_runner), daemon=True
        )
        # Ctrl-C goes to the whole group of processes; who hands out jobs decides what it means.
        # A blocked signal stays so in the process that is started.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._started = False
        self.ended = False
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
            raise TaktError(f"a worker process could not start: {content}")
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
