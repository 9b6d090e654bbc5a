"""Subscriptions follow the loaded policies; those that stay miss nothing."""

from __future__ import annotations

from typing import Any

import pytest

from takt_policy.errors import PolicyError
from takt_policy.nodes.streams import StreamSubscriptions

ARM, WRENCH = "takt_msgs/msg/ArmState", "geometry_msgs/msg/WrenchStamped"


class FakeNode:
    """Keeps what was asked of it."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.made: list[str] = []

    def create_subscription(self, kind: Any, name: str, *_: Any) -> str:
        self.open.append(name)
        self.made.append(name)
        return name

    def destroy_subscription(self, name: str) -> None:
        self.open.remove(name)


def streams_of(node: Any) -> StreamSubscriptions:
    def ignore(*_: Any) -> None:
        """Nothing is sent in these tests."""

    return StreamSubscriptions(node, ignore, ignore, lambda _: True)


def test_a_stream_that_stays_is_not_subscribed_anew() -> None:
    node = FakeNode()
    streams = streams_of(node)
    streams.replace({"arm/state": ARM})
    streams.replace({"arm/state": ARM, "arm/wrench": WRENCH})
    assert node.made == ["arm/state", "arm/wrench"]
    streams.replace({"arm/wrench": WRENCH})
    assert node.open == ["arm/wrench"]
    streams.replace({"arm/wrench": ARM})
    assert node.made == ["arm/state", "arm/wrench", "arm/wrench"]
    streams.replace({})
    assert node.open == []


def test_a_message_type_that_is_not_there_changes_nothing() -> None:
    node = FakeNode()
    streams = streams_of(node)
    streams.replace({"arm/state": ARM})
    with pytest.raises(PolicyError, match="allowed: "):
        streams.replace({"arm/wrench": WRENCH, "x": "std_msgs/msg/Empty"})
    assert node.open == node.made == ["arm/state"]
