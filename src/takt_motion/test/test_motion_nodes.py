"""The services of the motion node, with a motion that answers at once."""

from __future__ import annotations

import time
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("takt_msgs.msg", exc_type=ImportError)

from rclpy.task import Future  # noqa: E402

from takt_core.errors import TaktError  # noqa: E402
from takt_motion.nodes.task_reset import TaskResetService  # noqa: E402
from takt_motion.request import Request  # noqa: E402
from takt_motion.views import Result  # noqa: E402
from takt_msgs.srv import ResetTask  # noqa: E402

pytestmark = pytest.mark.ros


class Motions:
    """Stands for the action: what was asked, and what comes of it."""

    def __init__(self, executor: Any, answers: dict[str, Result | TaktError]) -> None:
        self.asked: list[Request] = []
        self._answers = answers
        self._executor = executor

    def begin(self, request: Request) -> Future:
        self.asked.append(request)
        answer = self._answers[request.place]
        if isinstance(answer, TaktError):
            raise answer
        future: Future = Future()
        # Later, as a motion takes its time.
        self._executor.create_task(lambda: future.set_result(answer))
        return future


@pytest.mark.parametrize(
    ("answers", "success", "words", "asked"),
    [
        ({"retreat": True, "home": True}, True, "home", ["retreat", "home"]),
        ({"retreat": False, "home": True}, False, "retreat: no", ["retreat"]),
        ({"retreat": True, "home": False}, False, "home: no", ["retreat", "home"]),
        ({"retreat": None, "home": True}, False, "retreat: not now", ["retreat"]),
    ],
)
def test_a_task_is_reset_by_a_retreat_and_home(
    ros_domain: int, answers: dict[str, bool | None], success: bool, words: str, asked: list[str]
) -> None:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("robot", context=context, use_global_arguments=False)
    executor = rclpy.executors.SingleThreadedExecutor(context=context)
    executor.add_node(node)
    outcomes: dict[str, Result | TaktError] = {
        place: TaktError("not now") if good is None else Result(good, place if good else "no")
        for place, good in answers.items()
    }
    motions = Motions(executor, outcomes)
    service = TaskResetService(node, motions, lambda: 7, 0.3)  # type: ignore[arg-type]
    client = node.create_client(ResetTask, "task/reset")
    try:
        future = client.call_async(ResetTask.Request(seed=1))
        end_s = time.monotonic() + 20.0
        while not future.done() and time.monotonic() < end_s:
            executor.spin_once(timeout_sec=0.05)
        answer = future.result()
        assert answer is not None
        assert (answer.success, answer.message) == (success, words)
        assert [request.place for request in motions.asked] == asked
        assert all(request.speed_scale == 0.3 for request in motions.asked)
    finally:
        service.destroy()
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
