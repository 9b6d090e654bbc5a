"""The thread that runs the driver."""

from __future__ import annotations

import threading

from hand_rig import Rig

from takt_hands.loop import HandLoop
from takt_hands.state import HandSnapshot

TIMEOUT_S = 30.0


def test_it_hands_over_each_cycle_until_it_is_stopped() -> None:
    rig, enough = Rig().opened(), threading.Event()
    states: list[HandSnapshot] = []

    def on_cycle(state: HandSnapshot) -> None:
        states.append(state)
        if len(states) == 5:
            enough.set()

    loop = HandLoop(rig.driver, 200.0, on_cycle, lambda text: None)
    loop.start()
    assert enough.wait(TIMEOUT_S)
    loop.stop()
    count = len(states)
    assert [state.reads for state in states] == list(range(1, count + 1))
    assert len(states) == count


def test_what_nobody_foresaw_ends_it_and_is_told() -> None:
    rig, said, ended = Rig().opened(), [], threading.Event()

    def on_cycle(state: HandSnapshot) -> None:
        raise ValueError("nobody foresaw this")

    def on_failure(text: str) -> None:
        said.append(text)
        ended.set()

    loop = HandLoop(rig.driver, 200.0, on_cycle, on_failure)
    loop.start()
    assert ended.wait(TIMEOUT_S)
    loop.stop()
    assert said == ["the hand's loop ended: ValueError: nobody foresaw this"]
