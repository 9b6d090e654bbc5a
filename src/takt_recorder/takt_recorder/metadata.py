"""`metadata.yaml` of a rosbag2 bag, version 9 (Jazzy, Kilted)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from takt_recorder.topic import Topic

VERSION = 9
FILE_NAME = "metadata.yaml"


@dataclass
class BagContent:
    """What a bag contains, counted while it is written.

    Attributes:
        file_name: of the one storage file, relative to the bag's folder.
        counts: messages by topic.
        start_ns, end_ns: earliest and latest log time [ns].
    """

    file_name: str
    topics: dict[str, Topic] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    start_ns: int | None = None
    end_ns: int = 0

    def add_topic(self, topic: Topic) -> None:
        self.topics[topic.name] = topic
        self.counts.setdefault(topic.name, 0)

    def add_message(self, topic: str, log_ns: int) -> None:
        self.counts[topic] += 1
        if self.start_ns is None or log_ns < self.start_ns:
            self.start_ns = log_ns
        if log_ns > self.end_ns:
            self.end_ns = log_ns

    @property
    def message_count(self) -> int:
        return sum(self.counts.values())

    @property
    def duration_ns(self) -> int:
        return 0 if self.start_ns is None else self.end_ns - self.start_ns


def to_yaml(content: BagContent, custom_data: Mapping[str, str]) -> str:
    """The text of `metadata.yaml`."""
    information = _information(content, custom_data)
    return _dump({"rosbag2_bagfile_information": information})


def to_storage_yaml(content: BagContent, custom_data: Mapping[str, str]) -> str:
    """The same for the record named `rosbag2` inside the MCAP file, which has no outer key."""
    return _dump(_information(content, custom_data))


def qos_yaml(topic: Topic) -> str:
    """The offered profiles as the MCAP channel's metadata has them."""
    return _dump([qos.to_mapping() for qos in topic.qos])


def ros_distro() -> str:
    """Name of the ROS distribution; the wheels set no variable, they are Kilted."""
    return os.environ.get("ROS_DISTRO", "kilted")


def write_atomically(path: Path, text: str) -> None:
    """Replace a small text file so that a crash leaves the old or the new one."""
    waiting = path.with_name(path.name + ".writing")
    with waiting.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)


def _information(content: BagContent, custom_data: Mapping[str, str]) -> dict[str, Any]:
    start_ns = content.start_ns or 0
    times = {
        "duration": {"nanoseconds": content.duration_ns},
        "starting_time": {"nanoseconds_since_epoch": start_ns},
        "message_count": content.message_count,
    }
    return {
        "version": VERSION,
        "storage_identifier": "mcap",
        **times,
        "topics_with_message_count": [
            {"topic_metadata": _topic(topic), "message_count": content.counts[name]}
            for name, topic in content.topics.items()
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [content.file_name],
        "files": [
            {
                "path": content.file_name,
                "starting_time": {"nanoseconds_since_epoch": start_ns},
                "duration": {"nanoseconds": content.duration_ns},
                "message_count": content.message_count,
            }
        ],
        "custom_data": dict(custom_data),
        "ros_distro": ros_distro(),
    }


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "name": topic.name,
        "type": topic.type_name,
        "serialization_format": "cdr",
        "offered_qos_profiles": [qos.to_mapping() for qos in topic.qos],
        "type_description_hash": topic.definition.type_hash,
    }


class _Dumper(yaml.SafeDumper):
    """Without anchors: rosbag2's readers get plain values."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _dump(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
