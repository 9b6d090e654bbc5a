"""Which code ran an episode: its results hold for that code only."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import takt_core
import takt_description
import takt_impedance
import takt_policy
import takt_sim

# What decides an episode, besides the bundle. The control law is compiled.
_PACKAGES = (takt_core, takt_description, takt_impedance, takt_policy, takt_sim)
_ENDINGS = (".py", ".so", ".xacro", ".urdf")


@lru_cache(maxsize=1)
def code_hash() -> str:
    """A short hash over the files of the packages that an episode runs."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        folder = Path(str(package.__file__)).parent
        files = [file for file in folder.rglob("*") if file.suffix in _ENDINGS]
        for file in sorted(files):
            digest.update(f"{package.__name__}/{file.relative_to(folder)}".encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]
