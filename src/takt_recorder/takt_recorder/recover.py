"""Repairs bags that were cut by a crash, a kill or a power loss.

The messages of all complete chunks are written into a new file beside the old one, with the
summary that readers want; only when that is safe on the disk does it take the old one's
place. A repair that is interrupted can be repeated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from takt_core.errors import TaktError
from takt_recorder import episode, metadata
from takt_recorder.audit import Audit
from takt_recorder.bag_writer import McapFile
from takt_recorder.disk_file import is_being_written
from takt_recorder.facts import EpisodeFacts
from takt_recorder.reader import BagReader, complete_length, storage_file

_SUFFIX = ".recovering"
_DRAIN_BYTES = 4 << 20


@dataclass(frozen=True)
class Recovery:
    """What a repair found.

    Attributes:
        messages: in the bag now.
        duration_s: between the first and the last of them [s].
        torn_bytes: at the end of the old file, that belonged to no complete chunk [B].
    """

    bag: Path
    messages: int
    duration_s: float
    torn_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.bag} was cut; recovered {self.messages} messages, {self.duration_s:.1f} s, "
            f"{self.torn_bytes} bytes at its end were incomplete"
        )


def needs_recovery(bag: Path) -> bool:
    """Whether a folder is a bag that was begun and not completed, and nobody writes it."""
    files = list(bag.glob("*.mcap"))
    if len(files) != 1 or (bag / metadata.FILE_NAME).exists():
        return False
    return not is_being_written(files[0])


def cut_bags(folder: Path) -> list[Path]:
    """The bags directly below `folder` that need recovery."""
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and needs_recovery(path)]


def recover_all(folder: Path) -> Iterator[Recovery | TaktError]:
    """Repair the cut bags below `folder`, one by one; what fails is reported, not raised."""
    for bag in cut_bags(folder):
        yield _attempt(bag)


def _attempt(bag: Path) -> Recovery | TaktError:
    try:
        return recover(bag)
    except TaktError as error:
        return error


def recover(bag: Path) -> Recovery:
    """Make a cut bag whole: storage file, `metadata.yaml` and `episode.yaml`.

    Raises:
        TaktError: it is no bag, it is whole, it is being written, or the disk refuses.
    """
    path = storage_file(bag)
    bag = path.parent
    if (bag / metadata.FILE_NAME).exists() and not BagReader(bag).cut:
        raise TaktError(f"{bag} is whole: there is nothing to recover")
    if is_being_written(path):
        raise TaktError(f"{bag} is being recorded now; finish the episode instead")
    waiting = path.with_name(path.name + _SUFFIX)
    waiting.unlink(missing_ok=True)
    try:
        return _rewrite(bag, path, waiting)
    except OSError as error:
        waiting.unlink(missing_ok=True)
        raise TaktError(
            f"{bag} could not be recovered: {error.strerror}; the cut bag is as it was"
        ) from error


def _rewrite(bag: Path, path: Path, waiting: Path) -> Recovery:
    opening = episode.read(bag) or _unknown_opening(bag)
    with path.open("rb") as file:
        torn_bytes = path.stat().st_size - complete_length(file)
    output = McapFile(waiting)
    audit, facts = Audit({}), EpisodeFacts()
    for topic, message in BagReader(path).raw_messages():
        if topic.name not in output.content.topics:
            output.add_topic(topic)
            audit.add_topic(topic.name, topic.type_name)
            facts.add_topic(topic)
        output.write(message)
        audit.wrote(message)
        facts.observe(message)
        if output.waiting_bytes > _DRAIN_BYTES:
            output.drain()
    custom = {"episode": str(opening["episode"]), "outcome": "cut"}
    content = output.finish(custom)
    content.file_name = path.name
    _replace(waiting, path)
    if opening.get("start_ns") is None:
        opening["start_ns"] = content.start_ns or 0
    end_ns = content.end_ns
    values = episode.closing(
        opening, None, "recovered from a cut recording", end_ns, facts, audit.reports(), cut=True
    )
    episode.write(bag, values)
    # Last, because its presence says that the bag is whole.
    metadata.write_atomically(bag / metadata.FILE_NAME, metadata.to_yaml(content, custom))
    return Recovery(bag, content.message_count, content.duration_ns / 1e9, torn_bytes)


def _replace(waiting: Path, path: Path) -> None:
    waiting.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unknown_opening(bag: Path) -> dict[str, Any]:
    """For a bag whose `episode.yaml` did not reach the disk."""
    return {"format": episode.FORMAT, "episode": bag.name, "start_ns": None, "tags": {}}
