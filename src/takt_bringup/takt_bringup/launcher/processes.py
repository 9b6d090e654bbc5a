"""One running process: start, signal with escalation, respawn."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from enum import Enum

from takt_bringup.launcher.errors import LaunchError
from takt_bringup.launcher.output import Console
from takt_bringup.launcher.plan import ProcessPlan


class State(Enum):
    """Where a process is in its life."""

    WAITING = "waiting to be started again"
    RUNNING = "running"
    STOPPING = "told to stop"
    ENDED = "ended"


class ManagedProcess:
    """Runs one `ProcessPlan` in a process group of its own.

    Its own group, so that ctrl-C in the terminal reaches the launcher alone, which then
    stops everything in order; and so that a signal also reaches what the process started.
    """

    def __init__(self, plan: ProcessPlan, console: Console) -> None:
        self.plan = plan
        self.state = State.ENDED
        self.exit_code: int | None = None
        self.starts = 0
        self._console = console
        self._process: subprocess.Popen[bytes] | None = None
        self._pumps: list[threading.Thread] = []
        self._start_at_s = 0.0
        self._escalate: list[tuple[float, signal.Signals]] = []

    @property
    def label(self) -> str:
        return self.plan.label

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self.alive else None

    @property
    def alive(self) -> bool:
        return self.state in (State.RUNNING, State.STOPPING)

    def start(self) -> None:
        """Start the process.

        Raises:
            LaunchError: the command cannot be run.
        """
        plan = self.plan
        try:
            self._process = subprocess.Popen(
                plan.command,
                cwd=plan.directory,
                env=dict(plan.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise LaunchError(
                plan.where, f"[{self.label}] `{plan.shell_line()}` cannot be started: {error}"
            ) from error
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        on_screen = plan.output in ("screen", "both")
        self._pumps = [
            self._console.pump(self.label, self._process.stdout, on_screen),
            self._console.pump(self.label, self._process.stderr, True),
        ]
        self.state = State.RUNNING
        self.exit_code = None
        self.starts += 1

    def stop(self, now_s: float) -> None:
        """Ask the process to end; SIGTERM and SIGKILL follow if it does not."""
        if self.state is State.WAITING:
            self.state = State.ENDED
        if self.state is not State.RUNNING:
            return
        self.state = State.STOPPING
        term_s = now_s + self.plan.sigterm_timeout_s
        self._escalate = [
            (term_s, signal.SIGTERM),
            (term_s + self.plan.sigkill_timeout_s, signal.SIGKILL),
        ]
        self.signal(signal.SIGINT)

    def hurry(self, now_s: float) -> None:
        """Send what would come next at once."""
        if self.state is State.STOPPING and self._escalate:
            later_s = max(0.0, self._escalate[0][0] - now_s)
            self._escalate = [(at_s - later_s, number) for at_s, number in self._escalate]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to everything it has started."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def poll(self, now_s: float, stopping: bool) -> bool:
        """Notice an end, escalate, start again when it is time.

        Args:
            now_s: monotonic time.
            stopping: everything is being stopped, so nothing starts again.

        Returns:
            Whether the process has just ended.
        """
        if self.state is State.WAITING and not stopping and now_s >= self._start_at_s:
            self._console.say(f"starting {self.label} again")
            self.start()
            return False
        if not self.alive or self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            self._escalate_at(now_s)
            return False
        self._after_end(code, now_s, stopping)
        return True

    def _escalate_at(self, now_s: float) -> None:
        while self.state is State.STOPPING and self._escalate and now_s >= self._escalate[0][0]:
            _, number = self._escalate.pop(0)
            self._console.say(f"{self.label} has not stopped: {number.name}")
            self.signal(number)

    def _after_end(self, code: int, now_s: float, stopping: bool) -> None:
        assert self._process is not None
        # Children that outlived their parent would keep the node's sockets and devices.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pump in self._pumps:
            pump.join(timeout=1.0)
        was_told = self.state is State.STOPPING
        self.exit_code = code
        self.state = State.ENDED
        if not (was_told and code in (0, -signal.SIGINT, 128 + signal.SIGINT)):
            self._console.say(f"{self.label} {describe_exit(code)}")
        again = self.plan.respawn_limit < 0 or self.starts <= self.plan.respawn_limit
        if self.plan.respawn and again and not stopping and not was_told:
            self.state = State.WAITING
            self._start_at_s = now_s + self.plan.respawn_delay_s

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the process itself; return whether it came."""
        deadline_s = time.monotonic() + timeout_s
        while self._process is not None and self._process.poll() is None:
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(0.01)
        return True


def describe_exit(code: int) -> str:
    """Say how a process ended."""
    if code == 0:
        return "ended"
    if code < 0:
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"
    return f"failed with exit code {code}"
