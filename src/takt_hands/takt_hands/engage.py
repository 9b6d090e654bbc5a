"""Switching torque on without a jump, and nothing left to chance on a noisy line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_hands.dynamixel.control_table import hardware_error_names
from takt_hands.motors import Mask, Motors, Status

_ATTEMPTS = 5


def read_all(read: Callable[[], Array], motors: Motors, what: str) -> Array:
    """(n,) numbers of all joints, asked again where there was no answer.

    Raises:
        TaktError: joints that never answered, named.
    """
    values = read()
    for _ in range(_ATTEMPTS):
        if np.isfinite(values).all():
            return values
        again = read()
        values = np.where(np.isfinite(values), values, again)
    missing = ", ".join(_names(motors, ~np.isfinite(values)))
    raise TaktError(f"cannot read the {what} of {missing}: no answer")


def read_status(motors: Motors) -> Status:
    """
    Raises:
        TaktError: joints that never answered, named.
    """
    torque = read_all(lambda: motors.read_status().torque, motors, "torque switch")
    error = read_all(lambda: motors.read_status().error, motors, "hardware errors")
    return Status(torque, error)


def resting_position(motors: Motors, torque: Mask) -> Array:
    """(n,) what the joints are to hold [rad]: where torque is on, the goal that they have.

    A joint that grips something has a goal beyond where it is, and would let go if that were
    changed to its position.
    """
    position = read_all(lambda: motors.read_motion().position, motors, "position")
    if not torque.any():
        return position
    goal = read_all(lambda: motors.read_goals()[0], motors, "goal position")
    joints = motors.description
    inside = (goal >= joints.array("lower_rad")) & (goal <= joints.array("upper_rad"))
    held: Array = np.where(torque & inside, goal, position)
    return held


@dataclass(frozen=True, eq=False)
class Engaged:
    """
    Attributes:
        goal: (n,) what the joints hold [rad].
        current_a: (n,) current limits in use [A].
        changed: settings that were changed for good.
    """

    goal: Array
    current_a: Array
    changed: tuple[str, ...]


def engage(motors: Motors, current_a: Array, tolerance_rad: float) -> Engaged:
    """Prepares all motors and switches their torque on where they are.

    Goals and current limits are read back before any torque is switched on: a packet that was
    lost must not leave a motor with a goal of long ago.

    Args:
        current_a: (n,) current limits [A]; a joint that has torque and less of it keeps that.
        tolerance_rad: how far outside of its range a joint may be.

    Raises:
        TaktError: a joint that does not answer, reports an error or is out of its range; no
            torque was switched on that was off before.
    """
    names = motors.description.joint_names
    for name, bits in zip(names, read_status(motors).error, strict=True):
        if bits:
            raise TaktError(
                f"{name} reports {hardware_error_names(int(bits))}; `hand/reset_fault` reboots "
                "it once the cause is gone"
            )
    changed = tuple(text for joint in range(len(names)) for text in motors.prepare(joint))
    torque = read_status(motors).torque > 0.5
    _check_range(motors, tolerance_rad)
    goal = resting_position(motors, torque)
    if torque.any():
        seen_a = read_all(lambda: motors.read_goals()[1], motors, "goal current")
        current_a = np.where(torque, np.minimum(current_a, np.abs(seen_a)), current_a)
    _write_goals(motors, goal, current_a)
    everyone = np.ones(len(names), dtype=bool)
    on = np.zeros(len(names), dtype=bool)
    for _ in range(_ATTEMPTS):
        motors.write_torque(True, everyone)
        on |= motors.read_status().torque > 0.5
        if on.all():
            return Engaged(goal, current_a, changed)
    failed = ", ".join(_names(motors, ~on))
    _switch_off(motors, ~torque)
    raise TaktError(f"{failed}: torque cannot be switched on, or there is no answer")


def release(motors: Motors) -> None:
    """Switches all torque off.

    Raises:
        TaktError: joints that still have torque or do not answer, named.
    """
    motors.watched[:] = True
    _switch_off(motors, np.ones(len(motors.description.joints), dtype=bool))


def _switch_off(motors: Motors, joints: Mask) -> None:
    off = ~joints
    for _ in range(_ATTEMPTS):
        motors.write_torque(False, joints)
        off |= motors.read_status().torque == 0.0
        if off.all():
            return
    named = ", ".join(_names(motors, ~off))
    raise TaktError(f"{named}: torque may still be on, there is no answer. Cut the hand's power")


def _write_goals(motors: Motors, goal: Array, current_a: Array) -> None:
    everyone = np.ones(len(goal), dtype=bool)
    wanted = motors.ticks(goal), motors.current_units(current_a)
    for _ in range(_ATTEMPTS):
        motors.write_currents(current_a, everyone)
        motors.write_goals(goal, everyone)
        seen_goal, seen_current = motors.read_goals()
        # NaN is equal to nothing: who does not answer has not confirmed.
        right = motors.ticks(seen_goal) == wanted[0]
        right &= np.round(seen_current / motors.unit_a) == wanted[1]
        if right.all():
            return
    named = ", ".join(_names(motors, ~right))
    raise TaktError(f"{named}: did not take the goals over. Torque stays as it was")


def _check_range(motors: Motors, tolerance_rad: float) -> None:
    position = read_all(lambda: motors.read_motion().position, motors, "position")
    for joint, angle in zip(motors.description.joints, position, strict=True):
        beyond = max(joint.lower_rad - angle, angle - joint.upper_rad)
        if beyond > tolerance_rad:
            raise TaktError(
                f"{joint.name} is at {angle:.3f} rad, {beyond:.3f} out of its range; allowed is "
                f"start_tolerance_rad = {tolerance_rad:g}. Move it by hand; if it looks right, its "
                f"horn is mounted otherwise than {motors.description.source} says, or the motor "
                "counts a full turn (cut its power and try again)"
            )


def _names(motors: Motors, chosen: Mask) -> list[str]:
    names = motors.description.joint_names
    return [name for name, is_it in zip(names, chosen, strict=True) if is_it]
