"""Writes one rosbag2 bag: `<name>/<name>_0.mcap` and `<name>/metadata.yaml`.

The MCAP file has chunks. A chunk is closed when it is full or when `flush` says so, and
what is in closed chunks on the disk survives the death of the process. The summary and
the footer that ordinary readers want are written by `finish`; without them
`takt_recorder.recover` rebuilds the bag from its chunks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, cast

from mcap.writer import CompressionType, Writer

from takt_core.errors import TaktError
from takt_recorder import __version__, metadata
from takt_recorder.disk_file import DiskFile
from takt_recorder.metadata import BagContent
from takt_recorder.topic import Received, Topic

COMPRESSIONS = {
    "none": CompressionType.NONE,
    "lz4": CompressionType.LZ4,
    "zstd": CompressionType.ZSTD,
}
LIBRARY = f"takt_recorder {__version__}"
_SEQUENCE_MASK = 0xFFFFFFFF


def storage_name(bag: Path) -> str:
    """Name of the storage file inside the bag's folder."""
    return f"{bag.name}_0.mcap"


class McapFile:
    """The storage file of a bag.

    Args:
        path: must not exist.
        compression: of chunks: none, lz4 or zstd.
        chunk_bytes: a chunk is closed beyond this size [B].
    """

    def __init__(
        self,
        path: Path,
        compression: str = "none",
        chunk_bytes: int = 1 << 20,
        os_write: Callable[[int, memoryview], int] = os.write,
    ) -> None:
        if compression not in COMPRESSIONS:
            raise TaktError(
                f"compression is {compression!r}; allowed are {', '.join(COMPRESSIONS)}"
            )
        self.content = BagContent(path.name)
        self._file = DiskFile(path, os_write)
        self._writer = Writer(
            cast(IO[bytes], self._file),
            chunk_size=chunk_bytes,
            compression=COMPRESSIONS[compression],
        )
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._writer.start(profile="ros2", library=LIBRARY)

    def add_topic(self, topic: Topic) -> None:
        """Announce a topic; again is harmless."""
        if topic.name in self._channels:
            return
        definition = topic.definition
        if topic.type_name not in self._schemas:
            self._schemas[topic.type_name] = self._writer.register_schema(
                name=topic.type_name,
                # Without its text the type is still named, and its messages are kept.
                encoding="ros2msg" if definition.text else "",
                data=definition.text.encode(),
            )
        self._channels[topic.name] = self._writer.register_channel(
            topic=topic.name,
            message_encoding="cdr",
            schema_id=self._schemas[topic.type_name],
            metadata={
                "offered_qos_profiles": metadata.qos_yaml(topic),
                "topic_type_hash": definition.type_hash,
            },
        )
        self.content.add_topic(topic)

    def write(self, message: Received) -> None:
        """Add a message to the current chunk, in memory."""
        self._writer.add_message(
            channel_id=self._channels[message.topic],
            log_time=message.log_ns,
            data=message.data,
            publish_time=message.publish_ns,
            sequence=message.sequence & _SEQUENCE_MASK,
        )
        self.content.add_message(message.topic, message.log_ns)

    @property
    def waiting_bytes(self) -> int:
        """Bytes in closed chunks that have not reached the disk [B]."""
        return self._file.waiting_bytes

    @property
    def bytes(self) -> int:
        """Bytes of closed chunks so far [B]."""
        return self._file.tell()

    def drain(self) -> None:
        """Move closed chunks to the disk.

        Raises:
            OSError: the disk refused; nothing is lost, and it can be tried again.
        """
        self._file.drain()

    def flush(self, sync: bool = True) -> None:
        """Close the chunk and move everything to the disk; with `sync`, wait for the device.

        Raises:
            OSError: as in `drain`.
        """
        self._writer.flush()
        self._file.drain()
        if sync:
            self._file.sync()

    def finish(self, custom_data: Mapping[str, str], sync: bool = True) -> BagContent:
        """Write summary and footer and close the file.

        Raises:
            OSError: the disk refused; the file is closed without footer and can be recovered.
        """
        try:
            self._writer.flush()
            text = metadata.to_storage_yaml(self.content, custom_data)
            self._writer.add_metadata("rosbag2", {"serialized_metadata": text})
            self._writer.finish()
            self._file.drain()
            if sync:
                self._file.sync()
        finally:
            self._file.close()
        return self.content

    def abandon(self) -> None:
        """Close as it is, without footer."""
        self._file.close()


class BagWriter(McapFile):
    """A new bag: the folder, its storage file and, at the end, its metadata.

    Raises:
        TaktError: the bag exists, or its folder cannot be made.
    """

    def __init__(
        self,
        bag: Path,
        compression: str = "none",
        chunk_bytes: int = 1 << 20,
        os_write: Callable[[int, memoryview], int] = os.write,
    ) -> None:
        try:
            bag.mkdir(parents=True, exist_ok=False)
        except FileExistsError:
            raise TaktError(
                f"{bag} exists already and is not overwritten; give another name or move it away"
            ) from None
        except OSError as error:
            raise TaktError(f"cannot make the folder {bag}: {error.strerror}") from error
        self.bag = bag
        super().__init__(bag / storage_name(bag), compression, chunk_bytes, os_write)

    def finish(self, custom_data: Mapping[str, str], sync: bool = True) -> BagContent:
        """Complete the storage file and write `metadata.yaml`, which marks a whole bag."""
        content = super().finish(custom_data, sync)
        text = metadata.to_yaml(content, custom_data)
        metadata.write_atomically(self.bag / metadata.FILE_NAME, text)
        return content
