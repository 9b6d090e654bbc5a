"""The lifecycle of every takt node.

Configuring loads and validates, activating begins to act, deactivating makes the robot hold.
A node starts itself unless its parameter ``autostart`` is false; ``ros2 lifecycle`` works on
it at any time.
"""

from __future__ import annotations

import functools
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from takt_core.errors import TaktError
from takt_core.nodes import parameters as ros_parameters
from takt_core.nodes.qos import STEPS
from takt_core.parameters import check, declarations
from takt_core.shared_memory import remove_stale_segments

OK = DiagnosticStatus.OK
WARN = DiagnosticStatus.WARN
ERROR = DiagnosticStatus.ERROR

_SLICE_S = 0.1


class ManagedNode(LifecycleNode):
    """A lifecycle node with declared parameters and diagnostics.

    Subclasses override the ``on_takt_*`` hooks; a TaktError raised there refuses the
    transition with its message. ``self.parameters`` is valid from configuring on.
    """

    def __init__(self, name: str, parameter_class: type) -> None:
        super().__init__(name, automatically_declare_parameters_from_overrides=True)
        self._parameter_class = parameter_class
        self.parameters: Any = None
        self.configured = False
        self.active = False
        self.exit_code = 0
        self.end_requested = False
        self._statuses: dict[str, DiagnosticStatus] = {}
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", STEPS)
        if not self.has_parameter("autostart"):
            self.declare_parameter("autostart", True)
        ros_parameters.declare(self, parameter_class)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self.create_timer(1.0, self._publish_diagnostics)

    # Hooks

    def on_takt_configure(self) -> None:
        """Load and validate; nothing may move."""

    def on_takt_activate(self) -> None:
        """Begin to act."""

    def on_takt_deactivate(self) -> None:
        """Stop acting; the robot holds."""

    def on_takt_cleanup(self) -> None:
        """Give back what configuring took."""

    # For subclasses

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """As rclpy's; a message that the callback refuses with a TaktError is ignored and said.

        Said once a second at most: broken sensors break at their full rate.
        """
        quiet_until_s = 0.0

        @functools.wraps(callback)
        def guarded(*received: Any) -> Any:
            try:
                return callback(*received)
            except TaktError as error:
                nonlocal quiet_until_s
                if time.monotonic() >= quiet_until_s:
                    quiet_until_s = time.monotonic() + 1.0
                    self.diagnose(WARN, f"{topic}: ignored: {error}", topic)
                return None

        return super().create_subscription(msg_type, topic, guarded, *args, **kwargs)

    def now_ns(self) -> int:
        """ROS time [ns]."""
        return int(self.get_clock().now().nanoseconds)

    def diagnose(self, level: bytes, message: str, component: str = "", **values: object) -> None:
        """Sets the state of this node (or one of its components) in /diagnostics."""
        name = f"{self.get_fully_qualified_name()}{': ' if component else ''}{component}"
        known = self._statuses.get(component)
        self._statuses[component] = DiagnosticStatus(
            level=level,
            name=name,
            message=message,
            hardware_id=self.get_namespace(),
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        if known is None or known.level != level or known.message != message:
            if level != OK:
                # rclpy ties one place in the source to one severity.
                if level == ERROR:
                    self.get_logger().error(message)
                else:
                    self.get_logger().warning(message)
            self._publish_diagnostics()

    def request_shutdown(self, exit_code: int = 0) -> None:
        """Ends the process after the present callback."""
        self.exit_code = exit_code
        self.end_requested = True

    # Transitions

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        def configure() -> None:
            self.parameters = ros_parameters.read(self, self._parameter_class)
            self.on_takt_configure()
            self.configured = True

        return self._transition("configure", configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        def activate() -> None:
            self.on_takt_activate()
            self.active = True

        result = self._transition("activate", activate)
        if result == TransitionCallbackReturn.SUCCESS:
            return super().on_activate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.active = False
        result = self._transition("deactivate", self.on_takt_deactivate)
        if result == TransitionCallbackReturn.SUCCESS:
            return super().on_deactivate(state)
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.configured = False
        return self._transition("clean up", self.on_takt_cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.stop()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.stop()
        return TransitionCallbackReturn.SUCCESS

    def stop(self) -> None:
        """Deactivates and cleans up, whatever the state; for the end of the process."""
        if self.active:
            self.active = False
            self._transition("deactivate", self.on_takt_deactivate)
        if self.configured:
            self.configured = False
            self._transition("clean up", self.on_takt_cleanup)

    def _transition(self, name: str, action: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            action()
        except TaktError as error:
            self.diagnose(ERROR, f"cannot {name}: {error}")
            return TransitionCallbackReturn.FAILURE
        except Exception:
            self.diagnose(ERROR, f"cannot {name}: {traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR
        self.diagnose(OK, f"{name} done")
        return TransitionCallbackReturn.SUCCESS

    # Parameters and diagnostics

    def _on_set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        known = {
            declaration.name: declaration for declaration in declarations(self._parameter_class)
        }
        for change in changes:
            declaration = known.get(change.name)
            if declaration is None:
                continue
            if self.configured:
                reason = f"{change.name!r} takes effect at configure: deactivate and clean up first"
                return SetParametersResult(successful=False, reason=reason)
            try:
                check(declaration, change.value, ros_parameters.source_of(self))
            except TaktError as error:
                return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _publish_diagnostics(self) -> None:
        message = DiagnosticArray(status=list(self._statuses.values()))
        message.header.stamp = self.get_clock().now().to_msg()
        if self._statuses and self.context.ok():
            self._diagnostics.publish(message)


def make_executor() -> Executor:
    """The events executor where rclpy has it (half the CPU time per message), else the usual."""
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor()
    return EventsExecutor()


def run_node(make_node: Callable[[], ManagedNode]) -> int:
    """Runs one node until SIGINT or SIGTERM; the main function of every executable.

    rclpy's own signal handlers would end its context at once. Ours let the executor return
    first, so that the node is deactivated while its publishers still work: that is how a
    robot is told to hold.

    Returns:
        The exit code: 1 if the node could not start.
    """
    # Not an Event: a second signal that interrupts its set() would wait for a lock of its own.
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: ended.append(received))
    remove_stale_segments()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = make_node()
    try:
        if node.get_parameter("autostart").value and not _start(node):
            node.request_shutdown(1)
        _spin(node, ended)
    finally:
        node.stop()
        node.destroy_node()
        rclpy.shutdown()
    return node.exit_code


def _start(node: ManagedNode) -> bool:
    for transition in (node.trigger_configure, node.trigger_activate):
        if transition() != TransitionCallbackReturn.SUCCESS:
            return False
    return True


def _spin(node: ManagedNode, ended: list[int]) -> None:
    executor = make_executor()
    executor.add_node(node)
    never = Future()
    # In slices, because the executor waits outside Python, where signal handlers do not run,
    # and because the events executor of the wheels hangs when it waits without a bound: their
    # C++ library turns an infinite wait into one that has already expired.
    while not (node.end_requested or ended) and node.context.ok():
        executor.spin_until_future_complete(never, timeout_sec=_SLICE_S)
    executor.remove_node(node)
