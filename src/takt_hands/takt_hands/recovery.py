"""Bringing joints back that were out of order, when the operator asks for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from takt_core.errors import TaktError
from takt_hands.engage import read_status
from takt_hands.motors import Motors
from takt_hands.parameters import HandParameters
from takt_hands.supervisor import Supervisor

_BOOT_STEP_S = 0.1
_BOOT_STEPS = 30


def recover(
    motors: Motors,
    supervisor: Supervisor,
    parameters: HandParameters,
    sleep: Callable[[float], None],
) -> list[str]:
    """Reboots what reports an error and sees to it that everyone answers; no torque is changed.

    Returns:
        The joints that were rebooted.

    Raises:
        TaktError: what is still out of order.
    """
    names = motors.description.joint_names
    motors.watched[:] = True
    silent = [name for i, name in enumerate(names) if not _answers(motors, i)]
    if silent:
        raise TaktError(f"{', '.join(silent)} still silent: check power and cables")
    # What was read before may be old: it is the temperature now that counts.
    supervisor.health.measured(*motors.read_health())
    hot = supervisor.health.overheated & ~supervisor.health.cool_enough()
    if hot.any():
        i = int(np.flatnonzero(hot)[0])
        raise TaktError(
            f"{names[i]} is still at {supervisor.health.temperature[i]:.0f} C; allowed is less "
            f"than resume_c = {parameters.resume_c:g}. Let it cool"
        )
    failing = np.flatnonzero(read_status(motors).error).tolist()
    if failing and not parameters.allow_reboot:
        raise TaktError(
            f"{names[failing[0]]} reports a hardware error, and allow_reboot is false: cut "
            "the hand's power, or allow it"
        )
    for i in failing:
        motors.reboot(i)
    for i in failing:
        _await_boot(motors, i, sleep)
    supervisor.health.reset()
    return [names[i] for i in failing]


def _answers(motors: Motors, joint: int) -> bool:
    return any(motors.answers(joint) for _ in range(3))


def _await_boot(motors: Motors, joint: int, sleep: Callable[[float], None]) -> None:
    for _ in range(_BOOT_STEPS):
        sleep(_BOOT_STEP_S)
        if motors.answers(joint):
            return
    raise TaktError(f"{motors.description.joint_names[joint]} does not answer after its reboot")
