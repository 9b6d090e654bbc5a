"""The compliant controller of takt: impedance law, trajectory follower, safety envelope.

The controller is C++ (`takt_impedance._core`, documented in its stub). `kinematics` computes what
it needs to know about an arm; importing this package does not import it, nor Pinocchio.
"""

from takt_impedance._core import (
    Answer,
    ArmGroup,
    Controller,
    Counters,
    Damping,
    Fault,
    Frame,
    GroupResult,
    KeepOut,
    Mode,
    Parameters,
    Posted,
    Projector,
    SharedController,
    Snapshot,
    TickOutput,
    TickStatistics,
    TickSummary,
    TrajectoryResult,
    VirtualArm,
    VirtualArmParameters,
    interpolate,
    rotation_exp,
    rotation_log,
)

__all__ = [
    "Answer",
    "ArmGroup",
    "Controller",
    "Counters",
    "Damping",
    "Fault",
    "Frame",
    "GroupResult",
    "KeepOut",
    "Mode",
    "Parameters",
    "Posted",
    "Projector",
    "SharedController",
    "Snapshot",
    "TickOutput",
    "TickStatistics",
    "TickSummary",
    "TrajectoryResult",
    "VirtualArm",
    "VirtualArmParameters",
    "interpolate",
    "rotation_exp",
    "rotation_log",
]
