"""The parameters of a replay, declared once."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.parameters import parameter
from takt_recorder.replay.guards import ReplayLimits

_DEFAULTS = ReplayLimits()


@dataclass(frozen=True)
class ReplayParameters:
    """Of `replay_node`."""

    bag: str = parameter("", description="folder of the episode to repeat")
    speed: float = parameter(
        1.0, minimum=0.05, maximum=1.0, description="1 as recorded, less is slower"
    )
    reset: bool = parameter(
        False, description="first reset the simulated task to the recorded seed"
    )
    approach: bool = parameter(
        True, description="first go to the recorded start by motion/move_to, where that is served"
    )
    result_file: str = parameter("", description="where the result goes, as JSON; empty: nowhere")
    patience_s: float = parameter(
        20.0, unit="s", minimum=0.1, maximum=600.0, description="wait for robot and arbiter"
    )
    start_m: float = parameter(
        _DEFAULTS.start_m,
        unit="m",
        minimum=0.0,
        maximum=0.1,
        description="of the tool from the recorded start",
    )
    start_rad: float = parameter(
        _DEFAULTS.start_rad,
        unit="rad",
        minimum=0.0,
        maximum=0.5,
        description="of the tool from the recorded start",
    )
    start_joint_rad: float = parameter(
        _DEFAULTS.start_joint_rad,
        unit="rad",
        minimum=0.0,
        maximum=1.0,
        description="of any joint from the recorded start",
    )
    speed_m_s: float = parameter(
        _DEFAULTS.speed_m_s, unit="m/s", minimum=0.0, maximum=2.0, description="of the tool"
    )
    speed_rad_s: float = parameter(
        _DEFAULTS.speed_rad_s, unit="rad/s", minimum=0.0, maximum=6.0, description="of the tool"
    )
    joint_speed_rad_s: float = parameter(
        _DEFAULTS.joint_speed_rad_s,
        unit="rad/s",
        minimum=0.0,
        maximum=5.0,
        description="of any joint, as recorded",
    )

    def limits(self) -> ReplayLimits:
        names = ReplayLimits.__dataclass_fields__
        return ReplayLimits(**{name: getattr(self, name) for name in names})
