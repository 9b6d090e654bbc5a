"""The motors of a hand in terms of its joints: radians, amperes, and who did not answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_hands.description import HandDescription
from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.bus import BlockRead, Bus, Found, write_all
from takt_hands.dynamixel.control_table import Block, Register
from takt_hands.dynamixel.models import MODELS, model_name

Mask = npt.NDArray[np.bool_]
_ATTEMPTS = 3


@dataclass(frozen=True, eq=False)
class Motion:
    """One reading of all joints; NaN where there was no answer.

    Attributes:
        position, velocity, current: (n,) [rad, rad/s, A].
        answered, alert: (n,) who answered, and who of them has a hardware error.
        broken: packets that arrived, but not in one piece.
    """

    position: Array
    velocity: Array
    current: Array
    answered: Mask
    alert: Mask
    broken: int


@dataclass(frozen=True, eq=False)
class Status:
    """What the motors say of themselves; NaN where there was no answer.

    Attributes:
        torque: (n,) 1 if switched on.
        error: (n,) bits of the hardware error status.
    """

    torque: Array
    error: Array


class Motors:
    """Reads and writes all joints at once.

    Attributes:
        watched: (n,) joints that are read. One that is silent for long is left out, so that the
            others do not wait for it in every cycle.
        ceiling_a: (n,) what the motors themselves allow as a current [A].
        unit_a: (n,) one unit of the current registers [A].
        torque_constant: (n,) [N m/A].
    """

    def __init__(self, bus: Bus, description: HandDescription) -> None:
        self.bus = bus
        self.description = description
        count = len(description.joints)
        self.watched = np.ones(count, dtype=bool)
        self.ceiling_a = np.full(count, math.inf)
        self.torque_constant = np.full(count, math.nan)
        self._ids = description.ids
        self._sign = description.array("sign")
        self._zero = description.array("zero_rad")
        self.unit_a = np.full(count, math.nan)
        # In which order they are asked. Servos may wait for the one before them.
        self._order = list(range(count))

    # Finding and preparing

    def identify(self) -> tuple[Found, ...]:
        """Asks every motor who it is.

        Raises:
            TaktError: motors that are missing or of another model, all of them named.
        """
        found = [self._ping(motor_id) for motor_id in self._ids]
        missing = self._named([one is None for one in found])
        if missing:
            raise TaktError(
                f"no answer from {missing}. Is the hand's power on, is the baud rate that of the "
                "motors, are the ids those of the description? `takt hand scan` shows who is there"
            )
        answers = tuple(one for one in found if one is not None)
        allowed = self.description.models
        wrong = self._named([model_name(one.model_number) not in allowed for one in answers])
        if wrong:
            seen = ", ".join(sorted({model_name(one.model_number) for one in answers}))
            raise TaktError(
                f"{wrong}: not of the models {', '.join(allowed)} (found: {seen}). Change 'models' "
                f"in {self.description.source}, and with it the currents"
            )
        models = [MODELS[one.model_number] for one in answers]
        self.unit_a = np.array([model.current_unit_a for model in models])
        self.torque_constant = np.array([model.torque_constant_nm_a for model in models])
        return answers

    def prepare(self, joint: int) -> list[str]:
        """Sets one motor up for current-based position control; returns what was changed for good.

        Its torque is switched off only if a setting has to be changed that is kept without power.

        Raises:
            MotorError: no answer, or a refusal.
            TaktError: a setting that would make positions mean something else.
        """
        motor, name = self._ids[joint], self.description.joints[joint].name
        for register in (ct.HOMING_OFFSET, ct.DRIVE_MODE):
            value = self.bus.read(motor, register)
            if value != 0:
                raise TaktError(
                    f"{name} (motor {motor}): {register.name} is {value}; allowed is 0. Set it so "
                    "with Dynamixel Wizard; offsets and signs belong into "
                    f"{self.description.source}"
                )
        changed = []
        for register, wanted in (
            (ct.OPERATING_MODE, ct.CURRENT_BASED_POSITION),
            (ct.RETURN_DELAY, 0),
        ):
            value = self.bus.read(motor, register)
            if value != wanted:
                self.bus.write(motor, ct.TORQUE_ENABLE, ct.TORQUE_OFF)
                self.bus.write(motor, register, wanted)
                changed.append(f"{name}: {register.name} {value} -> {wanted}")
        self.ceiling_a[joint] = self.bus.read(motor, ct.CURRENT_LIMIT) * self.unit_a[joint]
        wanted_joint = self.description.joints[joint]
        for register, value in (
            (ct.BUS_WATCHDOG, 0),
            (ct.PROFILE_ACCELERATION, 0),
            (ct.PROFILE_VELOCITY, 0),
            (ct.POSITION_P_GAIN, wanted_joint.p_gain),
            (ct.POSITION_I_GAIN, wanted_joint.i_gain),
            (ct.POSITION_D_GAIN, wanted_joint.d_gain),
        ):
            self.bus.write(motor, register, value)
        return changed

    # Reading

    def read_motion(self) -> Motion:
        """One sync read of the watched joints."""
        block = ct.MOTION
        found, answered = self._read(block)
        ticks = self._column(found, block, ct.PRESENT_POSITION)
        position = self._sign * (ticks * ct.RAD_PER_TICK - self._zero)
        speed = self._column(found, block, ct.PRESENT_VELOCITY)
        velocity = self._sign * speed * ct.RAD_S_PER_UNIT
        current = self._sign * self._column(found, block, ct.PRESENT_CURRENT) * self.unit_a
        alert = np.array([motor in found.alerts for motor in self._ids])
        return Motion(position, velocity, current, answered, alert, found.broken)

    def read_health(self) -> tuple[Array, Array]:
        """(n,) supply [V] and (n,) temperature [degrees Celsius]; NaN without an answer."""
        found, _ = self._read(ct.HEALTH)
        volts = self._column(found, ct.HEALTH, ct.PRESENT_VOLTAGE) * ct.VOLT_PER_UNIT
        return volts, self._column(found, ct.HEALTH, ct.PRESENT_TEMPERATURE)

    def read_status(self) -> Status:
        found, _ = self._read(ct.STATUS)
        return Status(
            self._column(found, ct.STATUS, ct.TORQUE_ENABLE),
            self._column(found, ct.STATUS, ct.HARDWARE_ERROR),
        )

    def read_goals(self) -> tuple[Array, Array]:
        """(n,) goal positions [rad] and goal currents [A]; NaN without an answer."""
        position = Block(ct.GOAL_POSITION.address, ct.GOAL_POSITION.length)
        current = Block(ct.GOAL_CURRENT.address, ct.GOAL_CURRENT.length)
        ticks = self._column(self._read(position)[0], position, ct.GOAL_POSITION)
        units = self._column(self._read(current)[0], current, ct.GOAL_CURRENT)
        return self._sign * (ticks * ct.RAD_PER_TICK - self._zero), units * self.unit_a

    # Writing

    def write_goals(self, position: Array, joints: Mask) -> None:
        """(n,) [rad], to the joints of the mask."""
        self._write(ct.GOAL_POSITION, self.ticks(position), joints)

    def write_currents(self, current: Array, joints: Mask) -> None:
        """(n,) [A], to the joints of the mask."""
        self._write(ct.GOAL_CURRENT, self.current_units(current), joints)

    def write_torque(self, on: bool, joints: Mask) -> None:
        self._write(ct.TORQUE_ENABLE, np.full(len(self._ids), float(on)), joints)

    def ticks(self, position: Array) -> Array:
        """(n,) whole numbers: what a position is at the motors."""
        angle = self._sign * position + self._zero
        return np.asarray(np.round(angle / ct.RAD_PER_TICK), dtype=np.float64)

    def current_units(self, current: Array) -> Array:
        """(n,) whole numbers: what a current limit is at the motors, within what they allow."""
        allowed = np.minimum(current, self.ceiling_a)
        return np.asarray(np.floor(allowed / self.unit_a + 1e-9), dtype=np.float64)

    def reboot(self, joint: int) -> None:
        """
        Raises:
            MotorError: no answer.
        """
        self.bus.reboot(self._ids[joint])

    def answers(self, joint: int) -> bool:
        """Whether one motor answers a ping now."""
        return self.bus.ping(self._ids[joint]) is not None

    # Helpers

    def _ping(self, motor_id: int) -> Found | None:
        for _ in range(_ATTEMPTS):
            found = self.bus.ping(motor_id)
            if found is not None:
                return found
        return None

    def _read(self, block: Block) -> tuple[BlockRead, Mask]:
        asked = [joint for joint in self._order if self.watched[joint]]
        if not asked:
            return BlockRead(), np.zeros(len(self._ids), dtype=bool)
        found = self.bus.read_block([self._ids[joint] for joint in asked], block)
        answered = np.array([motor in found.data for motor in self._ids])
        missing = [joint for joint in asked if not answered[joint]]
        if missing:
            # The first one may be what kept the others from answering: it comes last from now on.
            self._order.remove(missing[0])
            self._order.append(missing[0])
        return found, answered

    def _column(self, found: BlockRead, block: Block, register: Register) -> Array:
        values = [
            block.value(register, found.data[motor]) if motor in found.data else math.nan
            for motor in self._ids
        ]
        return np.array(values, dtype=np.float64)

    def _write(self, register: Register, values: Array, joints: Mask) -> None:
        chosen: Mapping[int, int] = {
            self._ids[joint]: int(values[joint]) for joint in np.flatnonzero(joints)
        }
        write_all(self.bus, register, chosen)

    def _named(self, chosen: Sequence[bool]) -> str:
        pairs = zip(self.description.joints, chosen, strict=True)
        return ", ".join(f"{joint.name} (motor {joint.id})" for joint, is_it in pairs if is_it)
