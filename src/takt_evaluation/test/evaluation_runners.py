"""Runners that fail; a module of its own, so that worker processes import it quickly."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path


class FragileRunner:
    """Dies, once or always, of what the text of the job says; see ``make_fragile``."""

    def __call__(self, job: tuple[str, str]) -> str:
        name, mark = job
        first_time = not Path(mark).exists()
        Path(mark).touch()
        if name.startswith("kill") or (name.startswith("crash once") and first_time):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("raise once") and first_time:
            raise ValueError(f"no luck with {name}")
        return f"{name}: {os.getpid()}"


class BrokenRunner:
    """Cannot be made."""

    def __init__(self) -> None:
        raise ValueError("no display")


def start_at_the_second_try(mark: Path) -> Callable[[str], str]:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done {}".format


def interrupt_itself() -> Callable[[str], str]:
    os.kill(os.getpid(), signal.SIGINT)
    return "still here after {}".format
