"""The simulator node in its own process: topics, one commander, reset, and a clean end."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("takt_msgs")

import numpy as np
from geometry_msgs.msg import PoseStamped, WrenchStamped
from sensor_msgs.msg import JointState
from sim_probe import STEP_NS, WAIT_S, Probe, simulating
from std_srvs.srv import Trigger

from takt_core.conversions import (
    pose_from_ros,
    pose_to_ros,
    sample_from_ros,
    trajectory_to_ros,
    wrench_from_ros,
)
from takt_core.geometry import Pose
from takt_core.nodes.qos import COMMAND, LATCHED
from takt_core.trajectory import Trajectory, Waypoint
from takt_msgs.msg import ArmState, Impedance, PoseTrajectory, TaskStatus

pytestmark = pytest.mark.ros
Running = tuple["subprocess.Popen[bytes]", Probe]


@pytest.fixture(scope="module")
def running(
    reserve_ros_domain: Callable[[], AbstractContextManager[int]],
) -> Iterator[Running]:
    with reserve_ros_domain() as domain, simulating(domain) as both:
        yield both


@pytest.fixture(scope="module")
def probe(running: Running) -> Probe:
    return running[1]


def shifted(probe: Probe, offset_m: tuple[float, float, float], steps: int) -> Trajectory:
    start = pose_from_ros(probe.arm.target_pose)
    waypoints = []
    for i in range(1, steps + 1):
        position = start.position_m + i / steps * np.asarray(offset_m)
        pose = Pose(position, start.quaternion_xyzw)
        waypoints.append(Waypoint(probe.now_ns + (i + 1) * STEP_NS, pose, None))
    return Trajectory(tuple(waypoints), "test", 7)


def test_publishes_every_topic_of_the_interface(probe: Probe) -> None:
    probe.wait(lambda: len(probe.newest) == len(probe.TOPICS), "all topics")
    assert probe.newest["task/status"].state == TaskStatus.IDLE
    assert len(probe.newest["joint_states"].name) == 9
    for topic in ("arm/state", "arm/wrench", "fingertip/field", "wrist_camera/image_raw"):
        sample = sample_from_ros(topic, probe.newest[topic])
        numbers = [value for value in sample.features.values() if value.dtype.kind != "U"]
        assert numbers
        assert all(np.isfinite(value).all() for value in numbers)
    image = probe.newest["wrist_camera/image_raw"]
    assert (image.width, image.height) == (48, 48)
    assert image.header.frame_id == "wrist_camera_optical_frame"
    info = probe.newest["wrist_camera/camera_info"]
    assert info.k[2] == 24.0
    assert info.k[0] > 20.0


def test_reset_starts_the_episode_of_the_seed(probe: Probe) -> None:
    answer = probe.reset(5)
    assert answer.success
    probe.wait(lambda: probe.newest["task/status"].seed == 5, "status of seed 5")
    first = probe.newest["task/status"]
    assert first.state == TaskStatus.RUNNING
    home = pose_from_ros(probe.arm.tcp_pose).position_m
    probe.reset(6)
    probe.reset(5)
    np.testing.assert_allclose(pose_from_ros(probe.arm.tcp_pose).position_m, home, atol=2e-3)
    probe.wait(lambda: probe.newest["task/status"].episode == first.episode + 2, "two episodes")


def test_follows_stamped_waypoints_then_starves_and_holds(probe: Probe) -> None:
    probe.reset(5)
    publisher = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: publisher.get_subscription_count() == 1, "the simulator's subscription")
    start = pose_from_ros(probe.arm.tcp_pose).position_m
    trajectory = shifted(probe, (0.0, 0.0, 0.04), 6)
    publisher.publish(trajectory_to_ros(trajectory, probe.now_ns, "base"))
    probe.wait(lambda: probe.arm.chunk_id == 7, "the trajectory")
    probe.pass_time(15 * STEP_NS)
    moved = pose_from_ros(probe.arm.tcp_pose).position_m - start
    np.testing.assert_allclose(moved, [0.0, 0.0, 0.04], atol=3e-3)
    assert probe.arm.starved
    assert probe.arm.starvations == 1
    assert probe.arm.torque_violations == 0
    assert probe.arm.fault == ""
    probe.node.destroy_publisher(publisher)


def test_single_targets_only_while_nobody_sends_trajectories(probe: Probe) -> None:
    probe.reset(5)
    targets = probe.node.create_publisher(PoseStamped, "arm/target_pose", COMMAND)
    probe.wait(lambda: targets.get_subscription_count() == 1, "the simulator's subscription")
    goal = pose_from_ros(probe.arm.tcp_pose)
    goal = Pose(goal.position_m + np.array([0.0, 0.03, 0.0]), goal.quaternion_xyzw)
    targets.publish(PoseStamped(pose=pose_to_ros(goal)))

    def arrived() -> bool:
        error = pose_from_ros(probe.arm.tcp_pose).position_m - goal.position_m
        return bool(np.abs(error).max() < 3e-3)

    probe.wait(arrived, "the target")
    commander = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: commander.get_subscription_count() == 1, "the simulator's subscription")
    probe.pass_time(5 * STEP_NS)
    away = Pose(goal.position_m - [0.0, 0.05, 0.0], goal.quaternion_xyzw)
    targets.publish(PoseStamped(pose=pose_to_ros(away)))
    probe.wait(lambda: any("target_pose refused" in c for c in probe.complaints), "the refusal")
    probe.pass_time(5 * STEP_NS)
    assert arrived()
    probe.node.destroy_publisher(commander)
    probe.node.destroy_publisher(targets)


def test_two_commanders_are_a_fault_and_the_arm_holds(probe: Probe) -> None:
    probe.reset(5)
    first = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    second = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_HOLD, "hold")
    probe.wait(lambda: any("2 publishers on" in c for c in probe.complaints), "the diagnostic")
    before = pose_from_ros(probe.arm.tcp_pose).position_m
    first.publish(trajectory_to_ros(shifted(probe, (0.0, 0.0, 0.05), 4), probe.now_ns, "base"))
    probe.pass_time(8 * STEP_NS)
    np.testing.assert_allclose(pose_from_ros(probe.arm.tcp_pose).position_m, before, atol=2e-3)
    probe.node.destroy_publisher(second)
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_CARTESIAN, "one commander")
    probe.node.destroy_publisher(first)


def test_impedance_has_a_frame_and_a_guide_mode(probe: Probe) -> None:
    publisher = probe.node.create_publisher(Impedance, "arm/impedance", LATCHED)
    publisher.publish(Impedance(guide=True))
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_GUIDE, "guide mode")
    right = Impedance(
        frame=Impedance.FRAME_TCP,
        stiffness=[500.0] * 3 + [40.0] * 3,
        damping_ratio=[0.9] * 6,
        nullspace_stiffness=7.0,
        joint_stiffness=[300.0] * 7,
        joint_damping_ratio=[0.8] * 7,
    )
    publisher.publish(right)
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_CARTESIAN, "the law again")
    probe.wait(lambda: probe.arm.stiffness_frame == Impedance.FRAME_TCP, "the frame")
    probe.wait(lambda: abs(probe.arm.stiffness[0] - 500.0) < 1e-6, "the stiffness")
    publisher.publish(Impedance(stiffness=[-1.0] * 6, damping_ratio=[1.0] * 6))
    probe.wait(lambda: any("impedance refused" in c for c in probe.complaints), "the refusal")
    publisher.publish(Impedance(frame=9, stiffness=[9.0] * 6, damping_ratio=[1.0] * 6))
    probe.wait(lambda: any("FRAME_TCP" in c for c in probe.complaints), "the frame's refusal")
    assert probe.arm.stiffness[0] == pytest.approx(500.0)
    publisher.publish(Impedance(stiffness=[900.0] * 3 + [45.0] * 3, damping_ratio=[1.0] * 6))
    probe.wait(lambda: abs(probe.arm.stiffness[0] - 900.0) < 1e-6, "the old stiffness")
    probe.node.destroy_publisher(publisher)


def test_joint_trajectories_are_followed_by_joints(probe: Probe) -> None:
    probe.reset(5)
    publisher = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: publisher.get_subscription_count() == 1, "the simulator's subscription")
    q = np.array(probe.arm.joint_position)
    wanted = q + [0.1, 0.0, 0.05, 0.0, 0.0, 0.0, 0.3]
    waypoints = tuple(
        Waypoint(probe.now_ns + (i + 2) * STEP_NS, Pose.identity(),
                 joint_position=q + i / 6 * (wanted - q))
        for i in range(1, 7)
    )  # fmt: skip
    publisher.publish(trajectory_to_ros(Trajectory(waypoints, "t", 8), probe.now_ns, "base"))
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_JOINT, "joint mode")
    assert len(probe.arm.target_joint_position) == 7
    probe.pass_time(20 * STEP_NS)
    np.testing.assert_allclose(probe.arm.joint_position, wanted, atol=0.01)
    before = probe.arm.rejected_trajectories
    mixed = Trajectory((waypoints[0], Waypoint(waypoints[1].time_ns, Pose.identity())), "t", 9)
    publisher.publish(trajectory_to_ros(mixed, probe.now_ns, "base"))
    probe.wait(lambda: probe.arm.rejected_trajectories > before, "the refusal")
    assert "all or none" in probe.arm.last_rejection
    publisher.publish(trajectory_to_ros(mixed, probe.now_ns, "camera"))
    probe.wait(lambda: "frame_id is 'camera'" in probe.arm.last_rejection, "the frame's refusal")
    refused = probe.arm.rejected_trajectories
    publisher.publish(trajectory_to_ros(Trajectory((), "hold"), probe.now_ns, "camera"))
    probe.pass_time(2 * STEP_NS)
    assert probe.arm.rejected_trajectories == refused
    probe.node.destroy_publisher(publisher)


def test_single_joints_and_wrenches_only_while_nobody_sends_trajectories(probe: Probe) -> None:
    probe.reset(5)
    joints = probe.node.create_publisher(JointState, "arm/target_joint", COMMAND)
    wrenches = probe.node.create_publisher(WrenchStamped, "arm/target_wrench", COMMAND)
    probe.wait(lambda: joints.get_subscription_count() == 1, "the simulator's subscription")
    probe.wait(lambda: wrenches.get_subscription_count() == 1, "the simulator's subscription")
    pushing = WrenchStamped()
    pushing.wrench.force.y = 9.0
    start = pose_from_ros(probe.arm.tcp_pose).position_m

    def pushed() -> bool:
        wrenches.publish(pushing)
        y_m = pose_from_ros(probe.arm.tcp_pose).position_m[1] - start[1]
        return bool(probe.arm.target_wrench.force.y > 8.9 and y_m > 0.007)

    probe.wait(pushed, "the push of the feed-forward")
    probe.wait(lambda: probe.arm.target_wrench.force.y == 0.0, "the end of the push")
    turned = probe.arm.joint_position[6] + 0.25
    joints.publish(JointState(name=["joint7"], position=[turned]))
    probe.wait(lambda: abs(probe.arm.joint_position[6] - turned) < 0.01, "joint7")
    commander = probe.node.create_publisher(PoseTrajectory, "arm/trajectory", COMMAND)
    probe.wait(lambda: commander.get_subscription_count() == 1, "the simulator's subscription")
    joints.publish(JointState(name=["joint7"], position=[turned - 0.4]))
    wrenches.publish(pushing)
    for topic in ("arm/target_joint", "arm/target_wrench"):
        probe.wait(
            lambda topic=topic: any(f"{topic} refused: 1 pub" in c for c in probe.complaints), topic
        )
    probe.pass_time(3 * STEP_NS)
    assert abs(probe.arm.joint_position[6] - turned) < 0.01
    for publisher in (joints, wrenches, commander):
        probe.node.destroy_publisher(publisher)


def test_two_on_a_single_target_make_the_arm_hold_as_well(probe: Probe) -> None:
    probe.reset(5)
    pair = [probe.node.create_publisher(JointState, "arm/target_joint", COMMAND) for _ in range(2)]
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_HOLD, "hold")
    probe.node.destroy_publisher(pair.pop())
    probe.wait(lambda: probe.arm.control == ArmState.CONTROL_CARTESIAN, "one commander")
    probe.node.destroy_publisher(pair.pop())


def test_state_says_what_the_loop_and_the_observer_know(probe: Probe) -> None:
    probe.reset(5)
    probe.pass_time(12 * STEP_NS)
    arm = probe.arm
    estimate = wrench_from_ros(arm.wrench_estimate)
    # Only the peg hangs on the tool, of which the model does not know.
    np.testing.assert_allclose(estimate[:3], [0.0, 0.0, -0.49], atol=0.15)
    assert arm.statistics.ticks > 500
    assert arm.statistics.period_mean_s == pytest.approx(1e-3)
    assert arm.statistics.compute_mean_s > 0.0
    assert np.isnan(arm.tank_level)
    assert not arm.envelope_limited
    resetter = probe.node.create_client(Trigger, "control/reset_fault")
    probe.wait(resetter.service_is_ready, "control/reset_fault")
    future = resetter.call_async(Trigger.Request())
    probe.wait(future.done, "the answer")
    assert (future.result().success, future.result().message) == (True, "no fault is latched")


def test_ends_cleanly(running: Running) -> None:
    simulator = running[0]
    simulator.send_signal(signal.SIGTERM)
    assert simulator.wait(timeout=WAIT_S) == 0
