"""Fixtures for the tests of all packages."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, so that a gate does not depend on luck. To look for new ones:
# make test ARGS="--hypothesis-profile=search".
settings.register_profile("takt", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("takt")

# Domains above 101 would use ports that the system hands out to others.
_DOMAINS = range(20, 100)
_FIRST_PORT = 7400
_PORTS_PER_DOMAIN = 250
_PARTICIPANTS = 100


def _somebody_listens(domain: int) -> bool:
    """Whether a DDS participant of this machine already lives in the domain.

    Any of the ports counts, not only the first one's: a process may have ended its first
    participant and kept others.
    """
    first = _FIRST_PORT + _PORTS_PER_DOMAIN * domain + 10
    for port in range(first, first + 2 * _PARTICIPANTS, 2):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return True
    return False


@contextlib.contextmanager
def _reserve_ros_domain() -> Iterator[int]:
    folder = Path(tempfile.gettempdir()) / f"takt-ros-domains-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for domain in _DOMAINS:
        with (folder / str(domain)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if not _somebody_listens(domain):
                yield domain
                return
    raise RuntimeError(f"all ROS domains from {_DOMAINS[0]} to {_DOMAINS[-1]} are in use")


@pytest.fixture(scope="session")
def reserve_ros_domain() -> Callable[[], AbstractContextManager[int]]:
    """A context manager that reserves a free ROS domain; for fixtures of wider scope."""
    return _reserve_ros_domain


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A ROS domain of the test's own, set in the environment for it and its children."""
    with _reserve_ros_domain() as domain:
        monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        yield domain
