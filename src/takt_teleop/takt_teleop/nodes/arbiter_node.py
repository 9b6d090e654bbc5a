"""The arbiter as a node: the only one that publishes on arm/trajectory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from takt_core.conversions import chunk_from_ros
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import OK, WARN, ManagedNode, run_node
from takt_core.nodes.qos import COMMAND, LATCHED, SENSOR, SENSOR_LATEST
from takt_core.trajectory import HandTrajectory, Trajectory
from takt_msgs.msg import ActionChunk, ArmState, PolicyStatus, TeleopCommand
from takt_msgs.srv import Pause, Release, ResetControl, Stop, TakeOver
from takt_teleop import conversions
from takt_teleop.arbiter import Arbiter
from takt_teleop.commanders import Origin
from takt_teleop.effects import Effect, ModeChange
from takt_teleop.nodes.effect_publisher import COMMAND_TOPIC, EffectPublisher
from takt_teleop.settings import ArbiterParameters
from takt_teleop.transitions import Event, Mode

_EXPECTED = (
    None,
    Event.RELEASE,
    Event.POLICY_ENDED,
    Event.MOTION_ENDED,
    Event.RESET,
    Event.PAUSE,
)


class ArbiterNode(ManagedNode):
    """Feeds messages to the arbiter and publishes what it decides."""

    def __init__(self) -> None:
        super().__init__("arbiter", ArbiterParameters)
        self._arbiter: Arbiter | None = None
        self._out: EffectPublisher | None = None
        self._inputs: list[tuple[Callable[[Any], Any], Any]] = []
        self._level = OK

    def on_takt_configure(self) -> None:
        self._out = EffectPublisher(self, self.parameters)
        for kind, topic, callback, qos in (
            *(
                entry
                for origin in Origin
                for entry in (
                    (PolicyStatus, f"{origin.value}/status", self._status_of(origin), LATCHED),
                    (ActionChunk, f"{origin.value}/chunk", self._chunk_of(origin), COMMAND),
                )
            ),
            (ArmState, "arm/state", self._on_arm, SENSOR_LATEST),
            (TeleopCommand, "teleop/command", self._on_device, SENSOR),
        ):
            subscription = self.create_subscription(kind, topic, callback, qos)
            self._inputs.append((self.destroy_subscription, subscription))
        for kind, name, event in (
            (TakeOver, "control/take_over", Event.TAKE_OVER),
            (TakeOver, "control/guide", Event.GUIDE),
            (Release, "control/release", Event.RELEASE),
            (Pause, "control/pause", Event.PAUSE),
            (Stop, "control/stop", Event.STOP),
            (ResetControl, "control/reset", Event.RESET),
        ):
            service = self.create_service(kind, name, self._service(event))
            self._inputs.append((self.destroy_service, service))
        for period_s, tick in (
            (1.0 / self.parameters.tick_hz, self._tick),
            (0.5, self._watch_commanders),
        ):
            self._inputs.append((self.destroy_timer, self.create_timer(period_s, tick)))

    def on_takt_activate(self) -> None:
        self._arbiter = Arbiter(self.parameters, self.now_ns())
        self._apply(self._arbiter.start())

    def on_takt_deactivate(self) -> None:
        self._apply([Trajectory((), "hold"), HandTrajectory()])
        self._arbiter = None

    def on_takt_cleanup(self) -> None:
        for destroy, entity in self._inputs:
            destroy(entity)
        self._inputs = []
        if self._out is not None:
            self._out.destroy()
            self._out = None

    # Inputs

    def _service(self, event: Event) -> Callable[[Any, Any], Any]:
        def answer(request: Any, response: Any) -> Any:
            if self._arbiter is None:
                response.success, response.message = False, "the arbiter is not active"
                return response
            response.success, response.message, effects = self._arbiter.request(
                event,
                self.now_ns(),
                reason=getattr(request, "reason", ""),
                operator_id=getattr(request, "operator_id", ""),
                words=getattr(request, "correction", ""),
            )
            self._apply(effects)
            return response

        return answer

    def _status_of(self, origin: Origin) -> Callable[[PolicyStatus], None]:
        def take(message: PolicyStatus) -> None:
            if self._arbiter is not None:
                heartbeat = conversions.heartbeat_from_ros(message)
                self._apply(self._arbiter.heartbeat(heartbeat, self.now_ns(), origin))

        return take

    def _chunk_of(self, origin: Origin) -> Callable[[ActionChunk], None]:
        def take(message: ActionChunk) -> None:
            if self._arbiter is None:
                return
            try:
                chunk = chunk_from_ros(message)
            except (TaktError, ValueError) as error:
                what = f"chunk {message.id} of {message.policy}: {error}"
                self._apply(self._arbiter.bad_chunk(what, self.now_ns(), origin))
                return
            self._apply(self._arbiter.chunk(chunk, self.now_ns(), origin))

        return take

    def _on_arm(self, message: ArmState) -> None:
        if self._arbiter is None or self._out is None:
            return
        self._out.base_frame = message.header.frame_id
        # What is refused here is ignored and counts as silence: the arm has no state that could
        # be trusted.
        report = conversions.arm_report_from_ros(message)
        self._apply(self._arbiter.arm(report, self.now_ns()))

    def _on_device(self, message: TeleopCommand) -> None:
        if self._arbiter is None:
            return
        command = conversions.device_command_from_ros(message)
        self._apply(self._arbiter.device(command, self.now_ns()))

    def _tick(self) -> None:
        if self._arbiter is not None:
            self._apply(self._arbiter.tick(self.now_ns()))

    def _watch_commanders(self) -> None:
        if self._arbiter is None:
            return
        topic = self.resolve_topic_name(COMMAND_TOPIC)
        names = [info.node_name for info in self.get_publishers_info_by_topic(topic)]
        others = ", ".join(name for name in names if name != self.get_name())
        if not others and len(names) > 1:
            others = f"another node called {self.get_name()}"
        self._apply(self._arbiter.commanders(others, self.now_ns()))
        self._report()

    # Outputs

    def _apply(self, effects: Iterable[Effect]) -> None:
        if self._out is not None:
            self._out.publish(effects, self.now_ns(), self._on_mode)

    def _on_mode(self, change: ModeChange) -> None:
        is_stop = change.mode in (Mode.HOLD, Mode.STOPPED) and change.event not in _EXPECTED
        self._level = WARN if is_stop else OK
        if not is_stop:
            self.get_logger().info(f"{change.mode.name}: {change.reason}")
        self._report()

    def _report(self) -> None:
        if self._arbiter is None:
            return
        self.diagnose(
            self._level,
            f"{self._arbiter.mode.name}: {self._arbiter.reason}",
            "mode",
            epoch=self._arbiter.epoch,
            discarded_chunks=self._arbiter.discarded_chunks,
            late_actions=self._arbiter.late_actions,
        )


def main() -> None:
    sys.exit(run_node(ArbiterNode))


if __name__ == "__main__":
    main()
