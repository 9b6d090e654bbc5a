from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.errors import TaktError
from takt_recorder.disk_file import DiskFile, is_being_written


class FailingDisk:
    """Takes so many bytes per call, and refuses at given calls."""

    def __init__(self, per_call: int, refuse: set[int]) -> None:
        self._per_call = per_call
        self._refuse = refuse
        self._calls = 0

    def write(self, descriptor: int, data: memoryview) -> int:
        self._calls += 1
        if self._calls in self._refuse:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, data[: self._per_call])


@given(
    st.lists(st.binary(max_size=50), max_size=20),
    st.integers(1, 40),
    st.sets(st.integers(1, 60), max_size=20),
)
@settings(deadline=None, max_examples=60)
def test_nothing_is_lost_or_doubled_by_refusals(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], per_call: int, refuse: set[int]
) -> None:
    path = tmp_path_factory.mktemp("disk") / "file"
    file = DiskFile(path, FailingDisk(per_call, refuse).write)
    for part in parts:
        file.write(part)
        try:
            file.drain()
        except OSError:
            assert file.waiting_bytes > 0
    for _ in range(100):
        try:
            file.drain()
            break
        except OSError:
            continue
    assert file.waiting_bytes == 0
    assert file.tell() == sum(map(len, parts))
    file.close()
    assert path.read_bytes() == b"".join(parts)


def test_an_existing_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"precious")
    with pytest.raises(TaktError, match="never overwritten"):
        DiskFile(path)
    assert path.read_bytes() == b"precious"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match="No such file"):
        DiskFile(tmp_path / "none" / "file")


def test_a_file_is_known_to_be_written_until_it_is_closed(tmp_path: Path) -> None:
    file = DiskFile(tmp_path / "file")
    assert is_being_written(tmp_path / "file")
    file.close()
    assert not is_being_written(tmp_path / "file")
    file.close()
