"""The simulator as a ROS node, with the interface of the hardware.

The simulation steps in its own thread in slices of 5 ms; /clock is published after each
(200 Hz: at 1 kHz the clock alone would keep one core of every Python subscriber busy).
Commands are taken between slices.
"""

from __future__ import annotations

import sys
from typing import Any

from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from takt_core.conversions import stamp_to_ros
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import ERROR, OK, ManagedNode, run_node
from takt_core.streams import Sample
from takt_msgs.srv import ResetTask
from takt_sim.loop import SimulationLoop
from takt_sim.nodes.commands import CommandTopics
from takt_sim.nodes.outputs import SimulationOutputs
from takt_sim.nodes.parameters import (
    SimulatorParameters,
    camera_parameters,
    make_simulation,
    task_options,
)
from takt_sim.simulation import Simulation
from takt_sim.tasks import make_task
from takt_sim.tasks.base import TaskState, TaskStatus

WATCH_PERIOD_S = 0.2


class SimulatorNode(ManagedNode):
    """Publishes the sensors and follows the one commander."""

    def __init__(self) -> None:
        super().__init__("simulator", SimulatorParameters)
        # The node that makes the time also lives by it.
        self.set_parameters([Parameter("use_sim_time", value=True)])
        self._loop: SimulationLoop | None = None
        self._outputs: SimulationOutputs | None = None
        self._episode_asked = False
        self._commands: CommandTopics | None = None
        self._services: list[Any] = []
        self._watch_timer: Any = None

    def on_takt_configure(self) -> None:
        parameters: SimulatorParameters = self.parameters
        hand = make_task(parameters.task, **task_options(parameters)).uses_hand
        self._outputs = SimulationOutputs(
            self, parameters.base_frame, camera_parameters(parameters), hand
        )
        self._loop = SimulationLoop(
            lambda: make_simulation(parameters),
            self._on_slice,
            parameters.rate_factor,
            self._on_failure,
        )
        self._loop.open()
        self._commands = CommandTopics(self, self._loop.post, parameters.base_frame, hand)
        self._services = [
            self.create_service(ResetTask, "task/reset", self._on_reset),
            self.create_service(Trigger, "control/reset_fault", self._on_reset_fault),
        ]
        self._watch_timer = self.create_timer(WATCH_PERIOD_S, self._watch)

    def on_takt_activate(self) -> None:
        assert self._commands is not None
        self._commands.open()
        self._running_loop().run()

    def on_takt_deactivate(self) -> None:
        """The robot holds; time goes on, since others live by it."""
        assert self._commands is not None
        self._commands.close()

    def on_takt_cleanup(self) -> None:
        if self._loop is not None:
            self._loop.close()
            self._loop = None
        if self._outputs is not None:
            self._outputs.destroy(self)
            self._outputs = None
        for service in self._services:
            self.destroy_service(service)
        self._services.clear()
        self.destroy_timer(self._watch_timer)

    # In the thread of the simulation

    def _on_slice(self, simulation: Simulation, samples: list[Sample]) -> None:
        if self._outputs is not None and self.context.ok():
            self._outputs.publish(simulation, samples, self._status_of(simulation))

    def _on_failure(self, error: Exception) -> None:
        """Without the loop there is no time, and nobody would notice: end instead."""
        self.diagnose(ERROR, f"the simulation ended: {type(error).__name__}: {error}", "simulation")
        self.request_shutdown(1)

    def _status_of(self, simulation: Simulation) -> TaskStatus:
        """Until somebody asks for an episode the world is there, but nothing is judged."""
        if self._episode_asked:
            return simulation.task_status
        return TaskStatus(simulation.task.name, TaskState.IDLE, "", 0, 0, 0.0)

    # In the executor's thread

    def _on_reset(
        self, request: ResetTask.Request, response: ResetTask.Response
    ) -> ResetTask.Response:
        def reset(simulation: Simulation) -> int:
            simulation.reset(request.seed)
            self._episode_asked = True
            return simulation.now_ns

        try:
            response.start = stamp_to_ros(self._running_loop().call(reset))
            response.success = True
        except TaktError as error:
            response.success, response.message = False, str(error)
        return response

    def _on_reset_fault(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        def reset(simulation: Simulation) -> str:
            fault = str(simulation.robot.controller.output.fault_name)
            if fault:
                simulation.robot.reset_fault(simulation.now_ns)
            return f"{fault} is reset" if fault else "no fault is latched"

        try:
            response.message = self._running_loop().call(reset)
            response.success = True
        except (TaktError, ValueError) as error:
            response.success, response.message = False, str(error)
        return response

    def _watch(self) -> None:
        """One commander at any time; and how fast time passes."""
        if self._loop is None or self._commands is None:
            return
        self._commands.watch()
        rate = f"{self._loop.achieved_rate:.2f}"
        self.diagnose(OK, "stepping", "simulation", real_time_factor=rate)

    def _running_loop(self) -> SimulationLoop:
        if self._loop is None:
            raise TaktError("the simulator is not configured")
        return self._loop


def main() -> None:
    sys.exit(run_node(SimulatorNode))


if __name__ == "__main__":
    main()
