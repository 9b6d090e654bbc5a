"""A terminal read key by key, and given back as it was whatever happens."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import termios
import tty
from types import TracebackType
from typing import Any

from takt_core.errors import TaktError

_CLEAR_LINE = "\r\x1b[K"


class KeyTerminal:
    """Keys without waiting for a line, without echo; signals (Ctrl-C) still work.

    The settings found at ``open`` come back at ``close``, at the end of a ``with`` block, and at
    the end of the process.
    """

    def __init__(self, input_fd: int, output_fd: int) -> None:
        self._input = input_fd
        self._output = output_fd
        self._settings: list[Any] | None = None

    def open(self) -> None:
        """Take the terminal.

        Raises:
            TaktError: the input is no terminal.
        """
        if not os.isatty(self._input):
            raise TaktError(
                "the keyboard needs a terminal, and standard input is none. Run "
                "`ros2 run takt_teleop keyboard_node` (or `takt teleop keyboard`) in a terminal; "
                "a script publishes on teleop/command instead"
            )
        if self._settings is None:
            self._settings = termios.tcgetattr(self._input)
            atexit.register(self.close)
            tty.setcbreak(self._input)

    def close(self) -> None:
        """Give the terminal back; a second time does nothing."""
        settings, self._settings = self._settings, None
        if settings is None:
            return
        atexit.unregister(self.close)
        # A terminal that has gone away needs nothing back.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._input, termios.TCSADRAIN, settings)
            self.write("\n")

    def __enter__(self) -> KeyTerminal:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self) -> str | None:
        """What was typed since the last call; None when the terminal has gone away."""
        text = b""
        while select.select([self._input], [], [], 0)[0]:
            try:
                part = os.read(self._input, 1024)
            except OSError:
                part = b""
            if not part:
                return text.decode(errors="ignore") if text else None
            text += part
        return text.decode(errors="ignore")

    def write(self, text: str) -> None:
        # A terminal that has gone away shows nothing; reading reports it.
        with contextlib.suppress(OSError):
            os.write(self._output, text.encode())

    def show(self, line: str) -> None:
        """Replace the present line."""
        width = self._width()
        self.write(_CLEAR_LINE + line[: max(width - 1, 1)])

    def say(self, text: str) -> None:
        """Lines that stay, above the present line."""
        self.write(_CLEAR_LINE + text + ("" if text.endswith("\n") else "\n"))

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._output).columns or 80
        except OSError:
            return 80
