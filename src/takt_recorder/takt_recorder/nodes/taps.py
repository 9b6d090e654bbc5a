"""Raw subscriptions to everything that is recorded.

They belong to a node of their own that no executor spins. A thread fetches what the
middleware has queued, a few hundred times a second and many messages at a time: that costs a
fraction of a wake-up per message, and it yields what callbacks of the events executor are
not given, the publisher's sequence number and the time at which the middleware received it.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from takt_core.nodes.qos import RECORD
from takt_recorder.cdr import leading_stamp_ns
from takt_recorder.definitions import find_definition
from takt_recorder.inbox import Inbox
from takt_recorder.selection import Selection
from takt_recorder.topic import OfferedQos, Received, Topic

_BURST = 256


@dataclass
class _Tap:
    """One subscription and what taking from it needs."""

    topic: Topic
    message_class: type
    reliable: bool
    latched: bool
    subscription: Subscription
    count: int = 0
    last_log_ns: int = 0


class Taps:
    """Finds topics, subscribes to them, and moves their messages into the inbox.

    Args:
        now_ns: ROS time [ns].
        on_topic: told of every topic before its first message.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        context: Context,
        selection: Selection,
        inbox: Inbox,
        now_ns: Callable[[], int],
        on_topic: Callable[[Topic], None],
        poll_s: float,
    ) -> None:
        # Without global arguments: `__node:=` of a launch file would rename this node, too.
        self._node = Node(
            name,
            context=context,
            namespace=namespace,
            use_global_arguments=False,
            start_parameter_services=False,
            # Nobody would answer: this node is not spun.
            parameter_overrides=[Parameter("start_type_description_service", value=False)],
            enable_rosout=False,
        )
        self._selection = selection
        self._inbox = inbox
        self._now_ns = now_ns
        self._on_topic = on_topic
        self._poll_s = poll_s
        self._taps: dict[str, _Tap] = {}
        self.unknown: dict[str, str] = {}
        self._last_ns = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reception", daemon=True)

    def begin(self) -> None:
        """Find what is there and start to fetch."""
        self.update()
        self._thread.start()

    def close(self) -> None:
        """Fetch a last time and give the subscriptions back."""
        self._end.set()
        self._thread.join()
        self.fetch()
        self._node.destroy_node()

    def missing(self) -> list[str]:
        """Topics that were named and are not there."""
        return [name for name in self._selection.expected() if name not in self._taps]

    def update(self) -> None:
        """Subscribe to topics that appeared, and again to those whose publishers changed."""
        for name, kinds in self._node.get_topic_names_and_types():
            if self._selection.wants(name):
                publishers = self._node.get_publishers_info_by_topic(name)
                if publishers:
                    self._update_topic(name, kinds[0], publishers)

    def _update_topic(self, name: str, kind: str, publishers: list[TopicEndpointInfo]) -> None:
        qos = tuple(_offered(publisher) for publisher in publishers)
        known = self._taps.get(name)
        if known is not None and known.topic.type_name == kind and known.topic.qos == qos:
            return
        found = message_class(kind)
        if found is None:
            self.unknown[name] = kind
            return
        if known is not None and known.message_class is not found:
            # A bag's channel has one type, and so has a topic that makes sense.
            self.unknown[name] = f"{kind}; it is recorded as {known.topic.type_name}"
            return
        self.unknown.pop(name, None)
        topic = Topic(name, find_definition(kind), qos)
        reliable = all(profile.reliability == "reliable" for profile in qos)
        latched = all(profile.durability == "transient_local" for profile in qos)
        self._on_topic(topic)
        with self._lock:
            if known is not None and (known.reliable, known.latched) == (reliable, latched):
                known.topic = topic
                return
            if known is not None:
                self._node.destroy_subscription(known.subscription)
            subscription = self._subscribe(topic, found, reliable, latched)
            self._taps[name] = _Tap(topic, found, reliable, latched, subscription)

    def _subscribe(
        self, topic: Topic, message_class: type, reliable: bool, latched: bool
    ) -> Subscription:
        qos = QoSProfile(
            depth=RECORD.depth,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        return self._node.create_subscription(
            message_class, topic.name, _never_called, qos, raw=True
        )

    def _run(self) -> None:
        while not self._end.wait(self._poll_s):
            self.fetch()

    def fetch(self) -> None:
        """Move what the middleware has into the inbox, now."""
        with self._lock:
            ros_ns, wall_ns = self._now_ns(), time.time_ns()
            # What is fetched now arrived after the last time. Without this bound, simulated
            # time, which stands still between two messages of /clock, would mix up the order.
            since_ns = min(self._last_ns, ros_ns)
            for tap in self._taps.values():
                self._fetch(tap, since_ns, ros_ns, wall_ns)
            self._last_ns = ros_ns

    def _fetch(self, tap: _Tap, since_ns: int, ros_ns: int, wall_ns: int) -> None:
        take, kind, topic = tap.subscription.handle.take_message, tap.message_class, tap.topic
        for _ in range(_BURST):
            taken = take(kind, True)
            if taken is None:
                return
            data, info = taken
            tap.count += 1
            # The middleware knows in wall time how long ago the message arrived.
            received_ns = info.get("received_timestamp") or wall_ns
            # Within a topic the order of arrival is known for certain.
            since_ns = max(since_ns, min(tap.last_log_ns, ros_ns))
            log_ns = max(ros_ns - max(wall_ns - received_ns, 0), since_ns)
            tap.last_log_ns = log_ns
            sequence = info.get("publication_sequence_number")
            if sequence is not None:
                publisher = info.get("publisher_gid")
                # Jazzy does not tell who published; with one publisher that is no question.
                if publisher is not None or len(topic.qos) == 1:
                    key = b"" if publisher is None else publisher["data"]
                    self._inbox.count_sequence(topic.name, key, sequence)
            stamp_ns = leading_stamp_ns(data) if topic.definition.stamped else None
            self._inbox.put(
                Received(
                    topic.name,
                    log_ns,
                    log_ns if stamp_ns is None else stamp_ns,
                    tap.count if sequence is None else sequence,
                    data,
                )
            )


def _never_called(message: Any) -> None:
    """Messages are taken by `Taps`; the node is not spun."""


def message_class(kind: str) -> type | None:
    """The class of `package/msg/Name`, None if its package is not installed."""
    package, _, name = kind.replace("/", ".").rpartition(".")
    try:
        found = getattr(importlib.import_module(package), name, None)
    except ImportError:
        return None
    return found if isinstance(found, type) else None


def _offered(publisher: TopicEndpointInfo) -> OfferedQos:
    profile = publisher.qos_profile
    return OfferedQos(
        # What the graph does not tell about a remote publisher is assumed as usual.
        history="keep_all" if profile.history.name == "KEEP_ALL" else "keep_last",
        depth=max(int(profile.depth), 1),
        reliability=profile.reliability.name.lower(),
        durability=profile.durability.name.lower(),
    )
