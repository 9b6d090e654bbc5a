"""From messages to bags, one after the other, without threads and without a clock.

All calls come from one thread (`takt_recorder.writer_thread`). Between episodes messages pass
through the pre-roll; during one they go to the bag, the audit and the facts.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from takt_core.errors import TaktError
from takt_recorder import episode as episode_file
from takt_recorder.audit import Audit, TopicReport
from takt_recorder.bag_writer import BagWriter
from takt_recorder.episode import Episode, EpisodeRequest
from takt_recorder.facts import EpisodeFacts
from takt_recorder.inbox import Losses
from takt_recorder.pre_roll import PreRoll
from takt_recorder.topic import Received, Topic


@dataclass(frozen=True)
class RecordingOptions:
    """How bags are written.

    Attributes:
        folder: where the bags go.
        pre_roll_ns: what is put in front of an episode [ns].
        pre_roll_bytes: bound on that [B].
        compression: of chunks: none, lz4, zstd.
        chunk_bytes: size at which a chunk is closed [B].
        flush_ns: a chunk is closed at least this often [ns]: what a crash can cost.
        sync: wait for the device at every flush, so that a power loss costs no more.
        minimum_free_bytes: less free space than this and no recording is started [B].
    """

    folder: Path
    pre_roll_ns: int = 1_000_000_000
    pre_roll_bytes: int = 256 << 20
    compression: str = "none"
    chunk_bytes: int = 1 << 20
    flush_ns: int = 1_000_000_000
    sync: bool = True
    minimum_free_bytes: int = 0


@dataclass
class _Running:
    """What belongs to the episode that is being recorded."""

    episode: Episode
    opening: dict[str, object]
    writer: BagWriter
    audit: Audit
    facts: EpisodeFacts
    end_ns: int


class EpisodeRecorder:
    """Takes messages in; makes one bag per episode."""

    def __init__(
        self,
        options: RecordingOptions,
        os_write: Callable[[int, memoryview], int] = os.write,
    ) -> None:
        self._options = options
        self._os_write = os_write
        self._topics: dict[str, Topic] = {}
        self._pre_roll = PreRoll(options.pre_roll_ns, options.pre_roll_bytes, self._topics)
        self._running: _Running | None = None
        self.last_bag: Path | None = None

    @property
    def bag(self) -> Path | None:
        """The bag that is being written."""
        return None if self._running is None else self._running.writer.bag

    def add_topic(self, topic: Topic) -> None:
        """A topic was found, or its publishers changed."""
        self._topics[topic.name] = topic
        if self._running is not None:
            self._announce(self._running, topic)

    def receive(self, message: Received) -> None:
        """One message: into the bag, or into the pre-roll."""
        running = self._running
        if running is None:
            self._pre_roll.add(message)
            return
        self._pre_roll.keep_latched(message)
        self._write(running, message)

    def count_losses(self, losses: Losses) -> None:
        """Put losses on the account of the running episode."""
        if self._running is None:
            return
        for topic, count in losses.dropped.items():
            self._running.audit.dropped(topic, count)
        for topic, count in losses.missed.items():
            self._running.audit.missed(topic, count)

    def start(self, request: EpisodeRequest, now_ns: int) -> Path:
        """Begin an episode: make its bag and put the pre-roll into it.

        Raises:
            TaktError: an episode is running, the name is taken or unfit, the disk is full.
        """
        if self._running is not None:
            raise TaktError(
                f"episode {self._running.episode.name!r} is being recorded; "
                "finish or discard it first"
            )
        wall_s = time.time()
        name = request.resolved_name(wall_s)
        self._check_space()
        episode = Episode(
            name,
            request,
            now_ns,
            datetime.fromtimestamp(wall_s, timezone.utc).isoformat(timespec="milliseconds"),
            self._options.pre_roll_ns / 1e9,
        )
        writer = BagWriter(
            self._options.folder / name,
            self._options.compression,
            self._options.chunk_bytes,
            self._os_write,
        )
        running = _Running(episode, episode.opening(), writer, Audit({}), EpisodeFacts(), now_ns)
        for topic in self._topics.values():
            self._announce(running, topic)
        try:
            episode_file.write(writer.bag, running.opening)
            writer.drain()
        except OSError as error:
            writer.abandon()
            shutil.rmtree(writer.bag, ignore_errors=True)
            raise TaktError(f"cannot write into {writer.bag}: {error.strerror}") from error
        self._running = running
        for message in self._pre_roll.take(now_ns):
            self._write(running, message)
        self.last_bag = writer.bag
        return writer.bag

    def finish(self, outcome: str, note: str, now_ns: int) -> tuple[Path, list[TopicReport]]:
        """Complete the bag.

        Raises:
            TaktError: no episode is running, or the disk refused; the bag is then left as
                if the recorder had died, and can be recovered.
        """
        running = self._require()
        self._running = None
        bag = running.writer.bag
        reports = running.audit.reports()
        values = episode_file.closing(
            running.opening, outcome, note, now_ns, running.facts, reports
        )
        custom = {"episode": running.episode.name, "task": running.episode.request.task}
        try:
            running.writer.finish({**custom, "outcome": outcome}, self._options.sync)
            episode_file.write(bag, values)
        except OSError as error:
            running.writer.abandon()
            raise TaktError(
                f"{bag} could not be completed: {error.strerror}. Make space, then run "
                f"`takt bag recover {bag}`"
            ) from error
        return bag, reports

    def discard(self) -> Path:
        """Throw the running episode away, with its folder.

        Raises:
            TaktError: no episode is running.
        """
        running = self._require()
        self._running = None
        running.writer.abandon()
        shutil.rmtree(running.writer.bag)
        self.last_bag = None
        return running.writer.bag

    def abandon(self) -> None:
        """Leave the bag as it is, to be recovered; harmless without an episode."""
        if self._running is not None:
            self._running.writer.abandon()
            self._running = None

    def drain(self) -> None:
        """Move closed chunks to the disk. Raises OSError; then try again later."""
        if self._running is not None:
            self._running.writer.drain()

    def flush(self) -> None:
        """Secure what was received so far. Raises OSError; then try again later."""
        if self._running is not None:
            self._running.writer.flush(self._options.sync)

    @property
    def bytes(self) -> int:
        return 0 if self._running is None else self._running.writer.bytes

    @property
    def name(self) -> str:
        return "" if self._running is None else self._running.episode.name

    @property
    def start_ns(self) -> int:
        return 0 if self._running is None else self._running.episode.start_ns

    def reports(self) -> list[TopicReport]:
        """The audit so far; its gaps may lag behind."""
        return [] if self._running is None else self._running.audit.reports(exact=False)

    def free_bytes(self) -> int:
        """Space that is left where the bags go [B]."""
        return shutil.disk_usage(_existing(self._options.folder)).free

    def _require(self) -> _Running:
        if self._running is None:
            raise TaktError("no episode is being recorded; begin one with recorder/start")
        return self._running

    def _announce(self, running: _Running, topic: Topic) -> None:
        running.writer.add_topic(topic)
        running.audit.add_topic(topic.name, topic.type_name)
        running.facts.add_topic(topic)

    def _write(self, running: _Running, message: Received) -> None:
        running.writer.write(message)
        running.audit.wrote(message)
        running.facts.observe(message)

    def _check_space(self) -> None:
        free = self.free_bytes()
        if free < self._options.minimum_free_bytes:
            raise TaktError(
                f"{self._options.folder} has {free / 1e6:.0f} MB left; at least "
                f"{self._options.minimum_free_bytes / 1e6:.0f} MB are asked for. Make space, or "
                "change the recorder's parameter `folder` or `minimum_free_mb`"
            )


def _existing(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
