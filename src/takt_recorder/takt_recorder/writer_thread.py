"""The thread that writes, so that reception never waits for a disk.

It takes messages from the inbox, hands them to the episode recorder and moves closed chunks
to the disk. If the disk refuses (full) or hangs (stalled), messages wait in the inbox, and
when that is full the newest are thrown away and counted. Nothing here can hold up reception,
and when the disk works again the recording goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from takt_core.errors import TaktError
from takt_recorder.audit import TopicReport
from takt_recorder.episode import EpisodeRequest
from takt_recorder.episode_recorder import EpisodeRecorder
from takt_recorder.inbox import Inbox
from takt_recorder.topic import Received, Topic

_LOG = logging.getLogger(__name__)
_IDLE_S = 0.01
_RETRY_S = 0.5
_DRAIN_BYTES = 4 << 20
_STATUS_S = 0.5
_INTERNAL = "recording failed by an internal error; see the log"
T = TypeVar("T")


@dataclass(frozen=True)
class RecorderState:
    """A picture of the recorder for its status message.

    Attributes:
        bag: the current bag, else the last one, else empty.
        problem: why nothing can be written now; empty if all is well.
        start_ns: ROS time of the episode's start [ns].
        bytes: written so far [B].
        topics: the audit so far.
    """

    recording: bool = False
    bag: str = ""
    episode: str = ""
    problem: str = ""
    start_ns: int = 0
    bytes: int = 0
    lost: int = 0
    topics: tuple[TopicReport, ...] = field(default=())


class WriterThread:
    """Runs an `EpisodeRecorder` behind an `Inbox`.

    Args:
        flush_s: chunks are closed and secured at least this often [s].
        stall_s: a disk operation that takes longer is reported as a stall [s].
    """

    def __init__(
        self, recorder: EpisodeRecorder, inbox: Inbox, flush_s: float = 1.0, stall_s: float = 2.0
    ) -> None:
        self._recorder = recorder
        self._inbox = inbox
        self._flush_s = flush_s
        self._stall_s = stall_s
        self._end = threading.Event()
        self._state = RecorderState()
        self._problem = ""
        self._busy_since: float | None = None
        self._next_flush = 0.0
        self._next_status = 0.0
        self._thread = threading.Thread(target=self._run, name="bag writer", daemon=True)

    def begin(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the thread; an episode that still runs is left to be recovered."""
        self._end.set()
        self._thread.join(timeout_s)

    def state(self) -> RecorderState:
        """The newest picture, with a stall that happens right now."""
        state, busy_since = self._state, self._busy_since
        if busy_since is not None and not state.problem:
            stalled_s = time.monotonic() - busy_since
            if stalled_s > self._stall_s:
                waiting = self._inbox.waiting_bytes / 1e6
                return replace(
                    state,
                    problem=f"disk stalled for {stalled_s:.1f} s, {waiting:.1f} MB wait in memory",
                )
        return state

    def add_topic(self, topic: Topic) -> None:
        """Announce a topic, in order before its messages."""
        self._inbox.command(lambda: self._recorder.add_topic(topic))

    def start(
        self, request: EpisodeRequest, now_ns: int, done: Callable[[Path | TaktError], None]
    ) -> None:
        """Begin an episode; `done` is called from the writing thread."""
        self._inbox.command(
            lambda: self._answer(lambda: self._recorder.start(request, now_ns), done)
        )

    def finish(
        self,
        outcome: str,
        note: str,
        now_ns: int,
        done: Callable[[tuple[Path, list[TopicReport]] | TaktError], None],
    ) -> None:
        """Complete the episode after all messages received before this call."""
        self._inbox.command(
            lambda: self._answer(lambda: self._recorder.finish(outcome, note, now_ns), done)
        )

    def discard(self, done: Callable[[Path | TaktError], None]) -> None:
        """Throw the episode away."""
        self._inbox.command(lambda: self._answer(self._recorder.discard, done))

    def _answer(self, act: Callable[[], T], done: Callable[[T | TaktError], None]) -> None:
        self._recorder.count_losses(self._inbox.take_losses())
        result: T | TaktError
        try:
            result = act()
            self._problem = ""
        except TaktError as error:
            result = error
            if self._recorder.bag is None and self._state.recording:
                self._problem = str(error)
        except OSError as error:
            result = TaktError(f"{error.filename}: {error.strerror}")
        except Exception:
            # Who asked gets an answer; what happened is handled as any internal error.
            done(TaktError(_INTERNAL))
            raise
        self._publish_state()
        done(result)

    def _run(self) -> None:
        while not self._end.is_set():
            self._survive(self._step)
        self._recorder.abandon()

    def _survive(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            # The thread must outlive what nobody foresaw: the episode is left to be
            # recovered, the reason is shown, and a new one can be started.
            _LOG.exception("recording failed")
            self._recorder.abandon()
            self._problem = _INTERNAL
            self._publish_state()

    def _step(self) -> None:
        refused = bool(self._problem) and self._recorder.bag is not None
        # Who asks to finish gets an answer even if the disk stays full.
        if refused and not self._disk(self._recorder.flush) and not self._inbox.has_command:
            self._end.wait(_RETRY_S)
            return
        taken = self._take_some()
        self._recorder.count_losses(self._inbox.take_losses())
        now = time.monotonic()
        if now >= self._next_flush:
            self._next_flush = now + self._flush_s
            self._disk(self._recorder.flush)
        if now >= self._next_status:
            self._publish_state()
        if not taken:
            self._end.wait(_IDLE_S)

    def _take_some(self) -> bool:
        """Process what waits, up to the amount that is worth a write."""
        size = 0
        while size < _DRAIN_BYTES:
            item = self._inbox.take()
            if item is None:
                break
            if isinstance(item, Received):
                size += len(item.data)
                self._recorder.receive(item)
            else:
                item()
        if size:
            self._disk(self._recorder.drain)
        return size > 0

    def _disk(self, act: Callable[[], None]) -> bool:
        """A disk operation under watch; False if it was refused."""
        self._busy_since = time.monotonic()
        try:
            act()
        except OSError as error:
            self._problem = (
                f"cannot write {self._recorder.bag}: {error.strerror}; messages wait in memory "
                "and are lost when that is full. Make space: the recording then goes on"
            )
            self._publish_state()
            return False
        finally:
            self._busy_since = None
        if self._problem and self._recorder.bag is not None:
            self._problem = ""
            self._publish_state()
        return True

    def _publish_state(self) -> None:
        self._next_status = time.monotonic() + _STATUS_S
        recorder = self._recorder
        topics = tuple(recorder.reports())
        bag = recorder.bag or recorder.last_bag
        self._state = RecorderState(
            recording=recorder.bag is not None,
            bag=str(bag or ""),
            episode=recorder.name,
            problem=self._problem,
            start_ns=recorder.start_ns,
            bytes=recorder.bytes,
            lost=sum(topic.lost for topic in topics),
            topics=topics,
        )
