"""The worker: in order, in its own thread, and it says when it is done."""

from __future__ import annotations

import threading

from takt_policy.worker import Worker


def test_results_come_in_order_from_another_thread() -> None:
    done = threading.Semaphore(0)
    worker: Worker[tuple[int, int]] = Worker(done.release)
    for number in range(5):
        worker.submit(lambda number=number: (number, threading.get_ident()))  # type: ignore[misc]
    for number in range(5):
        assert done.acquire(timeout=30)
        result = worker.take()
        assert result is not None
        assert result[0] == number
        assert result[1] != threading.get_ident()
    assert worker.take() is None
    worker.close()


def test_submitting_does_not_wait() -> None:
    gate, done = threading.Event(), threading.Event()
    worker: Worker[bool] = Worker(done.set)
    worker.submit(lambda: gate.wait(30))
    assert worker.take() is None
    gate.set()
    assert done.wait(30)
    assert worker.take() is True
    worker.close()
