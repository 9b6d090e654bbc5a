"""Is this machine, and its way to the robot, fit for a control loop?"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from takt_bringup.doctor.finding import Finding, Level, fail, ok, warn
from takt_bringup.doctor.machine import check_processor, check_realtime
from takt_bringup.robots.configuration import RobotConfiguration

_PINGS = 25
_PING_PERIOD_S = 0.2
_PING_BYTES = 1200
_STATISTICS = re.compile(r"= ([\d.]+)/([\d.]+)/([\d.]+)(?:/([\d.]+))? ms")
_LOSS = re.compile(r"([\d.]+)% packet loss")


def check_control_loop(robot: RobotConfiguration, kernel: Finding | None = None) -> Finding:
    """The checks of the kernel and its limits; a torque loop does not go without them."""
    finding = check_realtime() if kernel is None else kernel
    finding = replace(finding, advice=finding.advice.removeprefix("only for hardware: "))
    if finding.level is Level.WARN and robot.command_interface == "effort":
        return replace(finding, level=Level.FAIL)
    return finding


def check_governor(folder: Path = Path("/sys/devices/system/cpu")) -> Finding:
    """Whether the processors save power, which delays a loop that sleeps between its ticks."""
    governors = {
        path.read_text(encoding="utf-8").strip()
        for path in folder.glob("cpu[0-9]*/cpufreq/scaling_governor")
    }
    if not governors:
        return ok("processor speed", "not changed by the kernel")
    found = f"governor {', '.join(sorted(governors))}"
    if governors == {"performance"}:
        return ok("processor speed", found)
    return warn("processor speed", found, "cpupower frequency-set -g performance")


def check_network(address: str, rate_hz: int, program: str = "ping") -> Finding:
    """How long the way to the robot and back takes, against the period of the loop.

    Args:
        address: of the robot.
        rate_hz: of the control loop.
        program: that sends echo requests, with the options of iputils.
    """
    if shutil.which(program) is None:
        return warn("network", f"there is no `{program}`", "apt-get install iputils-ping")
    words = [program, "-q", "-n", "-c", str(_PINGS), "-i", str(_PING_PERIOD_S)]
    try:
        result = subprocess.run(
            [*words, "-s", str(_PING_BYTES), "-W", "1", address],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PINGS * (_PING_PERIOD_S + 1.0) + 10.0,
        )
    except subprocess.TimeoutExpired:
        return fail("network", f"{address} does not answer", _CABLE)
    return judge_network(address, rate_hz, result.stdout)


def judge_network(address: str, rate_hz: int, answer: str) -> Finding:
    """Judge the statistics that ping prints."""
    lost, times = _LOSS.search(answer), _STATISTICS.search(answer)
    if lost is None or times is None:
        return fail("network", f"{address} does not answer", _CABLE)
    mean_ms, worst_ms = float(times.group(2)), float(times.group(3))
    period_ms = 1e3 / rate_hz
    found = (
        f"{address}: {mean_ms:.2f} ms there and back, at worst {worst_ms:.2f} ms, "
        f"{float(lost.group(1)):g} % lost; the loop has {period_ms:g} ms"
    )
    if float(lost.group(1)) > 0.0:
        return fail("network", found, _CABLE)
    if worst_ms > 0.5 * period_ms:
        return warn("network", found, f"{_CABLE}; switch off the card's interrupt coalescing")
    return ok("network", found)


_CABLE = (
    "connect the robot to a network card of its own by a cable, without switch or wireless, and "
    "give that card a fixed address in the robot's network"
)


def robot_machine(robot: RobotConfiguration, address: str | None) -> list[Finding]:
    """Run all checks of this module; without an address none of the network."""
    findings = [check_processor(), check_control_loop(robot), check_governor()]
    if address is not None:
        findings.append(check_network(address, robot.update_rate_hz))
    return findings
