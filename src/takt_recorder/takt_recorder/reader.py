"""Reads bags, whole or cut, message by message.

A whole MCAP file ends with a summary. One that was cut by a crash does not, and is read from
its start up to the last chunk that is complete.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yaml
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.reader import make_reader
from mcap.records import Channel, Chunk, Message, Schema
from mcap.stream_reader import StreamReader, breakup_chunk
from mcap.summary import Summary

from takt_core.errors import TaktError
from takt_recorder.decode import Decoder
from takt_recorder.definitions import Definition
from takt_recorder.metadata import BagContent
from takt_recorder.topic import OfferedQos, Received, Topic

_MAGIC = b"\x89MCAP0\r\n"
_RECORD_HEAD = struct.Struct("<BQ")


@dataclass(frozen=True)
class RecordedMessage:
    """One message of a bag.

    Attributes:
        topic: absolute name.
        type_name: e.g. `takt_msgs/msg/ArmState`.
        log_ns, publish_ns: times of reception and of the header's stamp [ns].
        data: serialized.
    """

    topic: str
    type_name: str
    log_ns: int
    publish_ns: int
    sequence: int
    data: bytes


def storage_file(bag: Path) -> Path:
    """The MCAP file of a bag: its folder, or the file itself.

    Raises:
        TaktError: there is none, or more than one.
    """
    if bag.is_file():
        return bag
    if not bag.is_dir():
        raise TaktError(f"{bag} does not exist; give the folder of a bag")
    files = sorted(bag.glob("*.mcap"))
    if len(files) != 1:
        raise TaktError(
            f"{bag} contains {len(files)} MCAP files; a bag of takt has exactly one. "
            "Give the folder of one episode"
        )
    return files[0]


class BagReader:
    """Iterates over a bag's messages.

    Args:
        bag: the folder, or the MCAP file.

    Raises:
        TaktError: there is no bag, or it is not MCAP.
    """

    def __init__(self, bag: Path) -> None:
        self.path = storage_file(bag)
        self.bag = self.path.parent
        with self.path.open("rb") as file:
            magic = file.read(len(_MAGIC))
            self.cut = not _has_footer(file)
        if magic != _MAGIC:
            raise TaktError(f"{self.path} is not an MCAP file: it begins with {magic!r}")
        self._decoder: Decoder | None = None
        self._topics: dict[str, Topic] | None = None

    def __enter__(self) -> BagReader:
        """For `with`: nothing is held open between iterations, so nothing has to be closed."""
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def topics(self) -> dict[str, Topic]:
        """The topics of the bag by name; of a cut bag those of its complete chunks."""
        if self._topics is None:
            if self.cut:
                self._topics = {topic.name: topic for topic, _ in self.raw_messages()}
            else:
                self._topics = self._topics_of_summary()
        return self._topics

    def content(self) -> BagContent:
        """Topics, counts and times; quick for a whole bag, a pass over all of a cut one."""
        content = BagContent(self.path.name)
        if self.cut:
            for topic, message in self.raw_messages():
                if topic.name not in content.topics:
                    content.add_topic(topic)
                content.add_message(topic.name, message.log_ns)
            return content
        for topic in self.topics().values():
            content.add_topic(topic)
        summary = self._summary()
        statistics = summary.statistics
        if statistics is not None and statistics.message_count:
            content.start_ns = statistics.message_start_time
            content.end_ns = statistics.message_end_time
            for number, count in statistics.channel_message_counts.items():
                content.counts[summary.channels[number].topic] += count
        return content

    def messages(
        self,
        topics: Collection[str] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Iterator[RecordedMessage]:
        """Messages in the order of their log time (in that of writing if the bag is cut).

        Args:
            topics: absolute names; None for all.
            start_ns, end_ns: log times, the end excluded [ns].
        """
        for topic, message in self._ordered(topics, start_ns, end_ns):
            yield RecordedMessage(topic.name, topic.type_name, *message[1:])

    def decoded(
        self, topics: Collection[str] | None = None
    ) -> Iterator[tuple[RecordedMessage, Any]]:
        """Messages with the objects that they decode to.

        Raises:
            TaktError: a type's definition is not in the bag.
        """
        decoder = self.decoder()
        for message in self.messages(topics):
            yield message, decoder.decode(message.type_name, message.data)

    def decoder(self) -> Decoder:
        """A decoder that knows the types of this bag."""
        if self._decoder is None:
            self._decoder = Decoder()
            for topic in self.topics().values():
                self._decoder.add(topic.definition)
        return self._decoder

    def raw_messages(self) -> Iterator[tuple[Topic, Received]]:
        """Messages in the order of writing, up to where the file is complete."""
        schemas: dict[int, Schema] = {}
        topics: dict[int, Topic] = {}
        with self.path.open("rb") as file:
            for record in _complete_records(file):
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel):
                    topics[record.id] = _topic(schemas.get(record.schema_id), record)
                elif isinstance(record, Message) and record.channel_id in topics:
                    # Unknown only where the chunk that announced the channel is damaged.
                    topic = topics[record.channel_id]
                    yield topic, _received(topic.name, record)

    def _topics_of_summary(self) -> dict[str, Topic]:
        summary = self._summary()
        found = (
            _topic(summary.schemas.get(channel.schema_id), channel)
            for channel in summary.channels.values()
        )
        return {topic.name: topic for topic in found}

    def _summary(self) -> Summary:
        with self.path.open("rb") as file:
            summary = make_reader(file).get_summary()
        if summary is None:
            raise TaktError(f"{self.path} has no summary; run `takt bag recover {self.bag}`")
        return summary

    def _ordered(
        self, topics: Collection[str] | None, start_ns: int | None, end_ns: int | None
    ) -> Iterator[tuple[Topic, Received]]:
        if self.cut:
            for topic, received in self.raw_messages():
                early = start_ns is not None and received.log_ns < start_ns
                late = end_ns is not None and received.log_ns >= end_ns
                if (topics is None or topic.name in topics) and not early and not late:
                    yield topic, received
            return
        known = self.topics()
        with self.path.open("rb") as file:
            wanted = None if topics is None else list(topics)
            reader = make_reader(file)
            for _, channel, message in reader.iter_messages(wanted, start_ns, end_ns):
                yield known[channel.topic], _received(channel.topic, message)


def complete_length(file: IO[bytes]) -> int:
    """Length up to the end of the last record that is whole [B]; leaves `file` there."""
    size = file.seek(0, 2)
    position = len(_MAGIC)
    while position + _RECORD_HEAD.size <= size:
        file.seek(position)
        opcode, length = _RECORD_HEAD.unpack(file.read(_RECORD_HEAD.size))
        end = position + _RECORD_HEAD.size + length
        # Zeros are pages that a power loss kept from the disk.
        if opcode == 0 or end > size:
            break
        position = end
        if opcode == Opcode.FOOTER:
            break
    return file.seek(min(position, size))


def _complete_records(file: IO[bytes]) -> Iterator[object]:
    """Schemas, channels and messages of all chunks that are whole and undamaged."""
    length = complete_length(file)
    file.seek(len(_MAGIC))
    records = StreamReader(file, skip_magic=True, emit_chunks=True).records
    while file.tell() < length:
        record = next(records)
        if not isinstance(record, Chunk):
            yield record
            continue
        try:
            inner = breakup_chunk(record, validate_crc=True)
        except (McapError, ValueError, RuntimeError):
            continue
        yield from inner


def _has_footer(file: IO[bytes]) -> bool:
    file.seek(0, 2)
    if file.tell() < 2 * len(_MAGIC):
        return False
    file.seek(-len(_MAGIC), 2)
    return file.read() == _MAGIC


def _received(topic: str, message: Message) -> Received:
    return Received(topic, message.log_time, message.publish_time, message.sequence, message.data)


def _topic(schema: Schema | None, channel: Channel) -> Topic:
    name = "" if schema is None else schema.name
    text = "" if schema is None or schema.encoding != "ros2msg" else schema.data.decode()
    definition = Definition(name, text, channel.metadata.get("topic_type_hash", ""))
    profiles = yaml.safe_load(channel.metadata.get("offered_qos_profiles", "")) or []
    qos = tuple(
        OfferedQos(
            str(profile["history"]),
            int(profile["depth"]),
            str(profile["reliability"]),
            str(profile["durability"]),
        )
        for profile in profiles
    )
    return Topic(channel.topic, definition, qos)
