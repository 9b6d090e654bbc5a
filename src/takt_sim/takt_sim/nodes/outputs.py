"""Publishes what the simulation delivers, as the drivers of the hardware would."""

from __future__ import annotations

import array

import numpy as np
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String

from takt_core.conversions import (
    header_to_ros,
    image_to_ros,
    pose_to_ros,
    stamp_to_ros,
    wrench_to_ros,
)
from takt_core.geometry import Pose
from takt_core.nodes.qos import LATCHED, SENSOR_PUBLISH
from takt_core.streams import Sample
from takt_description import ARM_JOINTS, robot_description
from takt_msgs.msg import ArmState, TactileField
from takt_msgs.msg import TaskStatus as TaskStatusMsg
from takt_sim.cameras import CameraParameters
from takt_sim.nodes.arm_state import arm_state_to_ros
from takt_sim.nodes.hand_outputs import HandOutputs
from takt_sim.simulation import (
    ARM_STREAM,
    HAND_STREAM,
    TACTILE_STREAM,
    WRENCH_STREAM,
    Simulation,
)
from takt_sim.tasks.base import TaskState, TaskStatus

STATUS_PERIOD_NS = 100_000_000


class SimulationOutputs:
    """Publishers of the simulator node; used from the thread of the simulation only."""

    def __init__(
        self, node: Node, base_frame: str, cameras: tuple[CameraParameters, ...], hand: bool
    ) -> None:
        self._base_frame = base_frame
        self._cameras = {camera.stream: camera for camera in cameras}
        self._clock = node.create_publisher(Clock, "/clock", SENSOR_PUBLISH)
        self._joints = node.create_publisher(JointState, "joint_states", SENSOR_PUBLISH)
        self._state = node.create_publisher(ArmState, ARM_STREAM, SENSOR_PUBLISH)
        self._pose = node.create_publisher(PoseStamped, "arm/current_pose", SENSOR_PUBLISH)
        self._wrench = node.create_publisher(WrenchStamped, WRENCH_STREAM, SENSOR_PUBLISH)
        self._tactile = node.create_publisher(TactileField, TACTILE_STREAM, SENSOR_PUBLISH)
        self._hand = HandOutputs(node) if hand else None
        # Planned motions have to know which of the two the arm carries.
        self._description = node.create_publisher(String, "robot_description", LATCHED)
        self._description.publish(String(data=robot_description(hand=hand)))
        self._status = node.create_publisher(TaskStatusMsg, "task/status", LATCHED)
        self._images = {
            stream: node.create_publisher(Image, stream, SENSOR_PUBLISH) for stream in self._cameras
        }
        self._infos = {
            stream: node.create_publisher(CameraInfo, f"{camera.name}/camera_info", SENSOR_PUBLISH)
            for stream, camera in self._cameras.items()
        }
        self._last_status: tuple[int, TaskState, int] | None = None

    def publish(self, simulation: Simulation, samples: list[Sample], status: TaskStatus) -> None:
        """Everything of one slice; the clock first, so that no stamp lies in the future."""
        self._clock.publish(Clock(clock=stamp_to_ros(simulation.now_ns)))
        for sample in samples:
            if sample.stream == ARM_STREAM:
                self._publish_arm(simulation, sample)
            elif sample.stream == WRENCH_STREAM:
                header = header_to_ros(sample.stamp_ns, self._base_frame)
                wrench = wrench_to_ros(sample.features["wrench"])
                self._wrench.publish(WrenchStamped(header=header, wrench=wrench))
            elif sample.stream == HAND_STREAM:
                self._publish_hand(simulation, sample)
            elif sample.stream == TACTILE_STREAM:
                self._publish_tactile(simulation, sample)
            else:
                self._publish_image(simulation, sample)
        self._publish_status(simulation.now_ns, status)

    def destroy(self, node: Node) -> None:
        """Take all publishers off the graph."""
        single = (self._clock, self._joints, self._state, self._pose, self._wrench)
        many = (*self._images.values(), *self._infos.values())
        for publisher in (*single, self._tactile, self._status, self._description, *many):
            node.destroy_publisher(publisher)
        if self._hand is not None:
            self._hand.destroy(node)

    def _publish_arm(self, simulation: Simulation, sample: Sample) -> None:
        header = header_to_ros(sample.stamp_ns, self._base_frame)
        features = sample.features
        pose = pose_to_ros(Pose.from_array7(features["tcp_pose"]))
        self._pose.publish(PoseStamped(header=header, pose=pose))
        gripper = simulation.robot.gripper
        names, fingers = ((), ([], [], [])) if gripper is None else gripper.readings()
        self._joints.publish(
            JointState(
                header=header,
                name=[*ARM_JOINTS, *names],
                position=[*features["joint_position"], *fingers[0]],
                velocity=[*features["joint_velocity"], *fingers[1]],
                effort=[*features["joint_torque"], *fingers[2]],
            )
        )
        self._state.publish(arm_state_to_ros(simulation.robot, sample, header))

    def _publish_hand(self, simulation: Simulation, sample: Sample) -> None:
        hand = simulation.robot.hand
        if self._hand is not None and hand is not None:
            self._hand.publish(hand, sample.stamp_ns)

    def _publish_tactile(self, simulation: Simulation, sample: Sample) -> None:
        field = sample.features["displacement"]
        self._tactile.publish(
            TactileField(
                header=header_to_ros(sample.stamp_ns, simulation.mounted.fingertip),
                rows=field.shape[0],
                columns=field.shape[1],
                displacement=array.array("f", field.tobytes()),
                position=array.array("f", simulation.pad.rest_m().tobytes()),
            )
        )

    def _publish_image(self, simulation: Simulation, sample: Sample) -> None:
        camera = self._cameras[sample.stream]
        frame = f"{camera.name}_optical_frame"
        self._images[sample.stream].publish(
            image_to_ros(sample.features["image"], sample.stamp_ns, frame)
        )
        field_deg = float(simulation.model.camera(camera.name).fovy[0])
        matrix = camera.intrinsics(field_deg)
        info = CameraInfo(
            header=header_to_ros(sample.stamp_ns, frame),
            width=camera.width,
            height=camera.height,
            distortion_model="plumb_bob",
            d=[0.0] * 5,
            k=matrix.flatten(),
            r=np.eye(3).flatten(),
            p=np.column_stack([matrix, np.zeros(3)]).flatten(),
        )
        self._infos[sample.stream].publish(info)

    def _publish_status(self, now_ns: int, status: TaskStatus) -> None:
        """On change, and at 10 Hz while an episode runs."""
        slot = now_ns // STATUS_PERIOD_NS if status.state is TaskState.RUNNING else 0
        present = (status.episode, status.state, slot)
        if present == self._last_status:
            return
        self._last_status = present
        self._status.publish(
            TaskStatusMsg(
                header=header_to_ros(now_ns, self._base_frame),
                task=status.task,
                state=int(status.state),
                reason=status.reason,
                seed=status.seed,
                episode=status.episode,
                elapsed_s=status.elapsed_s,
                measure_names=list(status.measures),
                measures=[float(value) for value in status.measures.values()],
            )
        )
