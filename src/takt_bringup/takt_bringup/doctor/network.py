"""Discovery, and whether two ROS processes of this machine hear each other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from takt_bringup.doctor.finding import Finding, fail, ok, warn
from takt_bringup.doctor.probe import ProbeError, run_probe
from takt_bringup.launcher.defaults import with_takt_defaults

_RANGES = ("OFF", "LOCALHOST", "SUBNET", "SYSTEM_DEFAULT")
_SLOW_MS = 15.0


def check_discovery(environment: Mapping[str, str]) -> Finding:
    """The variables that decide who hears whom."""
    domain = environment.get("ROS_DOMAIN_ID", "0")
    reach = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    found = f"domain {domain}, range {reach}"
    if not domain.isdigit() or int(domain) > 101:
        return fail("discovery", found, "ROS_DOMAIN_ID must be a number from 0 to 101")
    if reach not in _RANGES:
        return fail(
            "discovery",
            found,
            f"ROS_AUTOMATIC_DISCOVERY_RANGE must be one of {', '.join(_RANGES)}",
        )
    if reach != "LOCALHOST":
        return warn(
            "discovery",
            found,
            "other machines of this network take part; if that is not meant, use LOCALHOST",
        )
    return ok("discovery", found)


def check_profile(environment: Mapping[str, str]) -> Finding:
    """The Fast DDS profile without which images are slow."""
    value = environment.get("FASTDDS_DEFAULT_PROFILES_FILE", "")
    if value and Path(value).is_file():
        return ok("fast dds", f"profile {value}")
    return warn(
        "fast dds",
        f"profile {value} does not exist" if value else "no profile is set",
        "`source scripts/env.sh` sets FASTDDS_DEFAULT_PROFILES_FILE to config/fastdds.xml",
    )


def check_loopback(environment: Mapping[str, str]) -> Finding:
    """Send images from one ROS process to another."""
    try:
        answer = run_probe("takt_bringup.nodes.loopback", environment)
    except ProbeError as error:
        return fail("loopback", f"two ROS processes do not hear each other: {error}", _ADVICE)
    received, sent = answer["received"], answer["sent"]
    if not received:
        return fail("loopback", f"none of {sent} images arrived", _ADVICE)
    found = f"{received} of {sent} images of 640x480 arrived, median {answer['median_ms']:.1f} ms"
    if received < sent or answer["median_ms"] > _SLOW_MS:
        return warn("loopback", found, "see `shared memory` and `fast dds` above")
    return ok("loopback", found)


_ADVICE = (
    "a firewall may block UDP on the loopback interface, or another program uses the domain's "
    "ports: try another ROS_DOMAIN_ID"
)


def network(environment: Mapping[str, str] | None = None) -> list[Finding]:
    """Run all checks of this module."""
    variables = with_takt_defaults(os.environ if environment is None else environment)
    return [check_discovery(variables), check_profile(variables), check_loopback(variables)]
