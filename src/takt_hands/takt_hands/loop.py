"""The thread that runs a hand's driver at its rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from takt_hands.driver import HandDriver
from takt_hands.state import HandSnapshot


class HandLoop:
    """Calls the driver's cycle and hands over what it found.

    Cycles that could not be held are left out, not made up for: a burst of them would tell
    nobody anything.
    """

    def __init__(
        self,
        driver: HandDriver,
        rate_hz: float,
        on_cycle: Callable[[HandSnapshot], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """
        Args:
            on_cycle: called in the thread, after each cycle.
            on_failure: called in the thread when it ends by an error that nobody foresaw.
        """
        self._driver = driver
        self._period_s = 1.0 / rate_hz
        self._on_cycle = on_cycle
        self._on_failure = on_failure
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="hand", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """After it, no cycle runs."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stop.is_set():
            try:
                self._on_cycle(self._driver.cycle())
            except Exception as error:
                # Nobody is above this thread; the motors hold the goals that they have.
                self._on_failure(f"the hand's loop ended: {type(error).__name__}: {error}")
                return
            due_s = max(due_s + self._period_s, time.monotonic() - self._period_s)
            self._stop.wait(max(0.0, due_s - time.monotonic()))
