"""Processor, real-time permissions, memory shared between processes, disk."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from pathlib import Path

from takt_bringup.doctor.finding import Finding, fail, ok, warn

_GIB = 2**30
_MIB = 2**20
_SHARED_MEMORY_NEEDED = 512 * _MIB
_LIMITS = "/etc/security/limits.d/takt.conf"


def check_processor() -> Finding:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    found = f"{cores} cores, {memory:.1f} GiB, {platform.machine()}"
    if cores < 2:
        return warn("processor", found, "with one core, inference and the clock share it: use two")
    return ok("processor", found)


def check_realtime(
    priority: int | None = None, locked: int | None = None, kernel: str | None = None
) -> Finding:
    """Whether a real-time loop may run here: only hardware needs it, the simulator does not."""
    if priority is None:
        priority = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    if locked is None:
        locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    kernel = platform.version() if kernel is None else kernel
    priority = 99 if priority == resource.RLIM_INFINITY else priority
    unlimited = locked == resource.RLIM_INFINITY
    preempt = "PREEMPT_RT" in kernel
    found = (
        f"priority up to {priority}, locked memory "
        f"{'unlimited' if unlimited else f'{locked / _MIB:.0f} MiB'}, "
        f"{'PREEMPT_RT' if preempt else 'ordinary'} kernel"
    )
    advice = []
    if priority < 80 or not unlimited:
        advice.append(
            f"put `@realtime - rtprio 99` and `@realtime - memlock unlimited` in {_LIMITS}, "
            "add yourself to the group realtime, log in again"
        )
    if not preempt:
        advice.append("install a PREEMPT_RT kernel (Debian: linux-image-rt-amd64)")
    if advice:
        return warn("realtime", found, "only for hardware: " + "; ".join(advice))
    return ok("realtime", found)


def check_shared_memory(folder: Path = Path("/dev/shm")) -> Finding:
    """Room for Fast DDS segments, and whether killed programs left theirs behind."""
    if not folder.is_dir():
        return fail("shared memory", f"there is no {folder}", "mount a tmpfs there")
    usage = shutil.disk_usage(folder)
    left = [*folder.glob("fastdds*"), *folder.glob("fastrtps*")]
    found = (
        f"{usage.free / _MIB:.0f} of {usage.total / _MIB:.0f} MiB free, {len(left)} Fast DDS files"
    )
    if usage.free < _SHARED_MEMORY_NEEDED:
        return warn(
            "shared memory",
            found,
            "images need 64 MiB per process: in a container use `--shm-size=1g`; after "
            f"crashes, with no ROS program running, remove {folder}/fastdds* and fastrtps*",
        )
    return ok("shared memory", found)


def check_disk(folder: Path | None = None) -> Finding:
    folder = Path.cwd() if folder is None else folder
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:.1f} GiB free below {folder}"
    if free < 0.5 * _GIB:
        return fail("disk", found, "recording needs 0.5 GiB: free some, or record elsewhere")
    if free < 5 * _GIB:
        return warn("disk", found, "an hour of three cameras takes about 100 GiB")
    return ok("disk", found)


def machine() -> list[Finding]:
    """Run all checks of this module."""
    return [check_processor(), check_realtime(), check_shared_memory(), check_disk()]
