"""Parameters of the hand node, and of the driver in it."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.errors import TaktError
from takt_core.parameters import parameter
from takt_hands.dynamixel.port import BAUD_RATES


@dataclass(frozen=True)
class HandParameters:
    """Declared once; see takt_core.parameters."""

    description: str = parameter(
        "leap",
        description="the hand, its joints, motors, limits and gains: a file, or the name of one "
        "under config/hands",
    )
    port: str = parameter(
        "/dev/ttyUSB0", description="serial port; best a path under /dev/serial/by-id"
    )
    baud: int = parameter(4_000_000, choices=BAUD_RATES, description="as the motors are set")
    reply_timeout_s: float = parameter(
        0.02,
        unit="s",
        minimum=0.002,
        maximum=1.0,
        description="how long to wait for motors that do not answer",
    )
    rate_hz: float = parameter(
        100.0, unit="Hz", minimum=1.0, maximum=500.0, description="cycles of reading and writing"
    )
    stop_s: float = parameter(
        0.2, unit="s", minimum=0.02, maximum=2.0, description="a stop takes at most this long"
    )
    max_jump_rad: float = parameter(
        0.5,
        unit="rad",
        minimum=0.0,
        maximum=6.3,
        description="how far from the target a trajectory may begin, besides what the velocity "
        "allows until then",
    )
    max_start_delay_s: float = parameter(
        10.0, unit="s", minimum=0.1, maximum=60.0, description="how far ahead it may begin"
    )
    start_tolerance_rad: float = parameter(
        0.2,
        unit="rad",
        minimum=0.0,
        maximum=1.0,
        description="how far outside of its range a joint may be when torque is switched on",
    )
    current_rate_a_s: float = parameter(
        0.5, unit="A/s", minimum=0.01, description="how fast a current limit may rise"
    )
    silent_after_s: float = parameter(
        0.1, unit="s", minimum=0.02, description="without an answer for so long, a joint is silent"
    )
    slow_period_s: float = parameter(
        0.25,
        unit="s",
        minimum=0.05,
        maximum=5.0,
        description="between readings of temperature and supply, of torque and errors, and "
        "questions to silent motors",
    )
    reconnect_min_s: float = parameter(
        0.2, unit="s", minimum=0.02, description="to the first attempt to open a lost port"
    )
    reconnect_max_s: float = parameter(
        2.0, unit="s", minimum=0.05, description="between attempts; each is twice as late"
    )
    enable_on_activate: bool = parameter(
        True, description="switch torque on when the node is activated; else by hand/enable"
    )
    on_exit: str = parameter(
        "limp", choices=("hold", "limp"), description="torque when the node ends"
    )
    allow_reboot: bool = parameter(
        True, description="hand/reset_fault may reboot motors that report a hardware error"
    )
    warn_c: float = parameter(
        50.0,
        unit="degrees Celsius",
        minimum=20.0,
        maximum=90.0,
        description="a joint is called hot",
    )
    derate_c: float = parameter(
        55.0,
        unit="degrees Celsius",
        minimum=20.0,
        maximum=90.0,
        description="from here on its current limit is lowered",
    )
    stop_c: float = parameter(
        65.0,
        unit="degrees Celsius",
        minimum=20.0,
        maximum=90.0,
        description="its torque is switched off; the motors do it themselves at 70",
    )
    resume_c: float = parameter(
        50.0,
        unit="degrees Celsius",
        minimum=20.0,
        maximum=90.0,
        description="it may be switched on again below this",
    )
    derate_to: float = parameter(
        0.3, minimum=0.05, maximum=1.0, description="share of the current limit left at stop_c"
    )
    overload_s: float = parameter(
        10.0,
        unit="s",
        minimum=0.5,
        description="at its current limit for so long, a joint is overloaded",
    )
    overload_to: float = parameter(
        0.6, minimum=0.05, maximum=1.0, description="share of its current limit it then has"
    )

    def __post_init__(self) -> None:
        if not self.warn_c <= self.derate_c < self.stop_c or self.resume_c >= self.stop_c:
            raise TaktError(
                f"warn_c {self.warn_c:g}, derate_c {self.derate_c:g}, stop_c {self.stop_c:g}, "
                f"resume_c {self.resume_c:g}; allowed is warn_c <= derate_c < stop_c and "
                "resume_c < stop_c"
            )
