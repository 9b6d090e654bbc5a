"""Runs a plan: starts in order, keeps alive, stops in reverse order."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType, TracebackType

from takt_bringup.launcher.evaluate import evaluate_launch_file
from takt_bringup.launcher.output import Console
from takt_bringup.launcher.plan import Plan
from takt_bringup.launcher.processes import ManagedProcess, State

_PERIOD_S = 0.05
# Each process gets this head start to stop before the one started earlier is told to.
_HEAD_START_S = 1.0


class Supervisor:
    """The processes of a plan.

    Use it as a context manager: leaving it stops everything. Between, call `poll` often
    (or `run`, which does until everything has ended or a signal came).
    """

    def __init__(self, plan: Plan, console: Console, scratch: Path | None = None) -> None:
        self.plan = plan
        self._console = console
        self.scratch = scratch
        self._processes = [ManagedProcess(process, console) for process in plan.processes]
        self._stopping = False
        self._interrupts = 0
        self._failed = False

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every process, in order; stop what runs if one cannot be started."""
        for message in self.plan.messages:
            self._console.say(message)
        try:
            for process in self._processes:
                process.start()
                self._console.say(f"{process.label} started, pid {process.pid}")
        except BaseException:
            self.stop()
            raise

    def process(self, label: str) -> ManagedProcess:
        """Return the process with a label."""
        for process in self._processes:
            if process.label == label:
                return process
        there = ", ".join(process.label for process in self._processes)
        raise KeyError(f"no process `{label}`; there are {there}")

    def poll(self) -> bool:
        """Look after the processes once; return whether any of them is left."""
        now_s = time.monotonic()
        for process in self._processes:
            if process.poll(now_s, self._stopping) and not self._stopping:
                self._failed |= process.exit_code != 0
                if process.plan.required:
                    self._console.say(f"{process.label} is required: stopping everything")
                    self._stopping = True
        return any(process.state is not State.ENDED for process in self._processes)

    def run(self) -> int:
        """Run until everything has ended or SIGINT or SIGTERM came; return the exit code.

        0: ended as asked; 1: a process had failed before that.
        """
        with self._signals():
            while self.poll() and not self._stopping:
                time.sleep(_PERIOD_S)
            self.stop()
        return 1 if self._failed else 0

    def stop(self) -> None:
        """Stop everything in reverse order of starting, and wait for it.

        SIGINT first; then SIGTERM and SIGKILL for a process that ignores it for its
        timeouts (5 s each unless the launch file says otherwise).
        """
        self._stopping = True
        waiting = list(reversed(self._processes))
        next_at_s = 0.0
        while self.poll() or waiting:
            now_s = time.monotonic()
            told = [process for process in self._processes if process not in waiting]
            if waiting and (now_s >= next_at_s or not any(process.alive for process in told)):
                waiting.pop(0).stop(now_s)
                next_at_s = now_s + _HEAD_START_S
                continue
            if self._interrupts > 1:
                self._hurry(waiting, now_s)
            time.sleep(_PERIOD_S / 5)
        self._console.say("everything has stopped")
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _hurry(self, waiting: list[ManagedProcess], now_s: float) -> None:
        """Interrupted again while stopping: skip the waiting."""
        self._interrupts = 1
        while waiting:
            waiting.pop(0).stop(now_s)
        for process in self._processes:
            process.hurry(now_s)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def on_signal(number: int, _frame: FrameType | None) -> None:
            self._interrupts += 1
            self._stopping = True
            if self._interrupts == 1:
                self._console.say(f"{signal.Signals(number).name}: stopping")

        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def supervise(
    file: Path,
    arguments: Mapping[str, str],
    console: Console,
    environment: Mapping[str, str] | None = None,
) -> Supervisor:
    """Evaluate a launch file and return its supervisor; nothing is started yet.

    This is what other code uses to run a launch file (`with supervise(...) as system:`).
    """
    scratch = Path(mkdtemp(prefix="takt_launch_"))
    try:
        plan = evaluate_launch_file(file, arguments, scratch, environment)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Supervisor(plan, console, scratch)
