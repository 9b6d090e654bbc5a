"""The last moments before an episode, kept ready to be put in front of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from takt_recorder.topic import Received, Topic

_JUMP_NS = 1_000_000_000


class PreRoll:
    """A ring of the messages of the last `window_ns`, and the latest latched ones before.

    Latched topics (control mode, camera info) may have been silent for long, and still say
    what holds now: as many of their messages as they have latching publishers are kept when
    they leave the ring. They come out with the log time of the ring's start, so that the
    bag does not seem to begin hours early; the stamp in the message stays as it was.

    Args:
        window_ns: length of the ring [ns]; 0 keeps only the latched messages.
        capacity_bytes: bound on the ring [B]; the oldest messages leave first.
        topics: by name; shared with the caller, which adds to it.
    """

    def __init__(self, window_ns: int, capacity_bytes: int, topics: Mapping[str, Topic]) -> None:
        self._window_ns = window_ns
        self._capacity_bytes = capacity_bytes
        self._topics = topics
        self._ring: deque[Received] = deque()
        self._bytes = 0
        self._latched: dict[str, deque[Received]] = {}

    def add(self, message: Received) -> None:
        """Put a message in; older ones leave."""
        if self._ring and message.log_ns < self._ring[-1].log_ns - _JUMP_NS:
            # The clock was set back: what came before does not belong to the same time.
            while self._ring:
                self._leave(self._ring.popleft())
        self._ring.append(message)
        self._bytes += len(message.data)
        horizon_ns = message.log_ns - self._window_ns
        while self._ring and (
            self._ring[0].log_ns <= horizon_ns or self._bytes > self._capacity_bytes
        ):
            self._leave(self._ring.popleft())

    def take(self, now_ns: int) -> Iterator[Received]:
        """Empty the ring: the latched messages, then those of the window before `now_ns`."""
        horizon_ns = now_ns - self._window_ns
        while self._ring and self._ring[0].log_ns <= horizon_ns:
            self._leave(self._ring.popleft())
        ring, self._ring, self._bytes = self._ring, deque(), 0
        start_ns = min((message.log_ns for message in ring), default=now_ns)
        for latched in self._latched.values():
            for message in latched:
                yield message._replace(log_ns=start_ns)
        yield from ring

    def keep_latched(self, message: Received) -> None:
        """Remember a latched message that goes straight to a bag, for the next episode."""
        count = self._topics[message.topic].latched
        if count == 0:
            return
        kept = self._latched.get(message.topic)
        if kept is None or kept.maxlen != count:
            kept = deque(kept or (), maxlen=count)
            self._latched[message.topic] = kept
        kept.append(message)

    def _leave(self, message: Received) -> None:
        self._bytes -= len(message.data)
        self.keep_latched(message)
