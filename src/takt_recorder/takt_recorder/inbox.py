"""The queue between reception and disk, bounded in bytes, that never blocks.

Reception calls `put` and `missed`; the writing thread calls `take`. A message that does not fit is
thrown away and counted: the newest one, so that what is in the queue stays whole.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from takt_recorder.topic import Received

Item = Received | Callable[[], None]


@dataclass
class Losses:
    """Messages lost by topic since they were last asked for."""

    dropped: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.dropped or self.missed)


class Inbox:
    """Messages and commands in the order of their arrival.

    Args:
        capacity_bytes: bound on the messages that wait [B].
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._commands = 0
        self._lock = threading.Lock()
        self._losses = Losses()
        self._last_sequence: dict[tuple[str, bytes], int] = {}

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    @property
    def has_command(self) -> bool:
        return self._commands > 0

    def put(self, message: Received) -> bool:
        """Queue a message; False if it was thrown away because the queue is full."""
        size = len(message.data)
        with self._lock:
            if self._bytes + size > self._capacity_bytes:
                self._losses.dropped[message.topic] += 1
                return False
            self._bytes += size
            self._items.append(message)
        return True

    def command(self, call: Callable[[], None]) -> None:
        """Queue a call to be made by the writing thread after the messages before it."""
        with self._lock:
            self._commands += 1
            self._items.append(call)

    def count_sequence(self, topic: str, publisher: bytes, sequence: int) -> None:
        """Look for messages that the middleware lost between two of one publisher."""
        key = (topic, publisher)
        last = self._last_sequence.get(key)
        self._last_sequence[key] = sequence
        if last is not None and sequence > last + 1:
            with self._lock:
                self._losses.missed[topic] += sequence - last - 1

    def take(self) -> Item | None:
        """The oldest item, None if there is none."""
        with self._lock:
            if not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, Received):
                self._bytes -= len(item.data)
            else:
                self._commands -= 1
        return item

    def take_losses(self) -> Losses:
        """What was lost since the last call."""
        if not self._losses:
            return Losses()
        with self._lock:
            losses, self._losses = self._losses, Losses()
        return losses
