"""Goals that are cancelled before their run begins."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("takt_msgs.action", exc_type=ImportError)

from takt_msgs.action import RunPolicy
from takt_policy.nodes import run_action
from takt_policy.run_watch import Outcome, RunWatch


class Server:
    def __init__(self, *arguments: Any, **named: Any) -> None:
        pass


class Handle:
    def __init__(self, is_cancel_requested: bool) -> None:
        self.is_cancel_requested = is_cancel_requested
        self.request = RunPolicy.Goal()
        self.states: list[str] = []

    def canceled(self) -> None:
        self.states.append("canceled")


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> run_action.RunAction:
    monkeypatch.setattr(run_action, "ActionServer", Server)
    begun = lambda: pytest.fail("begun")  # noqa: E731
    return run_action.RunAction(None, begun, lambda: True, lambda: 0, lambda _: None)


def test_a_goal_cancelled_before_its_turn_never_runs(action: run_action.RunAction) -> None:
    handle = Handle(is_cancel_requested=True)
    with pytest.raises(StopIteration) as end:
        action._execute(handle).send(None)
    assert end.value.value.outcome == Outcome.CANCELLED
    assert handle.states == ["canceled"]


def test_cancelling_another_goal_does_not_end_the_run(action: run_action.RunAction) -> None:
    action.watch, action._handle = RunWatch(0, 0.0), Handle(is_cancel_requested=False)
    action._on_cancel(Handle(is_cancel_requested=True))
    assert action.watch.ending is None
    action._on_cancel(action._handle)
    assert action.watch.ending is not None
