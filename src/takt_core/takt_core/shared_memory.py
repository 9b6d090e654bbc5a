"""Frees the shared memory that killed ROS processes left behind.

Fast DDS gives every process a segment in /dev/shm and a lock file beside it, held by flock as
long as the process lives. A process that is killed leaves both; with the segments that images
need, a day of crashes would fill the memory.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")

_SEGMENT = re.compile(r"fast(?:dds|rtps)_[0-9a-f]{16}")
_LOCK_SUFFIX = "_el"
# A process that starts creates the file a moment before it locks it.
_LEAST_AGE_S = 10.0


def remove_stale_segments(folder: Path = SHARED_MEMORY) -> int:
    """Removes the segments whose process is gone; returns how many.

    Segments in use, those just made and those of other users stay.
    """
    try:
        segments = [path for path in folder.iterdir() if _SEGMENT.fullmatch(path.name)]
    except OSError:
        return 0
    return sum(_remove_if_stale(path) for path in segments)


def _remove_if_stale(segment: Path) -> bool:
    lock = segment.with_name(segment.name + _LOCK_SUFFIX)
    try:
        if time.time() - segment.stat().st_mtime < _LEAST_AGE_S:
            return False
        descriptor = os.open(lock, os.O_RDWR)
    except OSError:
        # Already gone, or not ours to open.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        segment.unlink()
        lock.unlink()
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
