"""An output file that survives a full disk.

The MCAP writer above must never see a write fail half-way, else its offsets are wrong and
the file is lost. So it writes into memory, and `drain` moves that to the disk: what did
not fit stays in memory and can be tried again when there is space.
"""

from __future__ import annotations

import fcntl
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from takt_core.errors import TaktError

_LARGEST_WRITE = 4 * 1024 * 1024


class DiskFile:
    """A new file, locked while it is open; existing ones are never opened.

    Args:
        os_write: the system call, replaceable to inject faults.

    Raises:
        TaktError: the file exists, or its folder does not or is not writable.
    """

    def __init__(self, path: Path, os_write: Callable[[int, memoryview], int] = os.write) -> None:
        self.path = path
        self._os_write = os_write
        self._waiting: deque[memoryview] = deque()
        self._offset = 0
        self._on_disk = 0
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            raise TaktError(f"{path} exists already; recordings are never overwritten") from None
        except OSError as error:
            raise TaktError(f"cannot create {path}: {error.strerror}") from error
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append in memory; nothing reaches the disk before `drain`."""
        view = memoryview(data).cast("B")
        if len(view):
            self._waiting.append(view)
            self._offset += len(view)
        return len(view)

    def tell(self) -> int:
        return self._offset

    def flush(self) -> None:
        """Nothing: when data goes to the disk is decided by `drain`."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes that were written but have not reached the file [B]."""
        return self._offset - self._on_disk

    def drain(self) -> None:
        """Move what waits to the file.

        Raises:
            OSError: the disk refused; the rest still waits, and nothing was lost.
        """
        while self._waiting:
            view = self._waiting[0]
            written = self._os_write(self._fd, view[:_LARGEST_WRITE])
            self._on_disk += written
            if written == len(view):
                self._waiting.popleft()
            else:
                self._waiting[0] = view[written:]

    def sync(self) -> None:
        """Wait until what was drained would survive a power loss."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close without draining, which also releases the lock. Harmless if closed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_being_written(path: Path) -> bool:
    """Whether some process holds `path` open as a `DiskFile`."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
