"""`arm/state` of the simulated arm."""

from __future__ import annotations

from std_msgs.msg import Header

from takt_core.conversions import pose_to_ros, twist_to_ros, wrench_to_ros
from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_description import ARM_JOINTS
from takt_impedance import Frame, Mode
from takt_msgs.msg import ArmState, Impedance, TickStatistics
from takt_sim.robot import TorqueRobot

_CONTROL = {
    Mode.CARTESIAN: ArmState.CONTROL_CARTESIAN,
    Mode.HOLD: ArmState.CONTROL_HOLD,
    Mode.GUIDE: ArmState.CONTROL_GUIDE,
    Mode.JOINT: ArmState.CONTROL_JOINT,
}
_FRAMES = {Frame.BASE: Impedance.FRAME_BASE, Frame.TOOL: Impedance.FRAME_TCP}


def arm_state_to_ros(robot: TorqueRobot, sample: Sample, header: Header) -> ArmState:
    """Of a sample of the stream `arm/state`, and what the controller says besides."""
    features, output = sample.features, robot.controller.output
    counters, commands = robot.controller.counters, robot.commands
    fault = output.fault_name
    return ArmState(
        header=header,
        joint_names=list(ARM_JOINTS),
        joint_position=features["joint_position"].tolist(),
        joint_velocity=features["joint_velocity"].tolist(),
        joint_torque=features["joint_torque"].tolist(),
        commanded_torque=robot.commanded_torque().tolist(),
        gripper_width=float(features["gripper_width"][0]),
        tcp_pose=pose_to_ros(Pose.from_array7(features["tcp_pose"])),
        tcp_twist=twist_to_ros(features["tcp_twist"]),
        target_pose=pose_to_ros(Pose.from_array7(features["target_pose"])),
        target_twist=twist_to_ros(robot.target_twist()),
        target_joint_position=features["target_joint_position"].tolist(),
        wrench=wrench_to_ros(features["wrench"]),
        wrench_estimate=wrench_to_ros(features["wrench_estimate"]),
        target_wrench=wrench_to_ros(features["target_wrench"]),
        stiffness=features["stiffness"].tolist(),
        stiffness_frame=_FRAMES[output.stiffness_frame],
        tank_level=float(output.tank_level),
        tank_scale=float(output.tank_scale),
        control=ArmState.CONTROL_FAULT if fault else _CONTROL[robot.controller.mode],
        starved=bool(output.starved),
        torque_limited=bool(output.torque_limited or output.rate_limited),
        envelope_limited=bool(
            output.contact_limited or output.speed_limited or output.keepout_limited
        ),
        fault=fault,
        ticks=counters.ticks,
        overruns=counters.overruns,
        starvations=counters.starvations,
        torque_violations=robot.torque_violations,
        dropped_waypoints=counters.dropped_waypoints,
        rejected_trajectories=counters.rejected_trajectories + commands.refused,
        last_rejection=commands.last_rejection,
        chunk_id=robot.chunk_id,
        statistics=_statistics_to_ros(robot),
    )


def _statistics_to_ros(robot: TorqueRobot) -> TickStatistics:
    summary = robot.statistics.summary()
    return TickStatistics(
        ticks=summary.ticks,
        overruns=summary.overruns,
        period_mean_s=summary.period_mean_s,
        period_deviation_s=summary.period_deviation_s,
        period_max_s=summary.period_max_s,
        compute_mean_s=summary.compute_mean_s,
        compute_max_s=summary.compute_max_s,
    )
