"""What report and figure need of one recorded episode, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_recorder.reader import BagReader

Array = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
# Stamp [ns] and (H, W, 3) RGB pixels.
Frame = tuple[int, npt.NDArray[np.uint8]]

ARM = "/arm/state"
CHUNKS = "/policy/chunk"
SENT = "/arm/trajectory"
MODES = "/control/mode"
STATUS = "/policy/status"
_POLICY_MODE = 1
_COUNTERS = ("starvations", "torque_violations", "dropped_waypoints")
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Chunk:
    """The stamps of one chunk [ns], and how many actions it had.

    The time of inference is that of a steady clock: simulated time goes in longer steps.
    """

    id: int
    actions: int
    observed_ns: int
    inference_start_ns: int
    inference_end_ns: int
    inference_wall_ns: int
    published_ns: int


@dataclass(frozen=True)
class Episode:
    """One bag.

    Attributes:
        time_ns: (n,) stamps of arm/state [ns].
        tcp_m, target_m: (n, 3) measured and asked for, base frame [m].
        force_n: (n, 3) external force on the tool, axes of the base frame [N].
        chunk_id: (n,) the chunk that was followed, 0 without one.
        counts: how far each counter of the arm rose during the bag.
        chunks: in the order of publishing.
        sent: waypoints sent by chunk id.
        policy_late: actions that the policy itself found late.
        start_ns, end_ns: when a policy first commanded, and when it last did [ns].
    """

    bag: Path
    time_ns: Times
    tcp_m: Array
    target_m: Array
    force_n: Array
    chunk_id: Times
    counts: dict[str, int]
    chunks: tuple[Chunk, ...]
    sent: dict[int, int]
    policy_late: int
    start_ns: int
    end_ns: int

    @property
    def late_actions(self) -> int:
        """Actions that came too late: at the policy, at the arbiter, and at the controller."""
        arbiter = sum(
            max(chunk.actions - self.sent[chunk.id], 0)
            for chunk in self.chunks
            if chunk.id in self.sent
        )
        return self.policy_late + arbiter + self.counts["dropped_waypoints"]

    def seconds(self, time_ns: npt.ArrayLike) -> Array:
        """Time since the policy began to command [s]."""
        return np.asarray((np.asarray(time_ns, dtype=np.int64) - self.start_ns) / 1e9)


def read_episode(bag: Path) -> Episode:
    """Read a bag of the demo.

    Raises:
        TaktError: it is no bag, or a type in it is not defined.
    """
    by_topic: dict[str, list[Any]] = {}
    wanted = (ARM, CHUNKS, SENT, MODES, STATUS)
    for message, decoded in BagReader(bag).decoded(wanted):
        by_topic.setdefault(message.topic, []).append(decoded)
    # Log times are those of reception: only stamps and epochs have the order of what happened.
    arm = sorted(by_topic.get(ARM, []), key=lambda state: stamp_ns(state.header.stamp))
    modes = sorted(by_topic.get(MODES, []), key=lambda mode: int(mode.epoch))
    time_ns = np.array([stamp_ns(state.header.stamp) for state in arm], dtype=np.int64)
    start_ns, end_ns = _commanded(modes, time_ns)
    sent: dict[int, int] = {}
    for trajectory in by_topic.get(SENT, []):
        if trajectory.chunk_id:
            count = max(sent.get(int(trajectory.chunk_id), 0), len(trajectory.waypoints))
            sent[int(trajectory.chunk_id)] = count
    return Episode(
        bag=bag,
        time_ns=time_ns,
        tcp_m=_vectors([state.tcp_pose.position for state in arm]),
        target_m=_vectors([state.target_pose.position for state in arm]),
        force_n=_vectors([state.wrench.force for state in arm]),
        chunk_id=np.array([int(state.chunk_id) for state in arm], dtype=np.int64),
        counts={name: _risen([int(getattr(s, name)) for s in arm]) for name in _COUNTERS},
        chunks=tuple(_chunk(one) for one in by_topic.get(CHUNKS, []) if not one.revision),
        sent=sent,
        policy_late=_risen([int(status.late_actions) for status in by_topic.get(STATUS, [])]),
        start_ns=start_ns,
        end_ns=end_ns,
    )


def read_images(bag: Path, topic: str, times_ns: Sequence[int]) -> list[Frame]:
    """The image of a topic nearest to each time [ns].

    Returns:
        One per time, or an empty list if the bag has no image there.
    """
    reader = BagReader(bag)
    found = list(reader.messages([topic]))
    if not found:
        return []
    stamps = np.array([message.publish_ns for message in found])
    images = []
    for time_ns in times_ns:
        message = found[int(np.argmin(np.abs(stamps - time_ns)))]
        decoded = reader.decoder().decode(message.type_name, message.data)
        pixels = np.asarray(decoded.data, dtype=np.uint8)
        shape = (decoded.height, decoded.width, 3)
        images.append((message.publish_ns, pixels.reshape(shape)))
    return images


def stamp_ns(stamp: Any) -> int:
    return int(stamp.sec) * _SECOND_NS + int(stamp.nanosec)


def _commanded(modes: list[Any], time_ns: Times) -> tuple[int, int]:
    """From when to when a policy commanded; the whole bag if it never did."""
    starts = [stamp_ns(m.header.stamp) for m in modes if m.mode == _POLICY_MODE]
    ends = [stamp_ns(m.header.stamp) for m in modes if m.previous == _POLICY_MODE]
    first, last = (int(time_ns[0]), int(time_ns[-1])) if time_ns.size else (0, 0)
    # A mode from before the bag is latched; the end of the run may come after the last state.
    start_ns = next((t for t in starts if first <= t <= last), first)
    is_over = bool(ends) and modes[-1].mode != _POLICY_MODE and ends[-1] > start_ns
    end_ns = min(ends[-1], last) if is_over else last
    return start_ns, end_ns


def _risen(counts: list[int]) -> int:
    """How far a counter rose, also over a restart from zero."""
    rises = np.diff(np.array(counts, dtype=np.int64))
    return int(rises[rises > 0].sum())


def _vectors(points: list[Any]) -> Array:
    return np.array([[p.x, p.y, p.z] for p in points], dtype=np.float64).reshape(-1, 3)


def _chunk(message: Any) -> Chunk:
    return Chunk(
        id=int(message.id),
        actions=len(message.poses),
        observed_ns=stamp_ns(message.observed_newest),
        inference_start_ns=stamp_ns(message.inference_start),
        inference_end_ns=stamp_ns(message.inference_end),
        inference_wall_ns=int(message.inference_wall_ns),
        published_ns=stamp_ns(message.header.stamp),
    )
