"""One recorded topic: its name, type, definition and the QoS its publishers offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from takt_recorder.definitions import Definition

# What ROS 2 middleware reports as "no limit": the largest int64 in nanoseconds.
_INFINITE = {"sec": 9223372036, "nsec": 854775807}


@dataclass(frozen=True)
class OfferedQos:
    """What one publisher offers, in rosbag2's words (metadata version 9)."""

    history: str = "keep_last"
    depth: int = 10
    reliability: str = "reliable"
    durability: str = "volatile"

    def to_mapping(self) -> dict[str, Any]:
        """As rosbag2's metadata has it; times that takt never limits are infinite."""
        return {
            "history": self.history,
            "depth": self.depth,
            "reliability": self.reliability,
            "durability": self.durability,
            "deadline": dict(_INFINITE),
            "lifespan": dict(_INFINITE),
            "liveliness": "automatic",
            "liveliness_lease_duration": dict(_INFINITE),
            "avoid_ros_namespace_conventions": False,
        }


@dataclass(frozen=True)
class Topic:
    """A topic that is being recorded.

    Attributes:
        name: absolute, e.g. `/arm/state`.
        definition: of its type.
        qos: one per publisher that was known when the topic was found.
    """

    name: str
    definition: Definition
    qos: tuple[OfferedQos, ...] = field(default=(OfferedQos(),))

    @property
    def type_name(self) -> str:
        return self.definition.type_name

    @property
    def latched(self) -> int:
        """Messages that stay valid however old they are: one per latching publisher."""
        return sum(qos.durability == "transient_local" for qos in self.qos)


class Received(NamedTuple):
    """One message as it was received.

    Attributes:
        topic: name of the topic.
        log_ns: ROS time of reception [ns].
        publish_ns: stamp of its header, else the time of reception [ns].
        sequence: the publisher's count if the middleware tells, else the recorder's.
        data: serialized, with the encapsulation.
    """

    topic: str
    log_ns: int
    publish_ns: int
    sequence: int
    data: bytes
