"""Drives one hand: a cycle of reading, watching and writing, and what may be asked in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import numpy.typing as npt

from takt_core.errors import TaktError
from takt_core.joint_follower import JointResult
from takt_hands.backoff import Backoff
from takt_hands.description import HandDescription
from takt_hands.dynamixel.bus import Bus
from takt_hands.dynamixel.models import model_name
from takt_hands.dynamixel.port import PortLostError
from takt_hands.engage import engage, read_status, release, resting_position
from takt_hands.measured import Measured
from takt_hands.motors import Motors
from takt_hands.parameters import HandParameters
from takt_hands.recovery import recover
from takt_hands.snapshot import take
from takt_hands.state import HandSnapshot
from takt_hands.supervisor import Supervisor
from takt_hands.targets import Targets
from takt_hands.writer import Writer


class HandDriver:
    """All methods may be called from any thread; each waits for the cycle under way.

    A fault is latched: the joints that can hold do so, and nothing moves until ``reset_fault``.
    A port that is lost is opened again by itself; the motors meanwhile hold the goals that they
    have. After its return nothing is written to them before ``reset_fault``.
    """

    def __init__(
        self,
        bus: Bus,
        description: HandDescription,
        parameters: HandParameters,
        clock_ns: Callable[[], int],
        sleep: Callable[[float], None] = time.sleep,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        """
        Args:
            clock_ns: the time that stamps and waypoints are of [ns].
            sleep: waits [s].
            log: takes what the operator should read.

        Raises:
            TaktError: limits that contradict each other.
        """
        self.description = description
        self._p = parameters
        self._clock_ns, self._sleep, self._log = clock_ns, sleep, log
        self._bus = bus
        self._motors = Motors(bus, description)
        self._supervisor = Supervisor(self._motors, parameters)
        self._targets = Targets(description, parameters)
        self._follower = self._targets.follower
        self._measured = Measured(len(description.joints))
        self._writer = Writer(self._motors)
        self._last_ns = 0
        self._engaged = self._wanted = False
        self._fault = ""
        self._port = Backoff(parameters.reconnect_min_s, parameters.reconnect_max_s)
        self._lock = threading.RLock()

    def open(self) -> list[str]:
        """Opens the port and finds all motors; nothing is written. Returns who they are.

        Raises:
            TaktError: the port or a motor is missing, or a motor is of another model.
        """
        with self._lock:
            self._bus.open()
            try:
                return self._meet()
            except TaktError:
                self._bus.close()
                raise

    def enable(self) -> None:
        """Switches torque on where the joints are; those that have it keep their goals.

        Raises:
            TaktError: why that is not possible; torque stays as it was.
        """
        with self._lock:
            self._refuse_if_lost()
            if self._fault:
                raise TaktError(f"{self._fault}: hand/reset_fault first")
            if not self._engaged:
                self._engage()
            self._wanted = True

    def disable(self) -> None:
        """Switches all torque off.

        Raises:
            TaktError: joints that may still have torque.
        """
        with self._lock:
            self._refuse_if_lost()
            self._engaged = self._wanted = False
            release(self._motors)
            self._supervisor.torque[:] = False

    def reset_fault(self) -> str:
        """Puts right what can be put right, and holds again where the joints are.

        Returns:
            What was done.

        Raises:
            TaktError: what is still wrong; the fault stays.
        """
        with self._lock:
            self._refuse_if_lost()
            rebooted = recover(self._motors, self._supervisor, self._p, self._sleep)
            self._engaged = False
            self._supervisor.adopt(read_status(self._motors), self._clock_ns())
            if self._wanted:
                self._engage()
            self._fault = ""
            return f"rebooted {', '.join(rebooted)}" if rebooted else "the fault is reset"

    def close(self) -> None:
        """Comes to rest, leaves torque as ``on_exit`` says, and closes the port.

        Raises:
            TaktError: joints that may still have torque though they should not.
        """
        # In reverse order, and each whatever went wrong before.
        with self._lock, ExitStack() as ending:
            ending.callback(self._bus.close)
            ending.callback(self._let_go)
            self._follower.hold(self._clock_ns())
            # Counted, as ROS time may stand still when nobody spins any more.
            for _ in range(2 + round(2.0 * self._p.stop_s * self._p.rate_hz)):
                if not (self._follower.moving and self._engaged):
                    break
                self._sleep(1.0 / self._p.rate_hz)
                self.cycle()

    def _let_go(self) -> None:
        if self._p.on_exit == "limp" and self._port.lost_ns is None:
            self.disable()

    def follow(
        self,
        names: Sequence[str],
        times_ns: Sequence[int],
        positions: npt.ArrayLike,
        velocities: npt.ArrayLike | None = None,
    ) -> JointResult:
        """A trajectory of all joints or some, in any order; the others come to rest.

        Args:
            times_ns: (k,) on the driver's clock; none: stop and hold.
            positions, velocities: (k, m) [rad, rad/s].
        """
        with self._lock:
            now_ns = self._clock_ns()
            if not len(times_ns):
                self._follower.hold(now_ns)
                return JointResult(True)
            if not self._engaged or self._fault:
                why = self._fault or "torque is off: hand/enable"
                return self._follower.refuse(f"the hand does not follow: {why}")
            return self._targets.follow(now_ns, names, times_ns, positions, velocities)

    def hold(self) -> None:
        with self._lock:
            self._follower.hold(self._clock_ns())

    def refuse(self, reason: str) -> None:
        """Counts a trajectory that somebody else found fault with."""
        with self._lock:
            self._follower.refuse(reason)

    def set_current_limit(self, names: Sequence[str], limits_a: npt.ArrayLike) -> tuple[str, ...]:
        """How hard joints may push: current limits (m,) [A]; the others keep theirs.

        Returns:
            Joints that get less than was asked for, as max_current_a is less.

        Raises:
            TaktError: an unknown joint, or a limit below 0.
        """
        with self._lock:
            return self._targets.set_current_limit(names, limits_a)

    # The cycle

    def cycle(self) -> HandSnapshot:
        """Reads, watches, writes; to be called ``rate_hz`` times a second."""
        with self._lock:
            now_ns = self._clock_ns()
            duration_s = min(max(now_ns - self._last_ns, 0) * 1e-9, 0.1)
            self._last_ns = now_ns
            measured = False
            if self._port.lost_ns is not None:
                self._try_to_return(now_ns)
            else:
                try:
                    measured = self._read(duration_s)
                    for fault in self._supervisor.poll(self._clock_ns()):
                        self._latch(fault)
                    self._write(duration_s)
                except PortLostError as error:
                    self._lose(str(error), now_ns)
            return take(
                self._measured,
                self._targets,
                self._supervisor,
                self._motors,
                measured=measured,
                lost=self._port.lost_ns is not None,
                engaged=self._engaged,
                fault=self._fault,
                rate_hz=self._measured.rate_hz(self._clock_ns()),
            )

    def _read(self, duration_s: float) -> bool:
        begin_ns = self._clock_ns()
        motion = self._motors.read_motion()
        end_ns = self._clock_ns()
        self._measured.add(motion, self._motors.watched, begin_ns, end_ns)
        limit_a = self._targets.limit_a
        for fault in self._supervisor.observe(motion, limit_a, duration_s, end_ns):
            self._latch(fault)
        return bool(motion.answered.any())

    def _write(self, duration_s: float) -> None:
        limit_a = self._targets.limit_after(self._supervisor.health.scale(), duration_s)
        if not self._engaged:
            return
        pushing = self._supervisor.torque & self._motors.watched
        # One that was silent would leap to where the target has gone meanwhile.
        following = pushing & ~self._supervisor.estranged
        self._writer.write(self._follower.step(self._clock_ns()), limit_a, pushing, following)

    # A port that comes and goes

    def _lose(self, reason: str, now_ns: int) -> None:
        self._bus.close()
        self._port.lose(now_ns)
        self._engaged = False
        self._follower.hold(now_ns)
        self._fault = f"lost the port: {reason}"
        self._log(f"{self._fault}; the motors hold the goals that they have")

    def _try_to_return(self, now_ns: int) -> None:
        if not self._port.due(now_ns):
            return
        try:
            self._bus.open()
            self._meet()
        except TaktError as error:
            self._bus.close()
            self._port.later(self._clock_ns())
            self._fault = f"lost the port: {error}"
            return
        lost_s = self._port.found(self._clock_ns())
        on = f"{self._supervisor.torque.sum()} of {len(self.description.joints)} motors"
        self._fault = f"the port was lost for {lost_s:.1f} s; {on} still have torque"
        self._log(f"{self._fault}. hand/reset_fault goes on")

    def _meet(self) -> list[str]:
        found = self._motors.identify()
        self._motors.watched[:] = True
        self._supervisor.adopt(read_status(self._motors), self._clock_ns())
        start = resting_position(self._motors, self._supervisor.torque)
        self._follower.start(self._clock_ns(), start)
        self._last_ns = self._clock_ns()
        return [f"{m.motor_id}: {model_name(m.model_number)}, firmware {m.firmware}" for m in found]

    def _engage(self) -> None:
        limit_a = self._targets.allowed_a(self._supervisor.health.scale())
        engaged = engage(self._motors, limit_a, self._p.start_tolerance_rad)
        if engaged.changed:
            self._log(f"changed for good: {'; '.join(engaged.changed)}")
        self._supervisor.adopt(read_status(self._motors), self._clock_ns())
        self._follower.start(self._clock_ns(), engaged.goal)
        self._targets.limit_a = engaged.current_a
        self._engaged = True

    def _latch(self, fault: str) -> None:
        self._follower.hold(self._clock_ns())
        self._fault = self._fault or fault
        self._log(fault)

    def _refuse_if_lost(self) -> None:
        if self._port.lost_ns is not None:
            raise TaktError(f"{self._fault}; it is looked for")
