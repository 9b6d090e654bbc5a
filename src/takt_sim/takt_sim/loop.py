"""Steps a simulation in a thread of its own, at a pace, and takes commands between slices."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from takt_core.errors import TaktError
from takt_core.streams import Sample
from takt_sim.simulation import Simulation

T = TypeVar("T")
SLICE_NS = 5_000_000
# Farther behind than this, the world goes on from now instead of racing after the clock:
# simulated time that jumps would make heartbeats look late that are not.
MAX_LAG_S = 0.02
CALL_TIMEOUT_S = 10.0
RATE_WINDOW_S = 1.0


class SimulationLoop:
    """Owns the simulation: it is made, stepped and closed in the thread of the loop.

    Args:
        make: builds the simulation (rendering belongs to the thread that does this).
        on_slice: called in the loop's thread after each slice, with what was delivered.
        rate_factor: simulated per wall-clock time; 0 is as fast as it goes.
        on_failure: called in the loop's thread with the error that has ended it: time stands
            still from then on.
    """

    def __init__(
        self,
        make: Callable[[], Simulation],
        on_slice: Callable[[Simulation, list[Sample]], None],
        rate_factor: float = 1.0,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        self._make = make
        self._on_failure = on_failure
        self._on_slice = on_slice
        self._rate_factor = rate_factor
        self._commands: queue.SimpleQueue[Callable[[Simulation], object]] = queue.SimpleQueue()
        self._running = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.achieved_rate = 0.0
        self._measured_from: tuple[float, int] = (time.monotonic(), 0)

    def open(self) -> None:
        """Build the simulation; time stands still until `run`. Raises what building raised."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._main, args=(ready,), name="simulation", daemon=True
        )
        self._thread.start()
        ready.result()

    def run(self) -> None:
        """Let time pass."""
        self._running.set()

    def pause(self) -> None:
        """Let time stand still after the present slice."""
        self._running.clear()

    def close(self) -> None:
        """End the thread; the simulation is closed in it."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def post(self, command: Callable[[Simulation], object]) -> None:
        """Have a command carried out between two slices, and do not wait for it."""
        self._commands.put(command)

    def call(self, command: Callable[[Simulation], T]) -> T:
        """Have a command carried out between two slices, and return what it returns.

        Raises:
            TaktError: the loop does not answer (any more).
        """
        answer: Future[T] = Future()

        def run(simulation: Simulation) -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(command(simulation))
            except Exception as error:
                answer.set_exception(error)

        self.post(run)
        try:
            return answer.result(timeout=CALL_TIMEOUT_S)
        except FutureTimeoutError:
            # Nobody expects it any more: it must not be carried out later, out of the blue.
            answer.cancel()
            raise TaktError(
                f"the simulation did not answer within {CALL_TIMEOUT_S:g} s; is it still running?"
            ) from None

    def _main(self, ready: Future[None]) -> None:
        try:
            simulation = self._make()
        except BaseException as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        try:
            self._step_until_end(simulation)
        except Exception as error:
            if self._on_failure is None:
                raise
            self._on_failure(error)
        finally:
            simulation.close()

    def _step_until_end(self, simulation: Simulation) -> None:
        anchor_s, anchor_ns = time.monotonic(), simulation.now_ns
        while not self._end.is_set():
            self._carry_out(simulation)
            if not self._running.is_set():
                time.sleep(0.002)
                anchor_s, anchor_ns = time.monotonic(), simulation.now_ns
                self._measured_from = (anchor_s, anchor_ns)
                continue
            self._on_slice(simulation, simulation.advance(SLICE_NS))
            ahead_s = self._ahead_s(simulation.now_ns - anchor_ns, anchor_s)
            # At full speed, too, other threads of the process need their turn.
            time.sleep(max(ahead_s, 0.0))
            if ahead_s < -MAX_LAG_S:
                anchor_s, anchor_ns = time.monotonic(), simulation.now_ns
            self._measure(simulation.now_ns)

    def _ahead_s(self, passed_ns: int, anchor_s: float) -> float:
        """How far simulated time is ahead of where it should be on the wall clock [s]."""
        if self._rate_factor == 0.0:
            return 0.0
        return passed_ns * 1e-9 / self._rate_factor - (time.monotonic() - anchor_s)

    def _measure(self, now_ns: int) -> None:
        since_s, since_ns = self._measured_from
        passed_s = time.monotonic() - since_s
        if passed_s >= RATE_WINDOW_S:
            self.achieved_rate = (now_ns - since_ns) * 1e-9 / passed_s
            self._measured_from = (time.monotonic(), now_ns)

    def _carry_out(self, simulation: Simulation) -> None:
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            command(simulation)
