"""The parameters of the motion node, declared once."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.parameters import parameter


@dataclass(frozen=True)
class MotionParameters:
    """Parameters of ``motion_node``."""

    description_topic: str = parameter(
        "",
        description="topic with the robot's URDF (std_msgs/String); empty: the reference arm with "
        "its gripper. `takt up` takes robot_description",
    )
    joint_names: tuple[str, ...] = parameter(
        ("joint1", "joint2", "joint3", "joint4", "joint5", "joint6", "joint7"),
        description="the arm's joints in the order of arm/state",
    )
    base_frame: str = parameter("base", description="the frame of goals, root of the URDF")
    tool_frame: str = parameter("tcp", description="link whose frame is the tool point")
    backend: str = parameter(
        "ompl", choices=("ompl", "moveit"), description="what finds paths and knows the scene"
    )
    moveit_config: str = parameter(
        "", description="file with the parameters of MoveIt's node, for that backend"
    )
    moveit_group: str = parameter("", description="planning group of the arm in the SRDF")
    scene: str = parameter("", description="obstacles as YAML, see docs/motion.md")
    allowed_collisions: str = parameter(
        "", description="pairs that may touch, as YAML: [link5 - link7]"
    )
    places: str = parameter("", description="joint angles [rad] by name as YAML: home: [...]")
    margin_m: float = parameter(
        0.01, unit="m", minimum=0.001, maximum=0.2, description="what is nearer counts as touching"
    )
    joint_margin_rad: float = parameter(
        0.03, unit="rad", minimum=0.0, maximum=0.5, description="from the limits of the joints"
    )
    planning_time_s: float = parameter(
        5.0, unit="s", minimum=0.1, maximum=120.0, description="limit of a search"
    )
    check_limit: int = parameter(
        200_000, minimum=1000, maximum=10_000_000, description="configurations that a search checks"
    )
    ik_seeds: int = parameter(
        12, minimum=0, maximum=1000, description="random starts of inverse kinematics"
    )
    seed: int = parameter(1, minimum=1, maximum=2**31 - 1, description="of everything random")
    blend_rad: float = parameter(
        0.3, unit="rad", minimum=0.001, maximum=2.0, description="largest rounding of a corner"
    )
    speed_scale: float = parameter(
        0.5, minimum=0.01, maximum=1.0, description="of the limits below, where a goal says 0"
    )
    max_velocity_rad_s: tuple[float, ...] = parameter(
        (1.2,), unit="rad/s", minimum=0.01, description="of each joint, or one for all"
    )
    max_acceleration_rad_s2: tuple[float, ...] = parameter(
        (3.0,), unit="rad/s^2", minimum=0.05, description="of each joint, or one for all"
    )
    max_jerk_rad_s3: tuple[float, ...] = parameter(
        (20.0,), unit="rad/s^3", minimum=0.5, description="of each joint, or one for all"
    )
    max_tool_speed_m_s: float = parameter(
        0.5, unit="m/s", minimum=0.01, maximum=2.0, description="of the tool point"
    )
    max_tool_speed_rad_s: float = parameter(
        1.5, unit="rad/s", minimum=0.05, maximum=6.0, description="of the tool"
    )
    retreat_m: float = parameter(
        0.15, unit="m", minimum=0.01, maximum=1.0, description="way of the place `retreat`"
    )
    retreat_speed_m_s: float = parameter(
        0.08, unit="m/s", minimum=0.005, maximum=0.5, description="of the retreat"
    )
    retreat_direction: str = parameter(
        "tool", choices=("tool", "up"), description="tool: back along its axis, unless that is down"
    )
    arrived_rad: float = parameter(
        0.03, unit="rad", minimum=0.001, maximum=0.5, description="of each joint from the goal"
    )
    arrived_m: float = parameter(
        0.02, unit="m", minimum=0.001, maximum=0.1, description="of the tool after a retreat"
    )
    settle_s: float = parameter(
        3.0, unit="s", minimum=0.1, maximum=30.0, description="time to arrive after the motion"
    )
    offer_timeout_s: float = parameter(
        2.0, unit="s", minimum=0.1, maximum=30.0, description="time for the arbiter to accept"
    )
    serve_task_reset: bool = parameter(
        False, description="offer task/reset: retreat and go home, where no simulator does"
    )
    tick_hz: float = parameter(
        50.0, unit="Hz", minimum=20.0, maximum=200.0, description="of heartbeats and chunks"
    )
