"""Each thing is said once, and short waits are no warnings."""

from __future__ import annotations

from takt_policy.runtime import State
from takt_policy.shown import ShownState


def said(state: ShownState, now: State, reasons: list[str], start_s: float) -> list[tuple]:
    """What is said while each reason lasts for 20 ms."""
    found = [state.look(now, reason, start_s + 0.02 * i) for i, reason in enumerate(reasons)]
    return [(one.words, one.brief) for one in found if one is not None]


def test_a_start_with_many_short_waits_warns_of_nothing() -> None:
    shown = ShownState()
    for start in range(10):
        aged = [f"'arm' is {0.02 * i:.2f} s old" for i in range(20)]
        waits = said(shown, State.WAITING, aged, start)
        assert [brief for _, brief in waits] == [True]
        assert said(shown, State.RUNNING, [""], start + 0.45) == [("RUNNING", False)]


def test_a_long_wait_is_said_once_in_the_same_words() -> None:
    shown = ShownState()
    aged = [f"'arm' is {0.02 * i:.2f} s old" for i in range(200)]
    waits = said(shown, State.WAITING, aged, 0.0)
    words = [text for text, brief in waits if not brief]
    assert len(words) == 4
    assert set(words) == {"WAITING: 'arm' is 0.00 s old"}
    other = said(shown, State.WAITING, ["nothing on 'camera'"] * 100, 4.0)
    assert {text for text, _ in other} == {"WAITING: nothing on 'camera'"}


def test_a_failure_is_said_at_once() -> None:
    shown = ShownState()
    said(shown, State.RUNNING, [""] * 3, 0.0)
    assert said(shown, State.FAILED, ["NaN"], 0.06) == [("FAILED: NaN", False)]
