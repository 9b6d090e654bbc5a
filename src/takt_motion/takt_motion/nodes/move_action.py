"""The action motion/move_to: a goal, its motion, its result. A new goal takes over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.task import Future

from takt_core.errors import TaktError
from takt_motion.request import Request
from takt_motion.session import MotionSession
from takt_motion.views import Output, Result
from takt_msgs.action import MoveTo

_FEEDBACK_PERIOD_NS = 100_000_000


class MoveAction:
    """Serves motion/move_to. Call ``report`` after each tick of the session.

    Args:
        session: None while the node does not act.
        request_of: reads a goal; raises TaktError.
    """

    def __init__(
        self,
        node: Node,
        session: Callable[[], MotionSession | None],
        request_of: Callable[[Any], Request],
        now_ns: Callable[[], int],
    ) -> None:
        self._session = session
        self._request_of = request_of
        self._now_ns = now_ns
        self._handle: Any = None
        self._finished: Future | None = None
        self._feedback_ns = 0
        self._server = ActionServer(
            node,
            MoveTo,
            "motion/move_to",
            execute_callback=self._execute,
            goal_callback=lambda _: GoalResponse.ACCEPT,
            cancel_callback=self._on_cancel,
        )

    def destroy(self) -> None:
        self._server.destroy()

    def begin(self, request: Request) -> Future:
        """Start a motion; the future becomes its ``Result``.

        Raises:
            TaktError: no motion is possible now.
        """
        session, now_ns = self._session(), self._now_ns()
        if session is None:
            raise TaktError(
                "the motion node is not active, or knows no robot yet: is there a URDF on its "
                "description_topic?"
            )
        refusal = session.refusal(now_ns)
        if refusal:
            raise TaktError(refusal)
        before = session.begin(request, now_ns)
        if before is not None:
            self._finish(before)
        self._finished, self._handle = Future(), None
        return self._finished

    def report(self, output: Output, now_ns: int) -> None:
        """Send feedback, and the result where there is one."""
        if output.result is not None:
            self._finish(output.result)
        elif self._handle is not None and abs(now_ns - self._feedback_ns) >= _FEEDBACK_PERIOD_NS:
            self._feedback_ns = now_ns
            self._handle.publish_feedback(MoveTo.Feedback(fraction=output.fraction))

    def end(self, result: Result) -> None:
        """End the present goal because the node stops acting."""
        self._finish(result)

    def _finish(self, result: Result) -> None:
        finished, self._finished, self._handle = self._finished, None, None
        if finished is not None and not finished.done():
            finished.set_result(result)

    def _on_cancel(self, handle: Any) -> CancelResponse:
        session = self._session()
        # Another goal, accepted but not begun yet, must not end this one; see _execute.
        if session is not None and handle is self._handle:
            session.cancel(self._now_ns())
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> MoveTo.Result:
        if handle.is_cancel_requested:
            handle.canceled()
            return MoveTo.Result(success=False, message="cancelled before it began")
        try:
            finished = self.begin(self._request_of(handle.request))
        except (TaktError, ValueError) as error:
            handle.abort()
            return MoveTo.Result(success=False, message=str(error))
        self._handle = handle
        result: Result = await finished
        if result.success:
            handle.succeed()
        elif result.cancelled and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return MoveTo.Result(success=result.success, message=result.message)
