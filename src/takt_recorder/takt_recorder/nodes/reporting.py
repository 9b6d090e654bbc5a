"""The recorder's state as messages: status, statistics, diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from takt_core.conversions import stamp_to_ros
from takt_core.nodes.lifecycle import ERROR, OK, WARN
from takt_msgs.msg import RecorderStatus, TopicStatistics
from takt_recorder.audit import TopicReport
from takt_recorder.writer_thread import RecorderState


@dataclass(frozen=True)
class Finding:
    """One line of /diagnostics."""

    component: str
    level: bytes
    message: str


def status_message(state: RecorderState, now_ns: int) -> RecorderStatus:
    """What is published on recorder/status."""
    message = RecorderStatus(
        state=RecorderStatus.RECORDING if state.recording else RecorderStatus.IDLE,
        reason=state.problem,
        bag=state.bag,
        episode=state.episode,
        bytes=state.bytes,
        lost=state.lost,
        topics=[topic_statistics(report) for report in state.topics],
    )
    if state.problem:
        message.state = RecorderStatus.FAILED
    message.header.stamp = stamp_to_ros(now_ns)
    if state.recording:
        message.duration_s = (now_ns - state.start_ns) / 1e9
    return message


def topic_statistics(report: TopicReport) -> TopicStatistics:
    """The part of an audit that goes into messages."""
    return TopicStatistics(
        topic=report.topic,
        type=report.type,
        received=report.received,
        written=report.written,
        lost=report.lost,
        gaps=report.gaps,
        largest_gap_s=report.largest_gap_s,
        rate_hz=report.rate_hz,
    )


def findings(
    state: RecorderState, unknown: Mapping[str, str], missing: Sequence[str]
) -> Iterator[Finding]:
    """What /diagnostics should say.

    Args:
        unknown: topics that cannot be recorded, with their types.
        missing: topics that were named and that nobody publishes.
    """
    if state.problem:
        yield Finding("disk", ERROR, state.problem)
    else:
        yield Finding("disk", OK, "writing" if state.recording else "ready")
    if unknown:
        named = ", ".join(f"{topic} ({kind})" for topic, kind in unknown.items())
        yield Finding("topics", WARN, f"not recorded, types not installed or not alone: {named}")
    elif missing:
        yield Finding("topics", WARN, f"nobody publishes {', '.join(missing)}")
    else:
        yield Finding("topics", OK, "all found")
    if state.lost:
        yield Finding("losses", WARN, "messages were lost")
    else:
        yield Finding("losses", OK, "nothing lost")
