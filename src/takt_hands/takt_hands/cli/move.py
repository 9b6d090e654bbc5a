"""`takt hand move`: one joint, slowly and weakly, there and back."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable

from takt_core.errors import TaktError
from takt_hands.cli.options import add_baud, add_description, add_port, make_bus, parser
from takt_hands.description import HandDescription, load
from takt_hands.driver import HandDriver
from takt_hands.parameters import HandParameters

_SPEED_RAD_S = 0.5
_ACCELERATION_RAD_S2 = 5.0
_SETTLE_S = 0.5


def only(description: HandDescription, name: str, current_a: float) -> HandDescription:
    """The same hand as if it had this one joint, slow and weak.

    Raises:
        TaktError: it has no such joint, or may not have such a current.
    """
    for joint in description.joints:
        if joint.name == name:
            if not 0.0 < current_a <= joint.max_current_a:
                raise TaktError(
                    f"a current of {current_a:g} A for {name}; allowed is more than 0, at most its "
                    f"max_current_a = {joint.max_current_a:g} ({description.source})"
                )
            gentle = dataclasses.replace(
                joint,
                current_a=current_a,
                velocity_rad_s=_SPEED_RAD_S,
                acceleration_rad_s2=_ACCELERATION_RAD_S2,
            )
            return dataclasses.replace(description, joints=(gentle,))
    names = ", ".join(description.joint_names)
    raise TaktError(f"no joint {name!r} in {description.source}; allowed are {names}")


def wiggle(
    driver: HandDriver,
    by_rad: float,
    clock_ns: Callable[[], int],
    sleep: Callable[[float], None],
    report: Callable[[str], None],
) -> None:
    """Moves the driver's only joint by an angle and back.

    Raises:
        TaktError: it cannot be enabled, does not follow, or reports a fault.
    """
    driver.enable()
    start = float(driver.cycle().target[0])
    way_s = max(0.5, 2.0 * abs(by_rad) / _SPEED_RAD_S)
    for goal in (start + by_rad, start):
        end_ns = clock_ns() + round(way_s * 1e9)
        result = driver.follow(driver.description.joint_names, [end_ns], [[goal]], [[0.0]])
        if not result.accepted:
            raise TaktError(result.reason)
        while clock_ns() < end_ns + round(_SETTLE_S * 1e9):
            state = driver.cycle()
            if state.fault:
                raise TaktError(state.fault)
            sleep(0.01)
        report(
            f"asked for {state.target[0]:+.3f} rad, is at {state.position[0]:+.3f} rad, "
            f"{state.current[0]:+.3f} A, {state.temperature[0]:.0f} C"
        )


def main(arguments: list[str]) -> int:
    options = parser(
        "move", "Moves one joint slowly by an angle and back; the others stay as they are."
    )
    options.add_argument("joint", help="its name in the description")
    options.add_argument("--by", type=float, default=0.2, metavar="RAD", help="default: 0.2")
    options.add_argument("--current", type=float, default=0.15, metavar="A", help="default: 0.15")
    options.add_argument("--yes", action="store_true", help="do not ask")
    add_port(options)
    add_baud(options)
    add_description(options)
    asked = options.parse_args(arguments)
    description = only(load(asked.hand), asked.joint, asked.current)
    question = (
        f"{asked.joint} (motor {description.ids[0]}) will move by {asked.by:+.2f} rad and back, "
        f"with at most {asked.current:.2f} A. Hands off? [y/N] "
    )
    if not asked.yes and input(question).strip().lower() != "y":
        print("nothing was moved")
        return 1
    bus = make_bus(asked.port, asked.baud)
    driver = HandDriver(bus, description, HandParameters(), time.monotonic_ns, log=print)
    driver.open()
    try:
        wiggle(driver, asked.by, time.monotonic_ns, time.sleep, print)
    finally:
        driver.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
