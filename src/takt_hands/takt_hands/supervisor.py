"""Watches each joint of a hand: who is silent, too hot, overloaded or without torque."""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Array
from takt_hands.dynamixel.control_table import hardware_error_names
from takt_hands.health import Health
from takt_hands.motors import Mask, Motion, Motors, Status
from takt_hands.parameters import HandParameters

# Silence is not called so before as many cycles went without an answer: the driver itself may
# have been kept from asking.
_FEWEST_MISSES = 3


class Supervisor:
    """Keeps count; says what is wrong in words, and switches off what is too hot.

    Attributes:
        torque: (n,) joints that have torque, as far as is known.
        estranged: (n,) joints that were silent since ``adopt``: they stand where they stood then,
            and the target has gone on without them.
        health: temperatures, load and supply.
    """

    def __init__(self, motors: Motors, parameters: HandParameters) -> None:
        count = len(motors.description.joints)
        self.torque = np.zeros(count, dtype=bool)
        self.estranged = np.zeros(count, dtype=bool)
        self.health = Health(count, parameters)
        self._motors = motors
        self._p = parameters
        self._names = motors.description.joint_names
        self._misses = np.zeros(count, dtype=int)
        self._missed_since_ns = np.zeros(count, dtype=np.int64)
        self._error = np.zeros(count, dtype=int)
        self._status_due = False
        self._next_poll_ns = 0
        self._turn = 0
        self._asked = -1

    def adopt(self, status: Status, now_ns: int) -> None:
        """Begins anew with what the motors say; everyone is watched."""
        self._motors.watched[:] = True
        self.torque = status.torque > 0.5
        self._error = np.nan_to_num(status.error).astype(int)
        self.estranged[:] = False
        self._misses[:] = 0
        self._missed_since_ns[:] = now_ns
        self._next_poll_ns = now_ns

    def observe(self, motion: Motion, limit_a: Array, duration_s: float, now_ns: int) -> list[str]:
        """After each reading; returns new faults."""
        answered = motion.answered
        self._misses = np.where(answered, 0, self._misses + 1)
        # Not later than now, should the clock be set back.
        self._missed_since_ns = np.minimum(self._missed_since_ns, now_ns)
        self._missed_since_ns = np.where(self._misses <= 1, now_ns, self._missed_since_ns)
        self._status_due |= bool((motion.alert & (self._error == 0)).any())
        self.health.pushed(np.nan_to_num(motion.current), limit_a, duration_s)
        late = now_ns - self._missed_since_ns > self._p.silent_after_s * 1e9
        silent = self._motors.watched & late & (self._misses >= _FEWEST_MISSES)
        self._motors.watched &= ~silent
        self.estranged |= silent
        if silent.all():
            return ["no motor answers: is the hand's power on?"]
        return [f"{name} does not answer" for name in self._named(silent)]

    def poll(self, now_ns: int) -> list[str]:
        """The slow things, at most one per call; returns new faults."""
        if self._status_due:
            self._status_due = False
            return self._poll_status()
        # What is due later than a period from now was due before the clock was set back.
        if 0 < self._next_poll_ns - now_ns <= self._p.slow_period_s * 1e9:
            return []
        tasks = [self._poll_health, self._poll_status]
        if not self._motors.watched.all():
            tasks.append(self._ask_a_silent_one)
        self._next_poll_ns = now_ns + round(self._p.slow_period_s * 1e9 / len(tasks))
        self._turn = (self._turn + 1) % len(tasks)
        return tasks[self._turn]()

    def warnings(self) -> tuple[str, ...]:
        """What is worth knowing now, in words."""
        said = [f"{name} does not answer" for name in self._named(~self._motors.watched)]
        for name, bits in zip(self._names, self._error, strict=True):
            if bits:
                said.append(f"{name} reports {hardware_error_names(int(bits))}")
        volts = self._motors.description.volt_range
        return (*said, *self.health.warnings(self._names, volts))

    def failing(self) -> Mask:
        """(n,) joints with a hardware error."""
        failing: Mask = self._error != 0
        return failing

    def _poll_health(self) -> list[str]:
        before = self.health.overheated.copy()
        self.health.measured(*self._motors.read_health())
        hot = self.health.overheated & ~before
        still_on = self.health.overheated & self.torque
        if still_on.any():
            # Again with every reading, until the status says that it is off: it may get lost.
            self._motors.write_torque(False, still_on)
        return [
            f"{name} is too hot: {self.health.temperature[self._names.index(name)]:.0f} C, its "
            f"torque is off (stop_c = {self._p.stop_c:g})"
            for name in self._named(hot)
        ]

    def _poll_status(self) -> list[str]:
        status = self._motors.read_status()
        known = np.isfinite(status.torque)
        self._error = np.where(known, np.nan_to_num(status.error), self._error).astype(int)
        lost = known & (status.torque < 0.5) & self.torque
        self.torque &= ~lost
        faults = []
        for name in self._named(lost & ~self.health.overheated):
            bits = int(self._error[self._names.index(name)])
            cause = f"it reports {hardware_error_names(bits)}" if bits else "its power was cut"
            faults.append(f"{name} lost its torque: {cause}")
        return faults

    def _ask_a_silent_one(self) -> list[str]:
        silent = np.flatnonzero(~self._motors.watched)
        later = silent[silent > self._asked]
        self._asked = int(later[0] if later.size else silent[0])
        if self._motors.answers(self._asked):
            self._motors.watched[self._asked] = True
            self._misses[self._asked] = 0
            self._status_due = True
        return []

    def _named(self, chosen: Mask) -> list[str]:
        return [name for name, is_it in zip(self._names, chosen, strict=True) if is_it]
