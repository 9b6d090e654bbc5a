"""Reasons to stop that come from the arm and from the plan, each with its event."""

from __future__ import annotations

from takt_teleop.inputs import ArmReport
from takt_teleop.settings import ArbiterParameters
from takt_teleop.transitions import Event

# A stamp that is further ahead is of another clock: its age would always look young.
FUTURE_NS = 500_000_000
# Starvation this near to the end of the plan is its end, not a controller that lost it.
_END_MARGIN_NS = 20_000_000


def is_overtaken(stamp_ns: int, newest_ns: int) -> bool:
    """Whether a message came after one that was sent later.

    Much older than that is no matter of the way: the newest was then stamped by another clock,
    and must not make its sender unheard for as long as that clock is ahead.
    """
    return newest_ns - FUTURE_NS <= stamp_ns < newest_ns


class ArmWatch:
    """The newest report of the arm, its age, its fault and its refusals."""

    def __init__(self, timeout_ns: int) -> None:
        self._timeout_ns = timeout_ns
        self._refused = ""
        self.newest: ArmReport | None = None
        self.other_commanders = ""

    def update(self, report: ArmReport) -> None:
        """Take note of a report; one that is a little older than the newest is ignored."""
        before = self.newest
        if before is not None and is_overtaken(report.stamp_ns, before.stamp_ns):
            return
        is_new_refusal = before is not None and report.rejected > before.rejected
        self._refused = report.last_rejection or "without a reason" if is_new_refusal else ""
        self.newest = report

    def forget(self) -> None:
        self.newest = None
        self._refused = ""

    def trouble(self, now_ns: int) -> tuple[Event, str] | None:
        """Silence, a latched fault, or a second commander."""
        report = self.newest
        if report is None:
            return Event.ARM_SILENT, "arm/state was never seen"
        age_ns = now_ns - report.stamp_ns
        if age_ns > self._timeout_ns:
            return Event.ARM_SILENT, (
                f"arm/state is silent, the last one {age_ns / 1e6:.0f} ms ago; "
                f"allowed are {self._timeout_ns / 1e6:.0f} ms"
            )
        if age_ns < -FUTURE_NS:
            return Event.ARM_SILENT, (
                f"arm/state is {-age_ns / 1e6:.0f} ms ahead of this node's time; "
                "is there a /clock, and use_sim_time the same for all?"
            )
        if report.fault:
            return Event.ARM_FAULT, f"the controller reports a fault: {report.fault}"
        if self.other_commanders:
            others = self.other_commanders
            return Event.OTHER_COMMANDER, f"arm/trajectory is also published by {others}"
        return None

    def rejection(self) -> tuple[Event, str] | None:
        """A trajectory that the controller refused since the report before the newest."""
        if not self._refused:
            return None
        return Event.TRAJECTORY_REJECTED, f"the controller refused a trajectory: {self._refused}"


def plan_trouble(
    end_ns: int | None,
    report: ArmReport | None,
    parameters: ArbiterParameters,
    now_ns: int,
    began_ns: int,
    sent_ns: int,
) -> tuple[Event, str] | None:
    """No chunk came, the waypoints ran out, or the controller does not have them.

    Args:
        end_ns: time of the last waypoint that was sent, None before the first chunk [ns].
        began_ns: since when chunks are awaited [ns].
        sent_ns: when waypoints were last sent [ns].
    """
    if end_ns is None:
        waited_s = (now_ns - began_ns) / 1e9
        if waited_s <= parameters.first_chunk_timeout_s:
            return None
        return Event.PLAN_EXHAUSTED, f"no chunk within {waited_s:.2f} s (first_chunk_timeout_s)"
    over_s = (now_ns - end_ns) / 1e9
    if over_s > parameters.plan_grace_s:
        return Event.PLAN_EXHAUSTED, f"no new chunk, the waypoints ran out {over_s:.2f} s ago"
    response_ns = round(parameters.arm_response_s * 1e9)
    is_its_turn = report is not None and (
        sent_ns + response_ns < report.stamp_ns < end_ns - _END_MARGIN_NS
    )
    if report is not None and report.starved and is_its_turn:
        left_s = (end_ns - report.stamp_ns) / 1e9
        return Event.ARM_STARVED, f"the controller has no waypoints; {left_s:.2f} s were sent"
    return None
