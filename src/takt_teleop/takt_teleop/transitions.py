"""The transition table of the arbiter: every mode, every event, what follows.

The table is complete: each pair of mode and event is written down, so that nothing happens
by omission. ``docs/arbitration.md`` contains the same table; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum


class Mode(IntEnum):
    """Who commands the robot; the values are those of takt_msgs/ControlMode."""

    HOLD = 0
    POLICY = 1
    HUMAN = 2
    SHARED = 3
    GUIDE = 4
    STOPPED = 5
    MOTION = 6


class Event(Enum):
    """What can happen; the values appear in ControlMode.event, the rest is the meaning."""

    POLICY_RUNS = "policy_runs"
    POLICY_RUNS_SHARED = "policy_runs_shared"
    POLICY_LOST = "policy_lost"
    POLICY_WAITS = "policy_waits"
    POLICY_ENDED = "policy_ended"
    MOTION_RUNS = "motion_runs"
    MOTION_LOST = "motion_lost"
    MOTION_ENDED = "motion_ended"
    PLAN_EXHAUSTED = "plan_exhausted"
    CHUNK_REFUSED = "chunk_refused"
    TRAJECTORY_REJECTED = "trajectory_rejected"
    ARM_STARVED = "arm_starved"
    ARM_FAULT = "arm_fault"
    ARM_SILENT = "arm_silent"
    OTHER_COMMANDER = "other_commander"
    CLOCK_JUMPED = "clock_jumped"
    TAKE_OVER = "take_over"
    DEVICE_MOVED = "device_moved"
    RELEASE = "release"
    GUIDE = "guide"
    PAUSE = "pause"
    STOP = "stop"
    RESET = "reset"


MEANINGS: Mapping[Event, str] = {
    Event.POLICY_RUNS: "a policy reports RUNNING, the arm is well, nothing is held against it",
    Event.POLICY_RUNS_SHARED: "the same, and the parameter `shared` is set",
    Event.POLICY_LOST: "its heartbeat is older than `policy_timeout_s`",
    Event.POLICY_WAITS: "it reports WAITING: an input is missing, its plans fail or are late",
    Event.POLICY_ENDED: "it reports that it no longer runs: done, cancelled or failed",
    Event.MOTION_RUNS: "a planned motion (`motion/move_to`) is ready, and the arm is well",
    Event.MOTION_LOST: "the heartbeat of the motion node is older than `policy_timeout_s`",
    Event.MOTION_ENDED: "the motion has arrived, was cancelled or has failed",
    Event.PLAN_EXHAUSTED: "no chunk came in time and the waypoints ran out",
    Event.CHUNK_REFUSED: "a chunk starts beyond `max_jump` from the target, or moves too fast",
    Event.TRAJECTORY_REJECTED: "the controller refused what was sent, and says why",
    Event.ARM_STARVED: "the controller has no waypoints although some were sent",
    Event.ARM_FAULT: "the controller has latched a fault",
    Event.ARM_SILENT: "`arm/state` is older than `arm_timeout_s`",
    Event.OTHER_COMMANDER: "somebody else publishes on `arm/trajectory`",
    Event.CLOCK_JUMPED: "ROS time went backwards",
    Event.TAKE_OVER: "`control/take_over`, or the device's button",
    Event.DEVICE_MOVED: "the device moved beyond `takeover_speed`, and `takeover_by_motion` is set",
    Event.RELEASE: "`control/release`, or the device's button",
    Event.GUIDE: "`control/guide`",
    Event.PAUSE: "`control/pause`",
    Event.STOP: "`control/stop`, or the device's button",
    Event.RESET: "`control/reset`",
}

POLICY_MODES = (Mode.POLICY, Mode.SHARED)

#: Modes in which chunks are followed.
CHUNK_MODES = (*POLICY_MODES, Mode.MOTION)

#: After these the same run of a policy does not start again by itself; see PolicyWatch.
BLOCKING = (
    Event.CHUNK_REFUSED,
    Event.TRAJECTORY_REJECTED,
    Event.ARM_FAULT,
    Event.OTHER_COMMANDER,
)

_CHUNK_FAULTS = (Event.PLAN_EXHAUSTED, Event.CHUNK_REFUSED, Event.ARM_STARVED)
_POLICY_FAULTS = (Event.POLICY_LOST, Event.POLICY_WAITS, Event.POLICY_ENDED, *_CHUNK_FAULTS)
_MOTION_FAULTS = (Event.MOTION_LOST, Event.MOTION_ENDED, *_CHUNK_FAULTS)
_ARM_FAULTS = (
    Event.ARM_FAULT,
    Event.ARM_SILENT,
    Event.TRAJECTORY_REJECTED,
    Event.OTHER_COMMANDER,
    Event.CLOCK_JUMPED,
)


def _row(**targets: Mode) -> dict[Event, Mode | None]:
    """A row of the table: the named events lead somewhere, the rest change nothing."""
    row: dict[Event, Mode | None] = dict.fromkeys(Event)
    for name, mode in targets.items():
        row[Event(name)] = mode
    return row


def _to_hold(events: tuple[Event, ...]) -> dict[str, Mode]:
    return {event.value: Mode.HOLD for event in events}


_UNDER_POLICY = _row(
    **_to_hold(_POLICY_FAULTS),
    **_to_hold(_ARM_FAULTS),
    take_over=Mode.HUMAN,
    guide=Mode.GUIDE,
    pause=Mode.HOLD,
    stop=Mode.STOPPED,
)

#: What each event leads to in each mode; ``None``: the mode stays.
TABLE: Mapping[Mode, Mapping[Event, Mode | None]] = {
    Mode.HOLD: _row(
        policy_runs=Mode.POLICY,
        policy_runs_shared=Mode.SHARED,
        motion_runs=Mode.MOTION,
        take_over=Mode.HUMAN,
        guide=Mode.GUIDE,
        stop=Mode.STOPPED,
    ),
    Mode.POLICY: {**_UNDER_POLICY, Event.DEVICE_MOVED: Mode.HUMAN},
    Mode.HUMAN: _row(
        **_to_hold(_ARM_FAULTS),
        release=Mode.HOLD,
        guide=Mode.GUIDE,
        pause=Mode.HOLD,
        stop=Mode.STOPPED,
    ),
    # In SHARED a moving device is the correction, not a takeover.
    Mode.SHARED: _UNDER_POLICY,
    Mode.GUIDE: _row(
        arm_fault=Mode.HOLD,
        arm_silent=Mode.HOLD,
        other_commander=Mode.HOLD,
        clock_jumped=Mode.HOLD,
        take_over=Mode.HUMAN,
        release=Mode.HOLD,
        pause=Mode.HOLD,
        stop=Mode.STOPPED,
    ),
    Mode.STOPPED: _row(reset=Mode.HOLD),
    Mode.MOTION: _row(
        **_to_hold(_MOTION_FAULTS),
        **_to_hold(_ARM_FAULTS),
        take_over=Mode.HUMAN,
        device_moved=Mode.HUMAN,
        guide=Mode.GUIDE,
        pause=Mode.HOLD,
        stop=Mode.STOPPED,
    ),
}


def next_mode(mode: Mode, event: Event) -> Mode | None:
    """The mode that follows, or None where the event changes nothing."""
    return TABLE[mode][event]


def table_markdown() -> str:
    """The table as Markdown: one row per event, one column per mode."""
    modes = tuple(Mode)
    lines = [
        "| event | " + " | ".join(mode.name for mode in modes) + " | happens when |",
        "|---" * (len(modes) + 2) + "|",
    ]
    for event in Event:
        targets = (next_mode(mode, event) for mode in modes)
        cells = ["·" if target is None else target.name for target in targets]
        lines.append(f"| `{event.value}` | " + " | ".join(cells) + f" | {MEANINGS[event]} |")
    return "\n".join(lines) + "\n"
