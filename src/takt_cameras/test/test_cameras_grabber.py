"""The grabbing thread: hand-over, losses, ends."""

import threading
from collections import deque

import numpy as np
import pytest

from takt_cameras.capture.grabber import Grabber
from takt_cameras.capture.source import SourceEndedError, SourceLostError
from takt_cameras.frame import Frame
from takt_core.errors import TaktError

IMAGE = np.zeros((2, 2, 3), dtype=np.uint8)


class ScriptedSource:
    """Plays a list: a number is a frame of that sequence, an exception is raised."""

    def __init__(self, script, open_script=()):
        self.script = deque(script)
        self.open_script = deque(open_script)
        self.opened = 0
        self.closed = 0

    def open(self):
        self.opened += 1
        step = self.open_script.popleft() if self.open_script else []
        if isinstance(step, Exception):
            raise step
        return step

    def read(self):
        if not self.script:
            raise SourceEndedError("end of script")
        step = self.script.popleft()
        if isinstance(step, Exception):
            raise step
        return None if step is None else Frame(step, IMAGE, None, step)

    def close(self):
        self.closed += 1

    def intrinsics(self):
        return None


class Listener:
    def __init__(self):
        self.frames = []
        self.warnings = []
        self.ended = threading.Event()

    def on_warning(self, message):
        self.warnings.append(message)
        if "end of script" in message or "Error" in message:
            self.ended.set()


def run(source):
    listener = Listener()
    grabber = Grabber(source, listener.frames.append, 0.001, listener.on_warning)
    grabber.open()
    grabber.start()
    assert listener.ended.wait(10.0)
    return grabber, listener


def test_frames_are_handed_over_in_order():
    grabber, listener = run(ScriptedSource([1, None, 2, 3]))
    assert [frame.sequence for frame in listener.frames] == [1, 2, 3]
    state = grabber.state()
    assert (state.frames, state.dropped, state.losses) == (3, 0, 0)
    grabber.stop()


def test_gaps_in_the_sequence_are_counted():
    grabber, _ = run(ScriptedSource([1, 2, 5, 6, 8]))
    assert grabber.state().dropped == 3
    grabber.stop()


def test_a_lost_camera_comes_back():
    lost = SourceLostError("unplugged")
    source = ScriptedSource([1, lost, 1, 2], open_script=[[], lost, TaktError("busy"), []])
    grabber, listener = run(source)
    assert [frame.sequence for frame in listener.frames] == [1, 1, 2]
    assert grabber.state().losses == 1
    assert source.opened == 4
    assert "unplugged" in listener.warnings
    grabber.stop()


def test_the_end_is_reported():
    grabber, _ = run(ScriptedSource([1]))
    state = grabber.state()
    assert not state.running
    assert state.problem == "end of script"
    grabber.stop()


def test_a_failing_consumer_is_reported():
    listener = Listener()

    def fail(frame):
        raise ValueError("no room")

    grabber = Grabber(ScriptedSource([1]), fail, 0.001, listener.on_warning)
    grabber.start()
    assert listener.ended.wait(10.0)
    assert "ValueError: no room" in grabber.state().problem
    grabber.stop()


def test_a_camera_that_is_missing_at_the_start_is_an_error():
    source = ScriptedSource([], open_script=[SourceLostError("not there")])
    with pytest.raises(TaktError, match="not there"):
        Grabber(source, print).open()


def test_stopping_ends_the_attempts_to_reconnect():
    lost = SourceLostError("unplugged")
    source = ScriptedSource([lost], open_script=[[], *[lost] * 1000])
    seen = threading.Event()
    grabber = Grabber(source, print, 0.01, lambda _: seen.set())
    grabber.open()
    grabber.start()
    assert seen.wait(10.0)
    grabber.stop()
    opened = source.opened
    assert not grabber.state().running
    assert source.opened == opened


def test_it_starts_again_after_a_stop():
    source = ScriptedSource([1])
    grabber, listener = run(source)
    grabber.stop()
    source.script.extend([7])
    listener.ended.clear()
    grabber.start()
    assert listener.ended.wait(10.0)
    grabber.stop()
    assert [frame.sequence for frame in listener.frames] == [1, 7]
    assert source.opened == 2
