"""The subscriptions that a bundle asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from takt_core.conversions import sample_from_ros
from takt_core.errors import TaktError
from takt_core.nodes.qos import SENSOR
from takt_core.streams import Sample
from takt_policy.conversions import message_class


class StreamSubscriptions:
    """Subscribes to a policy's streams and turns what comes into samples.

    Args:
        on_sample: gets every sample.
        on_bad: gets stream and reason of a message that is no sample.
        is_wanted: whether a stream's samples are of use now; others are not even converted.
    """

    def __init__(
        self,
        node: Node,
        on_sample: Callable[[Sample], None],
        on_bad: Callable[[str, str], None],
        is_wanted: Callable[[str], bool],
    ) -> None:
        self._node = node
        self._on_sample = on_sample
        self._on_bad = on_bad
        self._is_wanted = is_wanted
        self._subscriptions: dict[tuple[str, str], Any] = {}

    def replace(self, streams: Mapping[str, str]) -> None:
        """Subscribes to these streams (name to message type) and to no other.

        What stays is not touched: a policy that runs must miss nothing while another is loaded.

        Raises:
            PolicyError: a message type is not allowed or not installed; nothing is changed then.
        """
        classes = {(name, kind): message_class(kind) for name, kind in streams.items()}
        for gone in self._subscriptions.keys() - classes.keys():
            self._node.destroy_subscription(self._subscriptions.pop(gone))
        for (name, kind), message in classes.items():
            if (name, kind) not in self._subscriptions:
                self._subscriptions[name, kind] = self._node.create_subscription(
                    message, name, partial(self._take, name), _queue(kind)
                )

    def _take(self, stream: str, message: Any) -> None:
        if not self._is_wanted(stream):
            return
        try:
            sample = sample_from_ros(stream, message)
        except TaktError as error:
            self._on_bad(stream, str(error))
            return
        self._on_sample(sample)


def _queue(kind: str) -> QoSProfile:
    """Of images only the newest count; of all else histories are kept, without holes."""
    if kind == "sensor_msgs/msg/Image":
        return SENSOR
    return QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
