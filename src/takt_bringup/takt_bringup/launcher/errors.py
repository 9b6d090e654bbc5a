"""Errors of launch files: every one names the file and the line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from takt_core.errors import TaktError


@dataclass(frozen=True)
class Where:
    """A place in a launch file; lines count from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class LaunchError(TaktError):
    """Something in a launch file, or in its arguments, that has to be changed."""

    def __init__(self, where: Where, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
