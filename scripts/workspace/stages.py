"""Run the stages of set-up: one line each on the screen, everything else in the log."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

_TAIL_LINES = 10
_ERROR_LINES = 15
_ERROR = re.compile(r"CMake Error|\berror:|^\S*Error\b|^ERROR", re.IGNORECASE)


class SetupError(Exception):
    """Something that the user has to mend; the message says what and how."""


def excerpt(lines: Sequence[str]) -> list[str]:
    """Return what a failed command said: around its first error, and at its end."""
    # ninja's complaint about a build that never was configured is not what went wrong.
    errors = (n for n, line in enumerate(lines) if _ERROR.search(line) and "ninja:" not in line)
    first = next(errors, len(lines))
    end = max(0, len(lines) - _TAIL_LINES)
    if first >= end:
        return list(lines[min(first, end) :])
    around = list(lines[first : min(first + _ERROR_LINES, end)])
    gap = ["..."] if first + _ERROR_LINES < end else []
    return [*around, *gap, *lines[end:]]


class Log:
    """Shows the progress of stages and keeps the output of their commands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stage = ""
        self._start_s = time.monotonic()
        self._live = sys.stdout.isatty()

    @functools.cached_property
    def _file(self) -> TextIO:
        """Opened at the first line: a set-up with nothing to do keeps the last log."""
        return self.path.open("w", encoding="utf-8")

    def begin(self, stage: str, why: str) -> None:
        self._stage, self._start_s = stage, time.monotonic()
        self._file.write(f"=== {stage}: {why}\n")
        self._show(f"  ...   {stage}: {why}", end="" if self._live else "\n")

    def done(self, result: str) -> None:
        elapsed_s = time.monotonic() - self._start_s
        self._file.write(f"=== {self._stage}: {result} after {elapsed_s:.1f} s\n")
        self._show(f"{elapsed_s:5.1f} s {self._stage}: {result}", replace=True)

    def note(self, text: str) -> None:
        self._file.write(text + "\n")
        self._show(f"  note  {text}")

    def run(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        on_failure: str = "",
    ) -> None:
        """Run a command into the log; raise SetupError with its last lines if it fails."""
        words = [str(word) for word in command]
        self._file.write("$ " + " ".join(words) + "\n")
        self._file.flush()
        begin = self._file.tell()
        status = subprocess.run(
            words,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
        self._file.seek(0, os.SEEK_END)
        if status != 0:
            output = self.path.read_bytes()[begin:].decode(errors="replace")
            shown = "\n".join("    " + line for line in excerpt(output.splitlines()))
            raise SetupError(
                f"`{' '.join(words[:6])}{' ...' if len(words) > 6 else ''}` "
                f"ended with status {status}:\n{shown}\n"
                f"Everything: {self.path}\n{on_failure}".rstrip()
            )

    def _show(self, text: str, end: str = "\n", replace: bool = False) -> None:
        lead = "\r\033[K" if replace and self._live else ""
        print(f"{lead}{text}", end=end, flush=True)
