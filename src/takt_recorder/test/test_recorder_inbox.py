from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from takt_recorder.inbox import Inbox
from takt_recorder.topic import Received


@given(st.lists(st.one_of(st.integers(1, 60), st.none()), max_size=80))
@settings(deadline=None, max_examples=60)
def test_it_is_bounded_ordered_and_counts_what_it_refuses(steps: list[int | None]) -> None:
    """A number puts a message of that size; None takes one."""
    inbox = Inbox(capacity_bytes=100)
    expected: list[Received] = []
    refused = 0
    for number, size in enumerate(steps):
        if size is None:
            item = inbox.take()
            assert item == (expected.pop(0) if expected else None)
            continue
        message = Received("/a", number, 0, 0, bytes(size))
        if inbox.put(message):
            expected.append(message)
        else:
            refused += 1
        assert inbox.waiting_bytes == sum(len(m.data) for m in expected) <= 100
    assert inbox.take_losses().dropped["/a"] == refused
    assert not inbox.take_losses()


def test_commands_keep_their_place() -> None:
    inbox = Inbox(100)
    calls: list[str] = []
    inbox.put(Received("/a", 1, 1, 1, b"x"))
    inbox.command(lambda: calls.append("called"))
    assert inbox.has_command
    assert isinstance(inbox.take(), Received)
    command = inbox.take()
    assert callable(command)
    command()
    assert calls == ["called"]
    assert not inbox.has_command


def test_missing_sequence_numbers_are_losses_per_publisher() -> None:
    inbox = Inbox(100)
    for sequence in (7, 8, 11, 12):
        inbox.count_sequence("/a", b"first", sequence)
    # Another publisher has its own count; one that began again lost nothing.
    for sequence in (1, 2, 1):
        inbox.count_sequence("/a", b"second", sequence)
    assert inbox.take_losses().missed == {"/a": 2}
