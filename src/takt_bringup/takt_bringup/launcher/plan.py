"""What a launch file comes down to: the processes to start, in order."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from takt_bringup.launcher.errors import Where


@dataclass(frozen=True)
class ProcessPlan:
    """One process and how to keep it.

    Attributes:
        label: the short name in front of its output, unique in the plan.
        command: the words of the command line.
        environment: its whole environment.
        output: `screen`, `log` or `both`: where standard output goes. Standard error
            always reaches the screen, and the log file everything.
        respawn: start it again when it ends.
        required: when it ends, everything ends (`on_exit: shutdown`).
    """

    label: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    where: Where
    directory: Path | None = None
    output: str = "log"
    respawn: bool = False
    respawn_delay_s: float = 0.0
    respawn_limit: int = -1
    required: bool = False
    sigterm_timeout_s: float = 5.0
    sigkill_timeout_s: float = 5.0

    def shell_line(self) -> str:
        """Return the command as one would type it."""
        return shlex.join(self.command)


@dataclass(frozen=True)
class Plan:
    """Everything that a launch file starts.

    Attributes:
        processes: in the order in which they are started.
        messages: what the file logs.
        declared: the launch arguments that the file and its includes declare.
    """

    processes: tuple[ProcessPlan, ...]
    messages: tuple[str, ...]
    declared: tuple[str, ...]
