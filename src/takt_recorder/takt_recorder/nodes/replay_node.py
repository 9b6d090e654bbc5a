"""Repeats a recorded episode: acts as a policy, so that commands go through the arbiter."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.task import Future

from takt_core.conversions import chunk_to_ros, pose_from_ros, stamp_from_ros, stamp_to_ros
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ManagedNode, run_node
from takt_core.nodes.qos import COMMAND, LATCHED, RECORD
from takt_msgs.msg import ActionChunk, ArmState, ControlMode, PolicyStatus
from takt_msgs.srv import ResetTask
from takt_recorder.nodes.approach import Approach
from takt_recorder.replay.loading import load_plan
from takt_recorder.replay.plan import POLICY, ReplayPlan
from takt_recorder.replay.session import Phase, ReplaySession
from takt_recorder.replay.settings import ReplayParameters

_TICK_S = 0.01


class ReplayNode(ManagedNode):
    """Feeds a `ReplaySession` and publishes what it decides; ends the process with it."""

    def __init__(self) -> None:
        super().__init__("replay", ReplayParameters)
        self._plan: ReplayPlan | None = None
        self._session: ReplaySession | None = None
        self._reset: Future | None = None
        self._approach: Approach | None = None
        self._may_look = False
        # Blocks of the arbiter are per run: each replay is a run of its own.
        self._run = time.time_ns() // 1_000_000
        self._give_up_s = 0.0

    def on_takt_configure(self) -> None:
        """Read the bag and check the motion itself."""
        settings: ReplayParameters = self.parameters
        if not settings.bag:
            raise TaktError("parameter `bag` is empty; give the folder of an episode")
        self._plan = load_plan(Path(settings.bag), settings.speed)
        self._session = ReplaySession(self._plan, settings.limits())
        self._status = self.create_publisher(PolicyStatus, "policy/status", LATCHED)
        self._chunks = self.create_publisher(ActionChunk, "policy/chunk", COMMAND)
        self._reset_client = self.create_client(ResetTask, "task/reset")
        if settings.approach:
            self._approach = Approach(self, self._plan.start_joints)

    def on_takt_activate(self) -> None:
        """Look at the robot; everything else follows."""
        self._give_up_s = time.monotonic() + self.parameters.patience_s
        self._may_look = not self.parameters.reset
        self.create_subscription(ControlMode, "control/mode", self._on_mode, LATCHED)
        self.create_subscription(ArmState, "arm/state", self._on_arm, RECORD)
        self.create_timer(_TICK_S, self._tick)

    def _on_mode(self, message: ControlMode) -> None:
        if self._session is not None:
            self._session.mode(int(message.mode), int(message.epoch), message.reason)

    def _on_arm(self, message: ArmState) -> None:
        if self._session is None or not self._may_look:
            return
        joints = np.array(message.joint_position, dtype=np.float64)
        stamp_ns = stamp_from_ros(message.header.stamp)
        self._session.arm(stamp_ns, pose_from_ros(message.tcp_pose), joints)

    def _tick(self) -> None:
        session = self._session
        if session is None or not self.active:
            return
        moves = self._approach is not None and self._approach.is_moving
        late = time.monotonic() > self._give_up_s
        if session.phase is Phase.WAITING and late and not moves:
            self._finish("robot or arbiter not found: no arm/state, control/mode or task/reset")
            return
        if not self._may_look:
            self._ask_reset()
            return
        if self._approach is not None and not self._approach.is_over(session.problem_at_start()):
            return
        before = session.phase
        output = session.tick(self.now_ns())
        if session.phase is not before:
            self.get_logger().info(session.phase.value)
        if output.chunk is not None:
            self._chunks.publish(chunk_to_ros(output.chunk, "base"))
        if session.phase is not Phase.WAITING:
            self._publish_status(output.running)
        if session.phase is Phase.ENDED:
            self._finish(session.problem)

    def _publish_status(self, running: bool) -> None:
        message = PolicyStatus(
            state=PolicyStatus.RUNNING if running else PolicyStatus.READY,
            policy=POLICY,
            goal=self._plan.bag.name if self._plan else "",
            run=self._run,
        )
        message.header.stamp = stamp_to_ros(self.now_ns())
        self._status.publish(message)

    def _ask_reset(self) -> None:
        """Reset the task once its service is there; then look at the robot."""
        if self._plan is None or self._plan.seed is None:
            self._finish("the bag has no seed to reset to; give no --reset")
        elif self._reset is None:
            if self._reset_client.service_is_ready():
                request = ResetTask.Request(seed=self._plan.seed)
                self._reset = self._reset_client.call_async(request)
        elif self._reset.done():
            answer = self._reset.result()
            if answer.success:
                self._may_look = True
            else:
                self._finish(f"task/reset refused: {answer.message}")

    def _finish(self, problem: str) -> None:
        session, self._session = self._session, None
        result: dict[str, Any] = {"bag": self.parameters.bag, "problem": problem}
        try:
            if session is not None:
                result["difference"] = session.difference().to_mapping()
        except TaktError as error:
            result["problem"] = problem or str(error)
        if self.parameters.result_file:
            Path(self.parameters.result_file).write_text(json.dumps(result), encoding="utf-8")
        if result["problem"]:
            self.get_logger().error(result["problem"])
        self.request_shutdown(1 if result["problem"] else 0)


def main() -> None:
    """Repeat one episode; the exit code says whether it went through."""
    sys.exit(run_node(ReplayNode))


if __name__ == "__main__":
    main()
