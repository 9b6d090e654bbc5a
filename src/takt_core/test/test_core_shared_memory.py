"""Only the segments of dead processes are removed."""

import fcntl
import os
import time

import pytest

from takt_core.shared_memory import remove_stale_segments

OLD_S = 60.0


def make(folder, name, age_s=OLD_S, lock=True):
    segment = folder / name
    segment.write_bytes(b"pixels")
    then = time.time() - age_s
    os.utime(segment, (then, then))
    if lock:
        (folder / f"{name}_el").touch()
    return segment


@pytest.fixture
def dead(tmp_path):
    return make(tmp_path, "fastdds_0123456789abcdef")


def test_the_segment_of_a_dead_process_goes_with_its_lock(tmp_path, dead):
    assert remove_stale_segments(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_locked_segment_stays(tmp_path, dead):
    with (tmp_path / f"{dead.name}_el").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_stale_segments(tmp_path) == 0
        assert dead.exists()
    assert remove_stale_segments(tmp_path) == 1


def test_a_segment_just_made_stays(tmp_path):
    segment = make(tmp_path, "fastdds_0123456789abcdef", age_s=0.0)
    assert remove_stale_segments(tmp_path) == 0
    assert segment.exists()


@pytest.mark.parametrize(
    "name", ["fastdds_port11661", "sem.fastdds_port11661_mutex", "fastdds_0123", "other"]
)
def test_other_files_stay(tmp_path, name):
    file = make(tmp_path, name)
    assert remove_stale_segments(tmp_path) == 0
    assert file.exists()


def test_a_segment_without_lock_stays(tmp_path):
    segment = make(tmp_path, "fastdds_0123456789abcdef", lock=False)
    assert remove_stale_segments(tmp_path) == 0
    assert segment.exists()


def test_a_folder_that_is_missing_is_empty(tmp_path):
    assert remove_stale_segments(tmp_path / "missing") == 0
