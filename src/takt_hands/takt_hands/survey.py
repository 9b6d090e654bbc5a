"""Reads all that matters of each motor of a hand, and says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from takt_hands.description import HandDescription, Joint
from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.bus import Bus, MotorError
from takt_hands.dynamixel.models import MODELS, model_name
from takt_hands.parameters import HandParameters


@dataclass(frozen=True)
class Report:
    """One joint.

    Attributes:
        facts: for a table; empty if the motor does not answer.
        problems: what would keep the driver from moving it, or soon will.
    """

    joint: Joint
    facts: tuple[str, ...]
    problems: tuple[str, ...]


HEADINGS = ("motor", "firmware", "angle", "supply", "heat", "torque", "limit")


def survey(bus: Bus, description: HandDescription) -> list[Report]:
    """One report per joint. Nothing is written."""
    return [_joint(bus, description, joint) for joint in description.joints]


def _joint(bus: Bus, description: HandDescription, joint: Joint) -> Report:
    found = bus.ping(joint.id)
    if found is None:
        return Report(joint, (), (f"motor {joint.id} does not answer",))
    name = model_name(found.model_number)
    if name not in description.models:
        allowed = ", ".join(description.models)
        return Report(joint, (name,), (f"is a {name}; {description.source} allows {allowed}",))
    try:
        values = {register: bus.read(joint.id, register) for register in _READ}
    except MotorError as error:
        return Report(joint, (name,), (str(error),))
    unit_a = MODELS[found.model_number].current_unit_a
    angle = joint.sign * (values[ct.PRESENT_POSITION] * ct.RAD_PER_TICK - joint.zero_rad)
    volts = values[ct.PRESENT_VOLTAGE] * ct.VOLT_PER_UNIT
    facts = (
        name,
        str(found.firmware),
        f"{angle:+.3f} rad",
        f"{volts:.1f} V",
        f"{values[ct.PRESENT_TEMPERATURE]} C",
        "on" if values[ct.TORQUE_ENABLE] else "off",
        f"{values[ct.CURRENT_LIMIT] * unit_a:.2f} A",
    )
    return Report(joint, facts, tuple(_problems(values, joint, description, angle, volts)))


_READ = (
    ct.HOMING_OFFSET,
    ct.DRIVE_MODE,
    ct.HARDWARE_ERROR,
    ct.TORQUE_ENABLE,
    ct.CURRENT_LIMIT,
    ct.PRESENT_POSITION,
    ct.PRESENT_VOLTAGE,
    ct.PRESENT_TEMPERATURE,
)


def _problems(
    values: dict[ct.Register, int],
    joint: Joint,
    description: HandDescription,
    angle: float,
    volts: float,
) -> list[str]:
    defaults = HandParameters()
    said = [
        f"{register.name} is {values[register]}; allowed is 0"
        for register in (ct.HOMING_OFFSET, ct.DRIVE_MODE)
        if values[register]
    ]
    if values[ct.HARDWARE_ERROR]:
        said.append(f"reports {ct.hardware_error_names(values[ct.HARDWARE_ERROR])}")
    beyond = max(joint.lower_rad - angle, angle - joint.upper_rad)
    if beyond > defaults.start_tolerance_rad:
        said.append(
            f"is {beyond:.2f} rad out of its range: horn mounted otherwise, or a full turn?"
        )
    low, high = description.volt_range
    if not low <= volts <= high:
        said.append(f"supply is {volts:.1f} V; allowed is {low:g} to {high:g}")
    if values[ct.PRESENT_TEMPERATURE] >= defaults.warn_c:
        said.append(f"is hot: {values[ct.PRESENT_TEMPERATURE]} C")
    return said
