"""Planned motions as a node: plans in a thread of its own, commands through the arbiter."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from takt_core.conversions import chunk_to_ros
from takt_core.nodes.lifecycle import OK, WARN, ManagedNode, run_node
from takt_core.nodes.qos import COMMAND, LATCHED, SENSOR_LATEST
from takt_description import robot_description
from takt_motion import conversions
from takt_motion.jobs import IsCancelled, Job, PlanningThread
from takt_motion.nodes.move_action import MoveAction
from takt_motion.nodes.task_reset import TaskResetService
from takt_motion.planners.interface import Planner
from takt_motion.planning import Planned, Start
from takt_motion.request import Request
from takt_motion.session import MotionSession
from takt_motion.settings import MotionParameters
from takt_motion.views import ModeView, Result
from takt_motion.workshop import MotionWorkshop, make_workshop
from takt_msgs.msg import ActionChunk, ArmState, ControlMode, PolicyStatus

_DESCRIPTION_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class MotionNode(ManagedNode):
    """Serves motion/move_to, and task/reset where it is told to."""

    def __init__(self) -> None:
        super().__init__("motion", MotionParameters)
        self._workshop: MotionWorkshop | None = None
        self._session: MotionSession | None = None
        self._action: MoveAction | None = None
        self._reset: TaskResetService | None = None
        self._planning: PlanningThread | None = None
        self._entities: list[tuple[Any, Any]] = []
        self._was_running = False
        self._mode: ModeView | None = None

    def on_takt_configure(self) -> None:
        p: MotionParameters = self.parameters
        self._status = self.create_publisher(PolicyStatus, "motion/status", LATCHED)
        self._chunks = self.create_publisher(ActionChunk, "motion/chunk", COMMAND)
        subscribe = self.create_subscription
        self._entities = [
            (self.destroy_publisher, self._status),
            (self.destroy_publisher, self._chunks),
            (
                self.destroy_subscription,
                subscribe(ControlMode, "control/mode", self._on_mode, LATCHED),
            ),
            (
                self.destroy_subscription,
                subscribe(ArmState, "arm/state", self._on_arm, SENSOR_LATEST),
            ),
            (
                self.destroy_subscription,
                subscribe(JointState, "joint_states", self._on_joints, SENSOR_LATEST),
            ),
            (self.destroy_timer, self.create_timer(1.0 / p.tick_hz, self._tick)),
        ]
        if p.description_topic:
            topic = p.description_topic
            found = subscribe(String, topic, self._on_description, _DESCRIPTION_QOS)
            self._entities.append((self.destroy_subscription, found))
        else:
            self._build(robot_description())
        self._planning = PlanningThread(self._plan)
        self._action = MoveAction(self, lambda: self._session, self._request, self.now_ns)
        if p.serve_task_reset:
            self._reset = TaskResetService(self, self._action, self.now_ns, p.speed_scale)

    def on_takt_activate(self) -> None:
        self._begin()

    def on_takt_deactivate(self) -> None:
        if self._action is not None:
            self._action.end(Result(False, "the motion node was deactivated"))
        self._session = None
        self._publish_status(False, failed=self._was_running)
        self._was_running = False

    def on_takt_cleanup(self) -> None:
        for part in (self._reset, self._action):
            if part is not None:
                part.destroy()
        self._reset = self._action = None
        if self._planning is not None:
            self._planning.close()
            self._planning = None
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities = []
        self._workshop = self._mode = None

    # What plans

    def _on_description(self, message: String) -> None:
        """The robot's URDF. One that changes while a motion goes on waits for the next set-up."""
        if self._workshop is None:
            self._build(message.data)
            if self.active:
                self._begin()

    def _build(self, urdf_xml: str) -> None:
        p: MotionParameters = self.parameters
        planner: Planner | None = None
        if p.backend == "moveit":
            # Only here: it is not there where MoveIt is not installed.
            from takt_motion.nodes.moveit_planner import MoveItPlanner

            planner = MoveItPlanner(
                Path(p.moveit_config), p.moveit_group, p.joint_names, p.planning_time_s
            )
        folders = [
            f"{one}/share" for one in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if one
        ]
        self._workshop = make_workshop(p, urdf_xml, folders, planner)
        self.get_logger().info(f"plans with {self._workshop.words}")

    def _begin(self) -> None:
        if self._workshop is not None and self._session is None:
            self._session = MotionSession(self.parameters, self._submit)
            if self._mode is not None:
                self._session.mode(self._mode)
            self._publish_status(False)

    def _submit(self, start: Start, request: Request) -> Job:
        assert self._planning is not None
        return self._planning.submit(start, request)

    def _plan(self, start: Start, request: Request, is_cancelled: IsCancelled) -> Planned:
        assert self._workshop is not None
        return self._workshop.plan(start, request, is_cancelled)

    def _request(self, goal: Any) -> Request:
        p: MotionParameters = self.parameters
        return conversions.request_from_ros(goal, p.joint_names, p.base_frame, p.speed_scale)

    # Inputs

    def _on_mode(self, message: ControlMode) -> None:
        # Kept for a session that begins later: it is latched, and comes only when it changes.
        self._mode = conversions.mode_view_from_ros(message)
        if self._session is not None:
            self._session.mode(self._mode)

    def _on_arm(self, message: ArmState) -> None:
        if self._session is not None:
            self._session.arm(conversions.arm_view_from_ros(message, self.parameters.joint_names))

    def _on_joints(self, message: JointState) -> None:
        if self._session is not None:
            self._session.others(dict(zip(message.name, message.position, strict=False)))

    # The beat

    def _tick(self) -> None:
        session, action = self._session, self._action
        if session is None or action is None:
            return
        now_ns = self.now_ns()
        output = session.tick(now_ns)
        if output.chunk is not None:
            self._chunks.publish(chunk_to_ros(output.chunk, self.parameters.base_frame))
        result = output.result
        if output.running or self._was_running:
            failed = result is not None and not result.success
            self._publish_status(output.running, session.phase.value, failed)
        self._was_running = output.running
        if result is not None:
            level = OK if result.success or result.cancelled else WARN
            self.diagnose(level, result.message, "move_to")
            if level == OK:
                self.get_logger().info(result.message)
        action.report(output, now_ns)

    def _publish_status(self, running: bool, reason: str = "", failed: bool = False) -> None:
        if self.context.ok():
            run = 0 if self._session is None else self._session.run
            status = conversions.status_to_ros(running, run, reason, self.now_ns(), failed)
            self._status.publish(status)


def main() -> None:
    sys.exit(run_node(MotionNode))


if __name__ == "__main__":
    main()
