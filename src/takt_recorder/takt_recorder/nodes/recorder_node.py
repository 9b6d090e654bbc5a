"""The recorder: services and status around the ROS-free recording.

recorder/start, recorder/finish, recorder/discard, recorder/status
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

from rclpy.task import Future

from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ManagedNode, run_node
from takt_core.nodes.qos import LATCHED
from takt_msgs.msg import RecorderStatus
from takt_msgs.srv import DiscardRecording, FinishRecording, StartRecording
from takt_recorder import provenance
from takt_recorder.episode import EpisodeRequest
from takt_recorder.episode_recorder import EpisodeRecorder
from takt_recorder.inbox import Inbox
from takt_recorder.nodes.reporting import findings, status_message, topic_statistics
from takt_recorder.nodes.taps import Taps
from takt_recorder.parameters import RecorderParameters
from takt_recorder.recover import recover_all
from takt_recorder.selection import Selection
from takt_recorder.writer_thread import RecorderState, WriterThread

_STATUS_PERIOD_S = 0.5
_ANSWER_TIMEOUT_S = 30.0
_SHUTDOWN_TIMEOUT_S = 20.0
_MB = 1_000_000


class RecorderNode(ManagedNode):
    """Records what `topics` selects, one bag per episode."""

    def __init__(self) -> None:
        super().__init__("recorder", RecorderParameters)
        self._taps: Taps | None = None
        self._writer: WriterThread | None = None
        self._pending: list[tuple[Future, float]] = []
        self._status = self.create_publisher(RecorderStatus, "recorder/status", LATCHED)
        self.create_service(StartRecording, "recorder/start", self._on_start)
        self.create_service(FinishRecording, "recorder/finish", self._on_finish)
        self.create_service(DiscardRecording, "recorder/discard", self._on_discard)
        # A thread, not a timer: timers follow simulated time, and a status must not stop with it.
        self._resting = threading.Event()
        self._watch = threading.Thread(target=self._run_watch, name="status", daemon=True)
        self._watch.start()

    def on_takt_configure(self) -> None:
        """Make the folder and learn the versions, which takes a moment."""
        folder = self.parameters.options().folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TaktError(
                f"cannot make the folder {folder}: {error.strerror}. Change the parameter `folder`"
            ) from error
        provenance.versions()
        provenance.host()

    def on_takt_activate(self) -> None:
        """Listen, and fill the pre-roll."""
        settings: RecorderParameters = self.parameters
        inbox = Inbox(settings.queue_mb * _MB)
        recorder = EpisodeRecorder(settings.options())
        self._writer = WriterThread(recorder, inbox, settings.flush_s, settings.stall_s)
        if settings.recover_at_start:
            inbox.command(lambda: self._recover(settings.options().folder))
        self._writer.begin()
        self._taps = Taps(
            f"_{self.get_name()}_taps",
            self.get_namespace(),
            self.context,
            Selection(settings.topics, settings.exclude, self.get_namespace()),
            inbox,
            self.now_ns,
            self._writer.add_topic,
            settings.poll_s,
        )
        self._taps.begin()

    def on_takt_deactivate(self) -> None:
        """Complete a running episode as interrupted."""
        taps, writer = self._taps, self._writer
        self._taps = self._writer = None
        if taps is not None:
            taps.close()
        if writer is not None:
            ended = threading.Event()
            writer.finish(
                "interrupted", "the recorder was stopped", self.now_ns(), lambda _: ended.set()
            )
            ended.wait(_SHUTDOWN_TIMEOUT_S)
            writer.stop()

    async def _on_start(
        self, request: StartRecording.Request, response: StartRecording.Response
    ) -> StartRecording.Response:
        tags = dict(zip(request.tag_names, request.tag_values, strict=False))
        wanted = EpisodeRequest(
            request.episode,
            request.task,
            request.goal,
            request.operator_id,
            request.device,
            tags,
        )
        result = await self._ask(lambda writer, done: writer.start(wanted, self.now_ns(), done))
        response.success = not isinstance(result, TaktError)
        response.message = str(result) if isinstance(result, TaktError) else "recording"
        response.bag = str(result) if isinstance(result, Path) else ""
        return response

    async def _on_finish(
        self, request: FinishRecording.Request, response: FinishRecording.Response
    ) -> FinishRecording.Response:
        end_ns = self.now_ns()
        await self._pass_post_roll()
        result = await self._ask(
            lambda writer, done: writer.finish(request.outcome, request.note, end_ns, done)
        )
        response.success = not isinstance(result, TaktError)
        if isinstance(result, TaktError):
            response.message = str(result)
        else:
            bag, reports = result
            response.message = "recorded"
            response.bag = str(bag)
            response.topics = [topic_statistics(report) for report in reports]
        return response

    async def _on_discard(
        self, request: DiscardRecording.Request, response: DiscardRecording.Response
    ) -> DiscardRecording.Response:
        result = await self._ask(lambda writer, done: writer.discard(done))
        response.success = not isinstance(result, TaktError)
        response.message = str(result) if isinstance(result, TaktError) else f"{result} removed"
        if response.success:
            self.get_logger().info(f"{result} discarded: {request.reason or 'no reason given'}")
        return response

    async def _pass_post_roll(self) -> None:
        """Let what was sent before the end arrive, without blocking, and fetch it."""
        if self._taps is None or self._writer is None or not self._writer.state().recording:
            return
        over = Future(executor=self.executor)
        threading.Timer(self.parameters.post_roll_s, over.set_result, [None]).start()
        await over
        if self._taps is not None:
            self._taps.fetch()

    async def _ask(self, ask: Any) -> Any:
        """Hand a request to the writing thread and wait for its answer without blocking."""
        if self._writer is None:
            return TaktError("the recorder is not active; activate it with `ros2 lifecycle`")
        future = Future(executor=self.executor)
        self._pending.append((future, time.monotonic() + _ANSWER_TIMEOUT_S))
        ask(self._writer, lambda result: None if future.done() else future.set_result(result))
        result = await future
        self._publish_status()
        return result

    def _run_watch(self) -> None:
        while not self._resting.wait(_STATUS_PERIOD_S):
            self._answer_late_requests()
            if self.active and self._taps is not None:
                self._taps.update()
            self._publish_status()

    def destroy_node(self) -> None:
        """End the status thread before the publishers go."""
        self._resting.set()
        self._watch.join()
        super().destroy_node()

    def _answer_late_requests(self) -> None:
        now = time.monotonic()
        for future, deadline in self._pending:
            if now > deadline and not future.done():
                problem = self._writer.state().problem if self._writer else "recorder stopped"
                future.set_result(TaktError(f"no answer from the disk yet: {problem}"))
        self._pending = [(future, until) for future, until in self._pending if not future.done()]

    def _publish_status(self) -> None:
        state = RecorderState() if self._writer is None else self._writer.state()
        self._status.publish(status_message(state, self.now_ns()))
        if self._taps is not None:
            for finding in findings(state, self._taps.unknown, self._taps.missing()):
                self.diagnose(finding.level, finding.message, finding.component, lost=state.lost)

    def _recover(self, folder: Path) -> None:
        for result in recover_all(folder):
            if isinstance(result, TaktError):
                self.get_logger().error(str(result))
            else:
                self.get_logger().warning(str(result))


def main() -> int:
    """Run the recorder until SIGINT or SIGTERM."""
    return run_node(RecorderNode)


if __name__ == "__main__":
    sys.exit(main())
