"""Demonstrations on disk: one ``.npz`` per shard, plain arrays, nothing pickled.

Each row is one moment of an episode, as the policy would have seen it, and what the
teacher would do from there:

    input/<name>  (n, history, *shape)  as takt_policy's observation gives it, not normalised
    reference     (n, 7)     base_from_tcp at the reference time
    actions       (n, H, 7)  base_from_tcp of the label, absolute
    landmark      (n, 4)     the hole in the tool frame: xyz [m], yaw [rad]; training only
    widths        (n, H)     distance of the fingers at the same times [m], where they move
    episode       (n,)       seed of the episode
    time_ns       (n,)       reference time
    acted         (n,)       whether the robot follows a new plan from there

Shards of episodes to be felt (``felt_*.npz``) have rows at 20 Hz besides (m of them), each of
one moment, without history and in base axes:

    fast/<name>     (m, *shape)
    fast/reference  (m, 7)      base_from_tcp
    fast/plan       (m, P, 7)   base_from_tcp of the label every 50 ms, from what was commanded then
    fast/episode, fast/time_ns  (m,)
    fast/plan_ns    (m,)        time of the plan's first pose
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.errors import TaktError

Arrays = dict[str, npt.NDArray[Any]]


def save_shard(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Writes a shard whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]
    part.replace(path)


def load_shards(paths: Sequence[Path], images: bool = True) -> Arrays:
    """All shards, one after the other.

    Args:
        images: False leaves out what takes most of the memory, uint8 inputs.

    Raises:
        TaktError: there are none, or two do not have the same arrays.
    """
    if not paths:
        raise TaktError("no demonstrations found; run `python -m takt_training collect` first")
    parts: list[Arrays] = []
    for path in paths:
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files if images else [n for n in archive.files if "image" not in n]
            parts.append({name: archive[name] for name in names})
        if parts[-1].keys() != parts[0].keys():
            raise TaktError(
                f"{path} holds {', '.join(parts[-1])}; the first shard holds "
                f"{', '.join(parts[0])}. Remove the shards of the older version"
            )
    joined: Arrays = {}
    for name in list(parts[0]):
        joined[name] = np.concatenate([part.pop(name) for part in parts])
    return joined


def dataset_hash(paths: Sequence[Path]) -> str:
    """SHA-256 over the shards' contents, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda one: one.name):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
