"""The demo's processes: the launch file sim_policy, quiet on the screen, all in a log."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from takt_bringup.cli.launch_files import find_launch_file
from takt_bringup.launcher.output import Console
from takt_bringup.launcher.supervisor import Supervisor, supervise
from takt_core.errors import TaktError

LAUNCH_FILE = "sim_policy"
_SHOWN_LINES = 15


class DemoSystem:
    """Starts the launch file; leaving the ``with`` block stops everything in order."""

    def __init__(self, arguments: Mapping[str, str], log: Path) -> None:
        log.unlink(missing_ok=True)
        self._log = log
        self._console = Console(log, io.StringIO())
        self._supervisor: Supervisor = supervise(
            find_launch_file(LAUNCH_FILE), arguments, self._console
        )

    def __enter__(self) -> DemoSystem:
        self._supervisor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._supervisor.stop()
        self._console.close()

    def watch(self) -> None:
        """Look after the processes.

        Raises:
            TaktError: one of them has ended; the message has the end of the log.
        """
        self._supervisor.poll()
        for process in self._supervisor.plan.processes:
            if not self._supervisor.process(process.label).alive:
                lines = self._log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
                raise TaktError(
                    f"the process {process.label} has ended. The log {self._log} ends with:\n  "
                    + "\n  ".join(lines)
                )
