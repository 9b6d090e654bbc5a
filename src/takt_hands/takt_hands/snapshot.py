"""One picture out of what the parts of a driver know."""

from __future__ import annotations

import numpy as np

from takt_hands.measured import Measured
from takt_hands.motors import Motors
from takt_hands.state import Control, HandSnapshot
from takt_hands.supervisor import Supervisor
from takt_hands.targets import Targets


def take(
    known: Measured,
    targets: Targets,
    supervisor: Supervisor,
    motors: Motors,
    *,
    measured: bool,
    lost: bool,
    engaged: bool,
    fault: str,
    rate_hz: float,
) -> HandSnapshot:
    """See ``HandSnapshot``; a hand that is not engaged has its position for a target."""
    health, follower, motion = supervisor.health, targets.follower, known.motion
    volts = health.voltage[np.isfinite(health.voltage)]
    if lost:
        control = Control.OFFLINE
    elif not (supervisor.torque & motors.watched).any():
        control = Control.FAULT if fault else Control.IDLE
    else:
        following = follower.moving and not follower.starved and not fault
        control = Control.FOLLOW if following else Control.HOLD
    return HandSnapshot(
        stamp_ns=known.stamp_ns,
        position=motion.position,
        velocity=motion.velocity,
        current=motion.current,
        current_limit=targets.limit_a.copy(),
        torque=motion.current * motors.torque_constant,
        temperature=health.temperature.copy(),
        target=(follower.target if engaged else motion.position).copy(),
        voltage=float(volts.min()) if volts.size else float("nan"),
        control=control,
        measured=measured,
        starved=follower.starved,
        fault=fault,
        warnings=supervisor.warnings(),
        reads=known.reads,
        failed_reads=known.failed_reads,
        starvations=follower.starvations,
        rejected=follower.rejected,
        last_rejection=follower.last_rejection,
        rate_hz=rate_hz,
    )
