"""Loading beside the life of the node."""

from __future__ import annotations

from typing import Any

from takt_msgs.srv import LoadPolicy
from takt_policy.nodes.load_service import LoadService, Opened
from takt_policy.settings import PolicyParameters


class FakeNode:
    """Without an executor: results are collected when the test says so."""

    executor = None

    def create_service(self, *_: Any) -> str:
        return ""

    def destroy_service(self, _: str) -> None: ...


def test_what_was_being_loaded_when_the_node_was_cleaned_up_is_dropped() -> None:
    """It would be taken by the next life of the node, which has other parameters."""
    used: list[Opened] = []
    node: Any = FakeNode()
    service = LoadService(
        node, PolicyParameters(), lambda: None, lambda one, _: used.append(one), lambda: None
    )
    request = LoadPolicy.Request(path="/nowhere.takt")
    call = service._on_load(request, LoadPolicy.Response())
    call.send(None)
    (future,) = service._waiting
    service.destroy()
    service._collect()
    assert not future.done()
    assert not used
    call.close()
