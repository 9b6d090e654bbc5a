"""What processes say: a prefix and a colour each on the screen, everything in one log."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import IO, TextIO

_COLOURS = ("\033[36m", "\033[33m", "\033[35m", "\033[32m", "\033[34m", "\033[96m", "\033[93m")
_BOLD = "\033[1m"
_END = "\033[0m"


class Console:
    """Lines from several processes, written whole."""

    def __init__(self, log_file: Path | None = None, screen: TextIO | None = None) -> None:
        self._screen = sys.stdout if screen is None else screen
        self._coloured = self._screen.isatty() and "NO_COLOR" not in os.environ
        self._lock = threading.Lock()
        self._colour_of: dict[str, str] = {}
        self._log: TextIO | None = None
        if log_file is not None:
            log_file.parent.mkdir(parents=True, exist_ok=True)
            self._log = log_file.open("a", encoding="utf-8", buffering=1)

    def line(self, label: str, text: str, on_screen: bool = True) -> None:
        """Write one line of a process."""
        with self._lock:
            if self._log is not None:
                self._log.write(f"{time.time():.6f} [{label}] {text}\n")
            if on_screen:
                self._write(label, text)

    def say(self, text: str) -> None:
        """Write one line of the launcher itself."""
        self.line("takt", text)

    def _write(self, label: str, text: str) -> None:
        prefix = f"[{label}]"
        if self._coloured:
            colour = self._colour_of.setdefault(
                label, _BOLD if label == "takt" else _COLOURS[len(self._colour_of) % len(_COLOURS)]
            )
            prefix = f"{colour}{prefix}{_END}"
        try:
            print(f"{prefix} {text}", file=self._screen, flush=True)
        except (BrokenPipeError, ValueError):
            # Whoever read the screen is gone; the processes still have to be ended in order.
            self._coloured = False

    def pump(self, label: str, stream: IO[bytes], on_screen: bool) -> threading.Thread:
        """Copy a process's output line by line until it ends."""

        def copy() -> None:
            for line in stream:
                self.line(label, line.decode(errors="replace").rstrip("\r\n"), on_screen)
            stream.close()

        thread = threading.Thread(target=copy, name=f"output of {label}", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        with self._lock:
            if self._log is not None:
                self._log.close()
                self._log = None
