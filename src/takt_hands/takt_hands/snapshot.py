"""One picture out of what the parts of a driver know."""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Array
from takt_hands.measured import Measured
from takt_hands.state import Control, HandSnapshot
from takt_hands.supervisor import Supervisor
from takt_hands.targets import Targets


def take(
    known: Measured,
    targets: Targets,
    supervisor: Supervisor,
    *,
    torque: Array,
    control: Control,
    measured: bool,
    engaged: bool,
    fault: str,
    rate_hz: float,
) -> HandSnapshot:
    """See ``HandSnapshot``; a hand that is not engaged has its position for a target."""
    health, follower, motion = supervisor.health, targets.follower, known.motion
    volts = health.voltage[np.isfinite(health.voltage)]
    return HandSnapshot(
        stamp_ns=known.stamp_ns,
        position=motion.position,
        velocity=motion.velocity,
        current=motion.current,
        current_limit=targets.limit_a.copy(),
        torque=torque,
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
