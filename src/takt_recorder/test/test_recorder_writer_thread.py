from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recorder_bags import ARM, SECOND_NS, arm_state, received
from rosbags.rosbag2 import Reader

from takt_core.errors import TaktError
from takt_recorder.episode import EpisodeRequest
from takt_recorder.episode_recorder import EpisodeRecorder, RecordingOptions
from takt_recorder.inbox import Inbox
from takt_recorder.reader import BagReader
from takt_recorder.recover import recover
from takt_recorder.topic import Received
from takt_recorder.writer_thread import WriterThread

MESSAGE = received(ARM, arm_state(SECOND_NS))
SIZE = len(MESSAGE.data)
_PATIENCE_S = 20.0


class Disk:
    """A disk that can be full or hang; it takes a part of each write, as disks may."""

    def __init__(self) -> None:
        self.full = False
        self.free = threading.Event()
        self.free.set()

    def write(self, descriptor: int, data: memoryview) -> int:
        self.free.wait()
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, data[: max(len(data) // 2, 1)])


class Harness:
    """A writing thread with its inbox and disk."""

    def __init__(self, folder: Path, disk: Disk, capacity: int) -> None:
        self.inbox = Inbox(capacity)
        self.recorder = EpisodeRecorder(
            RecordingOptions(folder, pre_roll_ns=0, sync=False, chunk_bytes=4 * SIZE), disk.write
        )
        self.thread = WriterThread(self.recorder, self.inbox, flush_s=0.02, stall_s=0.1)
        self.thread.add_topic(ARM)
        self.thread.begin()

    def ask(self, call: Callable[..., None], *arguments: Any) -> Any:
        answers: list[Any] = []
        answered = threading.Event()

        def done(answer: Any) -> None:
            answers.append(answer)
            answered.set()

        call(*arguments, done)
        assert answered.wait(_PATIENCE_S)
        return answers[0]

    def start(self) -> Any:
        return self.ask(self.thread.start, EpisodeRequest("one"), 0)

    def finish(self) -> Any:
        return self.ask(self.thread.finish, "success", "", 10 * SECOND_NS)

    def put(self, count: int, first: int = 1) -> int:
        taken = 0
        for i in range(count):
            taken += self.inbox.put(MESSAGE._replace(log_ns=first + i, sequence=i))
        return taken

    def wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < end, self.thread.state()
            time.sleep(0.005)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def harness(tmp_path: Path, disk: Disk) -> Iterator[Harness]:
    made = Harness(tmp_path, disk, capacity=40 * SIZE)
    yield made
    disk.free.set()
    made.thread.stop()


def test_everything_put_before_the_end_is_in_the_bag(harness: Harness) -> None:
    harness.start()
    assert harness.put(40) == 40
    bag, (report,) = harness.finish()
    assert (report.received, report.written, report.lost) == (40, 40, 0)
    with Reader(bag) as reader:
        assert reader.message_count == 40


def test_a_disk_that_is_full_for_a_while_loses_nothing(harness: Harness, disk: Disk) -> None:
    harness.start()
    harness.put(10)
    harness.wait(lambda: harness.inbox.waiting_bytes == 0)
    disk.full = True
    harness.put(15, first=11)
    harness.wait(lambda: "No space left" in harness.thread.state().problem)
    assert harness.thread.state().recording
    disk.full = False
    harness.wait(lambda: not harness.thread.state().problem)
    harness.put(5, first=26)
    bag, (report,) = harness.finish()
    assert (report.written, report.lost) == (30, 0)
    with Reader(bag) as reader:
        assert [time_ns for _, time_ns, _ in reader.messages()] == list(range(1, 31))


def test_what_does_not_fit_is_counted_and_the_rest_is_kept(harness: Harness, disk: Disk) -> None:
    harness.start()
    disk.full = True
    harness.put(1)
    harness.wait(lambda: harness.thread.state().problem != "")
    taken = harness.put(100, first=2)
    assert taken < 100
    disk.full = False
    harness.wait(lambda: not harness.thread.state().problem)
    bag, (report,) = harness.finish()
    assert (report.received, report.lost) == (101, 100 - taken)
    with Reader(bag) as reader:
        assert reader.message_count == report.written == 1 + taken


def test_to_finish_on_a_full_disk_is_refused_and_the_bag_recovers(
    harness: Harness, disk: Disk, tmp_path: Path
) -> None:
    harness.start()
    harness.put(20)
    bag = tmp_path / "one"
    harness.wait(lambda: BagReader(bag).content().message_count == 20)
    disk.full = True
    harness.put(4, first=21)
    answer = harness.finish()
    assert isinstance(answer, TaktError)
    assert "takt bag recover" in str(answer)
    assert "No space left" in harness.thread.state().problem
    disk.full = False
    assert recover(bag).messages >= 20
    # And the next episode is recorded as if nothing had been.
    answer = harness.ask(harness.thread.start, EpisodeRequest("two"), 0)
    assert answer == tmp_path / "two"
    assert not harness.thread.state().problem


def test_a_stalled_disk_is_reported_while_it_hangs(harness: Harness, disk: Disk) -> None:
    harness.start()
    disk.free.clear()
    harness.put(8)
    harness.wait(lambda: "disk stalled for" in harness.thread.state().problem)
    # Reception goes on meanwhile, up to what memory may hold.
    assert harness.put(10, first=9) == 10
    disk.free.set()
    harness.wait(lambda: not harness.thread.state().problem)
    _, (report,) = harness.finish()
    assert (report.written, report.lost) == (18, 0)


def test_discarding_and_requests_out_of_place(harness: Harness, tmp_path: Path) -> None:
    assert isinstance(harness.finish(), TaktError)
    assert isinstance(harness.ask(harness.thread.discard), TaktError)
    harness.start()
    assert isinstance(harness.start(), TaktError)
    assert harness.thread.state().recording
    harness.ask(harness.thread.discard)
    assert list(tmp_path.iterdir()) == []
    assert not harness.thread.state().recording


def test_an_internal_error_ends_the_episode_and_not_the_recorder(harness: Harness) -> None:
    harness.start()
    harness.inbox.put(Received("/never/announced", 1, 1, 1, b"x"))
    harness.wait(lambda: "internal error" in harness.thread.state().problem)
    assert not harness.thread.state().recording
    assert harness.ask(harness.thread.start, EpisodeRequest("two"), 0).name == "two"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_file_system_that_is_really_full(tmp_path: Path) -> None:
    mounted = tmp_path / "small"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mounted)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount")
    try:
        harness = Harness(mounted, Disk(), capacity=2_000 * SIZE)
        harness.start()
        assert harness.put(600) == 600
        harness.wait(lambda: "No space left" in harness.thread.state().problem)
        subprocess.run(["mount", "-o", "remount,size=16m", str(mounted)], check=True)
        harness.wait(lambda: not harness.thread.state().problem)
        bag, (report,) = harness.finish()
        harness.thread.stop()
        assert (report.written, report.lost) == (600, 0)
        with Reader(bag) as reader:
            assert sum(1 for _ in reader.messages()) == 600
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=False)
