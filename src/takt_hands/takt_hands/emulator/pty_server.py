"""An emulated bus behind a pseudo terminal: any program can open it as if it were a U2D2."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

from takt_hands.emulator.bus import EmulatedBus

_SLICE_S = 0.005
_CHUNK = 4096


class PtyServer:
    """Serves a bus under a path that is a link to the terminal, as /dev/serial/by-id has them.

    The servos live in a thread of their own; ``lock`` keeps it off the bus while a test changes
    something.
    """

    def __init__(self, bus: EmulatedBus, path: Path) -> None:
        self.bus = bus
        self.path = path
        self.lock = threading.Lock()
        self._master = self._slave = -1
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._start_s = time.monotonic()

    def plug(self) -> None:
        """A new terminal under the same path."""
        with self.lock:
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            link = self.path.with_name(self.path.name + ".new")
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(self._slave))
            link.replace(self.path)
            self.bus.reset_line()

    def unplug(self) -> None:
        """The path is gone, and whoever has it open reads an error."""
        with self.lock:
            self.path.unlink(missing_ok=True)
            for descriptor in (self._master, self._slave):
                if descriptor >= 0:
                    os.close(descriptor)
            self._master = self._slave = -1

    @contextlib.contextmanager
    def serving(self) -> Iterator[PtyServer]:
        """Plugged in, until the block is left."""
        self.plug()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="emulated bus", daemon=True)
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()
            self.unplug()

    def _run(self) -> None:
        while not self._stop.is_set():
            master = self._master
            if master < 0:
                self._stop.wait(_SLICE_S)
            else:
                # The terminal may be unplugged while we wait for it.
                with contextlib.suppress(OSError, ValueError):
                    select.select([master], [], [], _SLICE_S)
            with self.lock:
                self.bus.advance(time.monotonic() - self._start_s)
                self._serve()

    def _serve(self) -> None:
        try:
            data = os.read(self._master, _CHUNK)
        except OSError:
            return
        replies = self.bus.feed(data)
        with contextlib.suppress(OSError):
            os.write(self._master, b"".join(reply.data for reply in replies))
