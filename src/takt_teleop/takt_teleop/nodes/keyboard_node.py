"""The keyboard as a node: publishes teleop/command, shows control/mode."""

from __future__ import annotations

import sys
import time
from typing import Any

from rclpy.clock import Clock, ClockType

from takt_core.nodes.lifecycle import ManagedNode, run_node
from takt_core.nodes.qos import LATCHED, SENSOR_PUBLISH
from takt_msgs.msg import ControlMode, TeleopCommand
from takt_msgs.srv import ResetControl
from takt_teleop import conversions
from takt_teleop.devices.key_motion import KeyboardParameters
from takt_teleop.devices.keyboard import KeyboardDevice
from takt_teleop.devices.terminal import KeyTerminal
from takt_teleop.transitions import Mode


class KeyboardNode(ManagedNode):
    """Reads the terminal it was started in."""

    def __init__(self) -> None:
        super().__init__("keyboard", KeyboardParameters)
        self._device: KeyboardDevice | None = None
        self._timer: Any = None
        self._mode, self._reason = "no arbiter", "waiting for control/mode"
        self._commands: Any = None
        self._modes: Any = None
        self._reset: Any = None

    def on_takt_configure(self) -> None:
        self._commands = self.create_publisher(TeleopCommand, "teleop/command", SENSOR_PUBLISH)
        self._modes = self.create_subscription(ControlMode, "control/mode", self._on_mode, LATCHED)
        self._reset = self.create_client(ResetControl, "control/reset")

    def on_takt_activate(self) -> None:
        terminal = KeyTerminal(sys.stdin.fileno(), sys.stdout.fileno())
        self._device = KeyboardDevice(terminal, self.parameters)
        self._device.open()
        # Fingers do not slow down with simulated time.
        self._timer = self.create_timer(
            1.0 / self.parameters.rate_hz, self._poll, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def on_takt_deactivate(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        if self._device is not None:
            self._device.close()
            self._device = None

    def on_takt_cleanup(self) -> None:
        self.destroy_publisher(self._commands)
        self.destroy_subscription(self._modes)
        self.destroy_client(self._reset)

    def _poll(self) -> None:
        device = self._device
        if device is None:
            return
        steady_ns = time.monotonic_ns()
        for command in device.poll(steady_ns, self.now_ns()):
            self._commands.publish(conversions.device_command_to_ros(command))
        if device.take_reset():
            self._call_reset(device)
        device.show(self._mode, self._reason, steady_ns)
        if device.quit:
            self.request_shutdown()

    def _call_reset(self, device: KeyboardDevice) -> None:
        if not self._reset.service_is_ready():
            device.say("control/reset is not there: no arbiter runs")
            return
        request = ResetControl.Request(operator_id=self.parameters.operator_id)
        future = self._reset.call_async(request)
        future.add_done_callback(lambda done: device.say(done.result().message))

    def _on_mode(self, message: ControlMode) -> None:
        known = {int(mode): mode.name for mode in Mode}
        self._mode = known.get(message.mode, f"unknown mode {message.mode}")
        self._reason = message.reason


def main() -> None:
    sys.exit(run_node(KeyboardNode))


if __name__ == "__main__":
    main()
