"""The thread that reads one camera, whatever its kind, and brings it back when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from takt_cameras.capture.source import FrameSource, SourceEndedError, SourceLostError
from takt_cameras.frame import Frame
from takt_core.errors import TaktError


@dataclass(frozen=True)
class GrabberState:
    """A snapshot for diagnostics.

    Attributes:
        running: frames are coming, or are expected at once.
        problem: why not, or empty.
        frames: delivered since the start.
        dropped: lost between device and driver, from gaps in the sequence.
        losses: times that the device went away.
    """

    running: bool
    problem: str
    frames: int
    dropped: int
    losses: int


class Grabber:
    """Reads a source in its own thread and hands each frame over there."""

    def __init__(
        self,
        source: FrameSource,
        on_frame: Callable[[Frame], None],
        reconnect_period_s: float = 1.0,
        on_warning: Callable[[str], None] = lambda _: None,
    ) -> None:
        """
        Args:
            on_frame: called in the grabbing thread; what it raises ends the grabbing and is
                reported as the problem.
            on_warning: called for what the device does differently, and for every loss.
        """
        self._source = source
        self._on_frame = on_frame
        self._on_warning = on_warning
        self._reconnect_period_s = reconnect_period_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._opened = False
        self._running = False
        self._problem = ""
        self._frames = self._dropped = self._losses = 0
        self._sequence: int | None = None

    def open(self) -> None:
        """Opens the source, so that a wrong configuration shows before anything starts.

        Raises:
            TaktError: the device is not there or cannot do what is asked.
        """
        try:
            warnings = self._source.open()
        except SourceLostError as error:
            raise TaktError(str(error)) from error
        self._opened = True
        for warning in warnings:
            self._on_warning(warning)

    def start(self) -> None:
        """Begins to read; opens first if the source is not open.

        Raises:
            TaktError: like ``open``.
        """
        if not self._opened:
            self.open()
        self._stop.clear()
        self._running = True
        self._problem = ""
        self._sequence = None
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and closes the source; after it no frame is handed over."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._running = False
        self._source.close()
        self._opened = False

    def state(self) -> GrabberState:
        with self._lock:
            return GrabberState(
                self._running, self._problem, self._frames, self._dropped, self._losses
            )

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    frame = self._source.read()
                    if frame is not None:
                        self._deliver(frame)
                except SourceLostError as error:
                    self._report_loss(str(error))
                    self._reopen()
        except SourceEndedError as error:
            self._end(str(error))
        except Exception as error:
            # The thread has nobody above it: whatever it was must become visible.
            self._end(f"{type(error).__name__}: {error}")

    def _deliver(self, frame: Frame) -> None:
        with self._lock:
            if self._sequence is not None and frame.sequence > self._sequence + 1:
                self._dropped += frame.sequence - self._sequence - 1
            self._sequence = frame.sequence
            self._frames += 1
        self._on_frame(frame)

    def _report_loss(self, reason: str) -> None:
        with self._lock:
            self._running = False
            self._problem = reason
            self._losses += 1
            self._sequence = None
        self._on_warning(reason)

    def _reopen(self) -> None:
        """Tries until the device is back or the grabber is stopped."""
        self._source.close()
        while not self._stop.wait(self._reconnect_period_s):
            try:
                self._source.open()
            except (SourceLostError, TaktError) as error:
                with self._lock:
                    self._problem = str(error)
                self._source.close()
                continue
            with self._lock:
                self._running = True
                self._problem = ""
            return

    def _end(self, reason: str) -> None:
        with self._lock:
            self._running = False
            self._problem = reason
        self._on_warning(reason)
