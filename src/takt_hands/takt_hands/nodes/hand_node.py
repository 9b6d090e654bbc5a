"""A Dynamixel hand as a ROS node.

Configured, it reads the hand, which is limp; activated, it holds and follows; deactivated, it
holds.
"""

from __future__ import annotations

import sys
from typing import Any

from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from takt_core.conversions import hand_trajectory_from_ros
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ERROR, OK, WARN, ManagedNode, run_node
from takt_core.nodes.qos import COMMAND, SENSOR_PUBLISH
from takt_hands.conversions import current_limit_from_ros, hand_state_to_ros, joint_state_to_ros
from takt_hands.description import load
from takt_hands.driver import HandDriver
from takt_hands.dynamixel.bus import Bus
from takt_hands.dynamixel.port import SerialPort, latency_advice
from takt_hands.loop import HandLoop
from takt_hands.parameters import HandParameters
from takt_hands.state import Control, HandSnapshot
from takt_msgs.msg import HandState

_TRAJECTORY = "hand/trajectory"
_DIAGNOSE_PERIOD_S = 1.0
_CROWD_PERIOD_S = 0.1


class HandNode(ManagedNode):
    def __init__(self) -> None:
        super().__init__("hand", HandParameters)
        self._driver: HandDriver | None = None
        self._loop: HandLoop | None = None
        self._latest: HandSnapshot | None = None
        self._crowded = False
        self._state = self.create_publisher(HandState, "hand/state", SENSOR_PUBLISH)
        self._joints = self.create_publisher(JointState, "joint_states", SENSOR_PUBLISH)
        self.create_subscription(JointTrajectory, _TRAJECTORY, self._on_trajectory, COMMAND)
        self.create_subscription(JointState, "hand/current_limit", self._on_limit, COMMAND)
        self.create_service(SetBool, "hand/enable", self._on_enable)
        self.create_service(Trigger, "hand/reset_fault", self._on_reset)
        self.create_timer(_DIAGNOSE_PERIOD_S, self._diagnose)
        self.create_timer(_CROWD_PERIOD_S, self._look_for_crowd)

    # Lifecycle

    def on_takt_configure(self) -> None:
        p: HandParameters = self.parameters
        description = load(p.description)
        bus = Bus(SerialPort(p.port, p.baud, p.reply_timeout_s))
        driver = HandDriver(
            bus, description, p, self.now_ns, log=lambda text: self.get_logger().warning(text)
        )
        found = driver.open()
        advice = latency_advice(p.port)
        if advice:
            self.get_logger().warning(advice)
        self.get_logger().info(f"{description.name} at {p.port}: {'; '.join(found)}")
        self._driver = driver
        self._loop = HandLoop(driver, p.rate_hz, self._publish, self._on_failure)
        self._loop.start()

    def on_takt_activate(self) -> None:
        if self.parameters.enable_on_activate:
            self._ready().enable()

    def on_takt_deactivate(self) -> None:
        self._ready().hold()

    def on_takt_cleanup(self) -> None:
        driver, loop = self._driver, self._loop
        self._driver = self._loop = self._latest = None
        if loop is not None:
            loop.stop()
        if driver is not None:
            driver.close()

    # Commands

    def _on_trajectory(self, message: Any) -> None:
        if self._driver is None or not self.active:
            raise TaktError("the node is not active")
        if self._crowded:
            self._driver.refuse(f"{_TRAJECTORY} has more than one publisher")
            return
        try:
            wanted = hand_trajectory_from_ros(message)
        except TaktError as error:
            self._driver.refuse(str(error))
            raise
        result = self._driver.follow(
            wanted.joint_names, wanted.times_ns, wanted.positions, wanted.velocities
        )
        if not result.accepted:
            raise TaktError(result.reason)

    def _on_limit(self, message: Any) -> None:
        clamped = self._ready().set_current_limit(*current_limit_from_ros(message))
        if clamped:
            raise TaktError(f"{', '.join(clamped)}: only max_current_a of the description is set")

    def _on_enable(self, request: Any, response: Any) -> Any:
        def act() -> str:
            if not request.data:
                self._ready().disable()
                return "torque is off"
            if not self.active:
                raise TaktError("the node is not active")
            self._ready().enable()
            return "torque is on"

        return self._answer(response, act)

    def _on_reset(self, request: Any, response: Any) -> Any:
        return self._answer(response, lambda: self._ready().reset_fault())

    @staticmethod
    def _answer(response: Any, act: Any) -> Any:
        try:
            response.message = act()
            response.success = True
        except TaktError as error:
            response.success, response.message = False, str(error)
        return response

    def _ready(self) -> HandDriver:
        if self._driver is None:
            raise TaktError("the node is not configured")
        return self._driver

    # From the loop's thread

    def _publish(self, snapshot: HandSnapshot) -> None:
        self._latest = snapshot
        driver = self._driver
        if driver is None or not self.context.ok():
            return
        names = driver.description.joint_names
        self._state.publish(hand_state_to_ros(snapshot, names))
        if snapshot.measured:
            self._joints.publish(joint_state_to_ros(snapshot, names))

    def _on_failure(self, text: str) -> None:
        self.diagnose(ERROR, text)
        self.request_shutdown(1)

    # Timers

    def _look_for_crowd(self) -> None:
        crowded = self.count_publishers(self.resolve_topic_name(_TRAJECTORY)) > 1
        if crowded and not self._crowded and self._driver is not None:
            self._driver.hold()
        if crowded != self._crowded:
            level = ERROR if crowded else OK
            text = "more than one publisher: holding" if crowded else "one publisher or none"
            self.diagnose(level, f"{_TRAJECTORY}: {text}", "commanders")
        self._crowded = crowded

    def _diagnose(self) -> None:
        state = self._latest
        if state is None:
            return
        level, message = OK, f"{state.control.name.lower()}"
        rate_hz = self.parameters.rate_hz
        if state.reads > 2.0 * rate_hz and state.rate_hz < 0.8 * rate_hz:
            level, message = WARN, "the rate is more than 20 % below 'rate_hz'"
        if state.warnings:
            level, message = WARN, "; ".join(state.warnings)
        if state.fault or state.control is Control.OFFLINE:
            level, message = ERROR, state.fault
        self.diagnose(
            level,
            message,
            "hand",
            rate_hz=f"{state.rate_hz:.1f}",
            reads=state.reads,
            failed_reads=state.failed_reads,
            starvations=state.starvations,
            rejected=state.rejected,
            voltage=f"{state.voltage:.1f}",
            hottest_c=f"{max(state.temperature.tolist()):.0f}",
        )


def main() -> None:
    sys.exit(run_node(HandNode))


if __name__ == "__main__":
    main()
