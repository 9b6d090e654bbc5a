"""The simulator as a ROS node, with the interface of the hardware.

The simulation steps in its own thread in slices of 5 ms; /clock is published after each
(200 Hz: at 1 kHz the clock alone would keep one core of every Python subscriber busy).
Commands are taken between slices.
"""

from __future__ import annotations

import sys
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.parameter import Parameter

from takt_core.conversions import pose_from_ros, stamp_to_ros, trajectory_from_ros
from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_core.nodes.lifecycle import ERROR, OK, WARN, ManagedNode, run_node
from takt_core.nodes.qos import COMMAND, LATCHED
from takt_core.streams import Sample
from takt_core.trajectory import Trajectory
from takt_msgs.msg import Impedance, PoseTrajectory
from takt_msgs.srv import ResetTask
from takt_sim.loop import SimulationLoop
from takt_sim.nodes.outputs import SimulationOutputs
from takt_sim.nodes.parameters import SimulatorParameters, camera_parameters, make_simulation
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import TaskState, TaskStatus

TRAJECTORY_TOPIC = "arm/trajectory"
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
        self._crowded = False
        self._inputs: list[Any] = []
        self._reset_service: Any = None
        self._watch_timer: Any = None

    def on_takt_configure(self) -> None:
        parameters: SimulatorParameters = self.parameters
        self._outputs = SimulationOutputs(
            self, parameters.base_frame, camera_parameters(parameters)
        )
        self._loop = SimulationLoop(
            lambda: make_simulation(parameters),
            self._on_slice,
            parameters.rate_factor,
            self._on_failure,
        )
        self._loop.open()
        self._reset_service = self.create_service(ResetTask, "task/reset", self._on_reset)
        self._watch_timer = self.create_timer(WATCH_PERIOD_S, self._watch)

    def on_takt_activate(self) -> None:
        self._inputs = [
            self.create_subscription(
                PoseTrajectory, TRAJECTORY_TOPIC, self._on_trajectory, COMMAND
            ),
            self.create_subscription(PoseStamped, "arm/target_pose", self._on_target, COMMAND),
            self.create_subscription(Impedance, "arm/impedance", self._on_impedance, LATCHED),
        ]
        loop = self._running_loop()
        loop.post(lambda simulation: simulation.robot.hold(self._crowded))
        loop.run()

    def on_takt_deactivate(self) -> None:
        """The robot holds; time goes on, since others live by it."""
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs.clear()
        self._running_loop().post(lambda simulation: simulation.robot.hold())

    def on_takt_cleanup(self) -> None:
        if self._loop is not None:
            self._loop.close()
            self._loop = None
        if self._outputs is not None:
            self._outputs.destroy(self)
            self._outputs = None
        self.destroy_service(self._reset_service)
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

    def _follow(self, simulation: Simulation, trajectory: Trajectory) -> None:
        result = simulation.commit(trajectory)
        if not result.accepted and self._outputs is not None:
            self._outputs.last_rejection = result.reason
            self.diagnose(WARN, f"trajectory refused: {result.reason}", "commands")

    def _aim(self, simulation: Simulation, target: Array) -> None:
        result = simulation.robot.set_target(target, simulation.now_ns)
        if not result.accepted:
            self.diagnose(WARN, f"arm/target_pose refused: {result.reason}", "commands")

    # In the executor's thread

    def _on_trajectory(self, message: PoseTrajectory) -> None:
        if self._crowded:
            return
        try:
            trajectory = trajectory_from_ros(message)
        except TaktError as error:
            self.diagnose(WARN, f"trajectory refused: {error}", "commands")
            return
        self._running_loop().post(lambda simulation: self._follow(simulation, trajectory))

    def _on_target(self, message: PoseStamped) -> None:
        commanders = self.count_publishers(TRAJECTORY_TOPIC)
        if commanders:
            self.diagnose(
                WARN,
                f"arm/target_pose refused: {commanders} publisher(s) on {TRAJECTORY_TOPIC} "
                "command the arm; stop the arbiter to command it directly",
                "commands",
            )
            return
        try:
            target = pose_from_ros(message.pose).array7()
        except TaktError as error:
            self.diagnose(WARN, f"arm/target_pose refused: {error}", "commands")
            return
        self._running_loop().post(lambda simulation: self._aim(simulation, target))

    def _on_impedance(self, message: Impedance) -> None:
        def apply(simulation: Simulation) -> None:
            try:
                if message.frame != Impedance.FRAME_BASE and not message.guide:
                    simulation.robot.guide(False)
                    raise ValueError(
                        f"frame is {message.frame}, allowed is FRAME_BASE: the simulated arm's "
                        "stiffness has the base's axes"
                    )
                simulation.robot.set_impedance(
                    message.stiffness, message.damping_ratio, bool(message.guide)
                )
            except ValueError as error:
                self.diagnose(WARN, f"arm/impedance refused: {error}", "commands")

        self._running_loop().post(apply)

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

    def _watch(self) -> None:
        """One commander at any time; and how fast time passes."""
        if self._loop is None:
            return
        loop = self._loop
        commanders = self.count_publishers(TRAJECTORY_TOPIC)
        crowded = commanders > 1
        if crowded:
            self.diagnose(
                ERROR,
                f"{commanders} publishers on {TRAJECTORY_TOPIC}, allowed is one: the arm holds "
                "until the others are gone (ros2 topic info -v shows them)",
                "commander",
            )
        elif self._crowded:
            self.diagnose(OK, "one commander", "commander")
        if crowded != self._crowded:
            self._crowded = crowded
            loop.post(lambda simulation: simulation.robot.hold(crowded))
        rate = f"{loop.achieved_rate:.2f}"
        self.diagnose(OK, "stepping", "simulation", real_time_factor=rate)

    def _running_loop(self) -> SimulationLoop:
        if self._loop is None:
            raise TaktError("the simulator is not configured")
        return self._loop


def main() -> None:
    sys.exit(run_node(SimulatorNode))


if __name__ == "__main__":
    main()
