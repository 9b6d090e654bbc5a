"""Per topic: what was received, written and lost, and the holes in its stamps."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_recorder.topic import Received

GAP_RATIO = 1.5
"""An interval longer than this multiple of the expected period is a gap."""
_MINIMUM_STAMPS = 8
_REGULARITY = 0.5
_NS_PER_S = 1e9


@dataclass(frozen=True)
class Rhythm:
    """What the stamps of one topic say.

    Attributes:
        period_s: expected, the median interval [s]; None if the topic has no rhythm (it is
            published on change, or too rarely), and then no gaps are looked for.
        gaps: intervals longer than 1.5 periods.
        missing: messages that would fill them.
        largest_gap_s: the longest interval of all [s].
        disorder: stamps not later than the one before.
    """

    period_s: float | None
    gaps: int
    missing: int
    largest_gap_s: float
    disorder: int


def rhythm(stamps_ns: npt.NDArray[np.int64]) -> Rhythm:
    """Find period and gaps in stamps in the order of reception [ns]."""
    intervals = np.diff(stamps_ns)
    disorder = int(np.count_nonzero(intervals <= 0))
    forward = intervals[intervals > 0]
    if forward.size == 0:
        return Rhythm(None, 0, 0, 0.0, disorder)
    largest_s = float(forward.max()) / _NS_PER_S
    period_ns = float(np.median(forward))
    low, high = np.percentile(forward, [25, 75])
    if stamps_ns.size < _MINIMUM_STAMPS or high - low > _REGULARITY * period_ns:
        return Rhythm(None, 0, 0, largest_s, disorder)
    gaps = forward[forward > GAP_RATIO * period_ns]
    missing = int(np.sum(np.maximum(np.rint(gaps / period_ns) - 1, 1)))
    return Rhythm(period_ns / _NS_PER_S, int(gaps.size), missing, largest_s, disorder)


@dataclass(frozen=True)
class TopicReport:
    """The audit of one topic, as `episode.yaml` has it.

    Attributes:
        received: messages that reached the recorder for this episode, pre-roll included.
        written: messages in the bag.
        lost: received but not written, plus lost by the middleware on the way here.
        lost_in_middleware: the part of `lost` that the publishers' sequence numbers show.
        rate_hz: written messages over the time between the first and the last.
        The rest: see `Rhythm`.
    """

    topic: str
    type: str
    received: int
    written: int
    lost: int
    lost_in_middleware: int
    rate_hz: float
    period_s: float | None
    gaps: int
    missing: int
    largest_gap_s: float
    disorder: int

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, rounded to what can be meant."""
        values = asdict(self)
        del values["topic"]
        for name in ("rate_hz", "period_s", "largest_gap_s"):
            if values[name] is not None:
                values[name] = round(values[name], 6)
        return values


class TopicAudit:
    """Counts one topic during one episode."""

    def __init__(self, topic: str, type_name: str) -> None:
        self._topic = topic
        self._type_name = type_name
        self._stamps = array("q")
        self._written = 0
        self._dropped = 0
        self._lost_in_middleware = 0
        self._rhythm = Rhythm(None, 0, 0, 0.0, 0)
        self._seen = 0

    def wrote(self, publish_ns: int) -> None:
        self._written += 1
        self._stamps.append(publish_ns)

    def dropped(self, count: int) -> None:
        """Messages that were received, and had to be thrown away."""
        self._dropped += count

    def missed(self, count: int) -> None:
        """Messages that the publisher sent, and that never arrived."""
        self._lost_in_middleware += count

    @property
    def written(self) -> int:
        return self._written

    @property
    def lost(self) -> int:
        return self._dropped + self._lost_in_middleware

    def report(self, exact: bool = True) -> TopicReport:
        """The audit so far; not `exact` looks at the stamps again only when a tenth is new."""
        count = len(self._stamps)
        if exact or count > 1.1 * self._seen + 10:
            self._rhythm = rhythm(np.frombuffer(self._stamps, dtype=np.int64))
            self._seen = count
        span_s = (self._stamps[-1] - self._stamps[0]) / _NS_PER_S if count > 1 else 0.0
        return TopicReport(
            topic=self._topic,
            type=self._type_name,
            received=self._written + self._dropped,
            written=self._written,
            lost=self.lost,
            lost_in_middleware=self._lost_in_middleware,
            rate_hz=(count - 1) / span_s if span_s > 0 else 0.0,
            **asdict(self._rhythm),
        )


class Audit:
    """The audits of all topics of one episode.

    Args:
        types: type names by topic; topics that stay silent appear with zeros.
    """

    def __init__(self, types: Mapping[str, str]) -> None:
        self._topics = {name: TopicAudit(name, kind) for name, kind in types.items()}

    def add_topic(self, name: str, type_name: str) -> None:
        self._topics.setdefault(name, TopicAudit(name, type_name))

    def wrote(self, message: Received) -> None:
        self._topics[message.topic].wrote(message.publish_ns)

    def dropped(self, topic: str, count: int) -> None:
        self._topics[topic].dropped(count)

    def missed(self, topic: str, count: int) -> None:
        self._topics[topic].missed(count)

    @property
    def lost(self) -> int:
        return sum(topic.lost for topic in self._topics.values())

    def reports(self, exact: bool = True) -> list[TopicReport]:
        """By name of the topic."""
        return [self._topics[name].report(exact) for name in sorted(self._topics)]
