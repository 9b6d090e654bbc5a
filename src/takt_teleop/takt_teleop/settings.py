"""The parameters of the arbiter, declared once."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.parameters import parameter


@dataclass(frozen=True)
class ArbiterParameters:
    """Parameters of ``arbiter_node``."""

    tick_hz: float = parameter(
        100.0, unit="Hz", minimum=20.0, maximum=1000.0, description="rate of the watchdogs"
    )
    policy_timeout_s: float = parameter(
        0.1, unit="s", minimum=0.02, maximum=1.0, description="age at which a heartbeat is lost"
    )
    arm_timeout_s: float = parameter(
        0.2, unit="s", minimum=0.02, maximum=2.0, description="age at which arm/state is silent"
    )
    first_chunk_timeout_s: float = parameter(
        3.0, unit="s", minimum=0.1, maximum=60.0, description="wait for the first chunk of an epoch"
    )
    plan_grace_s: float = parameter(
        0.2,
        unit="s",
        minimum=0.0,
        maximum=2.0,
        description="a late chunk is still taken for so long; the arm stops by itself meanwhile",
    )
    arm_response_s: float = parameter(
        0.1, unit="s", minimum=0.01, maximum=1.0, description="time the controller has to react"
    )
    actuator_latency_s: float = parameter(
        0.0,
        unit="s",
        minimum=0.0,
        maximum=0.5,
        description="subtracted from the time of every waypoint of a policy",
    )
    minimum_lead_s: float = parameter(
        0.02,
        unit="s",
        minimum=0.0,
        maximum=0.1,
        description="waypoints nearer than this count as past: they would arrive too late",
    )
    max_jump_m: float = parameter(
        0.1, unit="m", minimum=0.001, maximum=1.0, description="start of a chunk from the target"
    )
    max_jump_rad: float = parameter(
        0.5, unit="rad", minimum=0.01, maximum=3.2, description="start of a chunk from the target"
    )
    policy_speed_m_s: float = parameter(
        1.0, unit="m/s", minimum=0.01, maximum=5.0, description="between two actions of a chunk"
    )
    policy_speed_rad_s: float = parameter(
        4.0, unit="rad/s", minimum=0.05, maximum=20.0, description="between two actions of a chunk"
    )
    max_jump_joint_rad: float = parameter(
        0.3, unit="rad", minimum=0.01, maximum=3.2, description="the same for each joint"
    )
    policy_speed_joint_rad_s: float = parameter(
        2.5, unit="rad/s", minimum=0.01, maximum=20.0, description="the same for each joint"
    )
    require_explicit_run: bool = parameter(
        False, description="after any stop of a policy only a new run starts it again"
    )
    shared: bool = parameter(
        False, description="a running policy enters SHARED: bounded corrections by the device"
    )
    shared_limit_m: float = parameter(
        0.02, unit="m", minimum=0.0, maximum=0.2, description="largest correction in SHARED"
    )
    shared_limit_rad: float = parameter(
        0.15, unit="rad", minimum=0.0, maximum=1.0, description="largest correction in SHARED"
    )
    shared_fade_s: float = parameter(
        2.0, unit="s", minimum=0.1, maximum=60.0, description="time constant by which it fades"
    )
    stream_hz: float = parameter(
        25.0, unit="Hz", minimum=10.0, maximum=100.0, description="waypoints in HUMAN and SHARED"
    )
    stream_lead_s: float = parameter(
        0.06, unit="s", minimum=0.02, maximum=0.3, description="of the first waypoint in HUMAN"
    )
    device_timeout_s: float = parameter(
        0.2, unit="s", minimum=0.05, maximum=2.0, description="a silent device: stop and hold"
    )
    takeover_by_motion: bool = parameter(True, description="moving the device in POLICY takes over")
    takeover_speed_m_s: float = parameter(
        0.02, unit="m/s", minimum=0.0, maximum=1.0, description="beyond it the device has moved"
    )
    takeover_speed_rad_s: float = parameter(
        0.1, unit="rad/s", minimum=0.0, maximum=5.0, description="beyond it the device has moved"
    )
    takeover_motion_m: float = parameter(
        0.02, unit="m", minimum=0.001, maximum=0.5, description="the same for devices with a pose"
    )
    takeover_motion_rad: float = parameter(
        0.2, unit="rad", minimum=0.01, maximum=3.0, description="the same for devices with a pose"
    )
    human_speed_m_s: float = parameter(
        0.2, unit="m/s", minimum=0.001, maximum=2.0, description="speed limit of the operator"
    )
    human_speed_rad_s: float = parameter(
        0.8, unit="rad/s", minimum=0.001, maximum=5.0, description="speed limit of the operator"
    )
    human_acceleration_m_s2: float = parameter(
        1.5, unit="m/s^2", minimum=0.1, maximum=20.0, description="in HUMAN"
    )
    human_acceleration_rad_s2: float = parameter(
        6.0, unit="rad/s^2", minimum=0.1, maximum=100.0, description="in HUMAN"
    )
    workspace_min_m: tuple[float, ...] = parameter(
        (0.2, -0.4, 0.0), unit="m", length=3, description="box of the target in HUMAN, base frame"
    )
    workspace_max_m: tuple[float, ...] = parameter(
        (0.75, 0.4, 0.7), unit="m", length=3, description="box of the target in HUMAN, base frame"
    )
    stiffness: tuple[float, ...] = parameter(
        (600.0, 600.0, 600.0, 30.0, 30.0, 30.0),
        unit="N/m, N m/rad",
        length=6,
        minimum=0.0,
        description="restored after GUIDE if nobody else published on arm/impedance",
    )
    damping_ratio: tuple[float, ...] = parameter(
        (1.0, 1.0, 1.0, 1.0, 1.0, 1.0), length=6, minimum=0.0, description="as stiffness"
    )
    nullspace_stiffness: float = parameter(
        10.0, unit="N m/rad", minimum=0.0, description="as stiffness"
    )
    commands_hand: bool = parameter(
        True, description="publish hand/trajectory for policies that move a hand"
    )
    replay_prefix: str = parameter(
        "replay", description="policies whose name begins so are recorded with source replay"
    )
