"""What the messages of an episode say about it: latencies, interventions, counters.

The same code runs while recording and when a cut bag is repaired.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from takt_core.percentiles import summary
from takt_recorder.decode import Decoder
from takt_recorder.topic import Received, Topic

MODES = ("HOLD", "POLICY", "HUMAN", "SHARED", "GUIDE", "STOPPED", "MOTION")
_INTERVENTIONS = frozenset(("HUMAN", "SHARED", "GUIDE"))
_TASK_STATES = ("IDLE", "RUNNING", "SUCCEEDED", "FAILED")
_CONTROLLER_COUNTERS = (
    "overruns",
    "starvations",
    "torque_violations",
    "dropped_waypoints",
    "rejected_trajectories",
)
_NS_PER_S = 1_000_000_000


class EpisodeFacts:
    """Reads the few types that tell about the course of an episode, and ignores the others."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._readers: dict[str, Callable[[Received, Any], None]] = {
            "takt_msgs/msg/ActionChunk": self._on_chunk,
            "takt_msgs/msg/ControlMode": self._on_mode,
            "takt_msgs/msg/TaskStatus": self._on_task,
        }
        # Of these only the first and the last message count: they are decoded at the end.
        self._ends: dict[str, dict[str, tuple[Received, Received]]] = {
            "takt_msgs/msg/ArmState": {},
            "takt_msgs/msg/PolicyStatus": {},
        }
        self._types: dict[str, str] = {}
        self._latencies_ms: dict[str, list[float]] = {
            "observation_age": [],
            "inference": [],
            "publishing": [],
            "end_to_end": [],
        }
        self._chunks = self._revisions = 0
        self._policy: dict[str, str] = {}
        self._modes: list[dict[str, Any]] = []
        self._task: dict[str, Any] = {}

    def add_topic(self, topic: Topic) -> None:
        """Learn a topic; types that say nothing are skipped in `observe`."""
        kind = topic.type_name
        if (kind in self._readers or kind in self._ends) and self._decoder.add(topic.definition):
            self._types[topic.name] = kind

    def observe(self, message: Received) -> None:
        """Look at one message; cheap for nearly all of them."""
        kind = self._types.get(message.topic)
        if kind is None:
            return
        reader = self._readers.get(kind)
        if reader is not None:
            reader(message, self._decoder.decode(kind, message.data))
            return
        ends = self._ends[kind]
        first = ends[message.topic][0] if message.topic in ends else message
        ends[message.topic] = (first, message)

    def to_mapping(self, end_ns: int) -> dict[str, Any]:
        """Plain values for `episode.yaml`; `end_ns` closes a mode that still holds."""
        return {
            "policy": {**self._policy, **self._policy_counters()},
            "chunks": self._chunks,
            "chunk_revisions": self._revisions,
            "latency_ms": {
                name: _rounded(summary(values)) for name, values in self._latencies_ms.items()
            },
            "interventions": self._interventions(end_ns),
            "modes": self._modes,
            "task_status": self._task,
            "controllers": self._controllers(),
        }

    def _on_chunk(self, received: Received, chunk: Any) -> None:
        if chunk.revision:
            self._revisions += 1
            return
        newest, published = _ns(chunk.observed_newest), _ns(chunk.header.stamp)
        start, end = _ns(chunk.inference_start), _ns(chunk.inference_end)
        # On a steady clock: simulated time goes in steps longer than an inference.
        inference_ns = int(chunk.inference_wall_ns)
        self._chunks += 1
        for name, value in (
            ("observation_age", start - newest),
            ("inference", inference_ns),
            ("publishing", published - end),
            ("end_to_end", published - newest),
        ):
            self._latencies_ms[name].append(value / 1e6)
        self._policy = {"name": str(chunk.policy), "hash": str(chunk.policy_hash)}

    def _on_mode(self, received: Received, mode: Any) -> None:
        self._modes.append(
            {
                "mode": _name(MODES, int(mode.mode)),
                "time_ns": _ns(mode.header.stamp),
                "event": str(mode.event),
                "reason": str(mode.reason),
                "operator": str(mode.operator_id),
            }
        )

    def _on_task(self, received: Received, task: Any) -> None:
        self._task = {
            "task": str(task.task),
            "state": _name(_TASK_STATES, int(task.state)),
            "reason": str(task.reason),
            "seed": int(task.seed),
            "elapsed_s": round(float(task.elapsed_s), 3),
            "measures": {
                str(name): round(float(value), 6)
                for name, value in zip(task.measure_names, task.measures, strict=False)
            },
        }

    def _interventions(self, end_ns: int) -> list[dict[str, Any]]:
        """Spells in which a person had a hand in the motion."""
        found = []
        ends = [mode["time_ns"] for mode in self._modes[1:]] + [end_ns]
        for mode, until_ns in zip(self._modes, ends, strict=False):
            if mode["mode"] in _INTERVENTIONS:
                spell = {"start_ns": mode["time_ns"], "end_ns": until_ns}
                spell["duration_s"] = round((until_ns - mode["time_ns"]) / _NS_PER_S, 3)
                found.append({**{key: mode[key] for key in mode if key != "time_ns"}, **spell})
        return found

    def _policy_counters(self) -> dict[str, Any]:
        counters: dict[str, Any] = {}
        for first, last in self._decoded("takt_msgs/msg/PolicyStatus").values():
            counters = {"provider": str(last.provider), "goal": str(last.goal)}
            for name in ("late_actions", "over_budget", "failed_plans"):
                counters[name] = _risen(first, last, name)
        return counters

    def _controllers(self) -> dict[str, dict[str, Any]]:
        report = {}
        for topic, (first, last) in self._decoded("takt_msgs/msg/ArmState").items():
            counts = {name: _risen(first, last, name) for name in _CONTROLLER_COUNTERS}
            report[topic] = {**counts, "fault": str(last.fault)}
        return report

    def _decoded(self, kind: str) -> dict[str, tuple[Any, Any]]:
        return {
            topic: (
                self._decoder.decode(kind, first.data),
                self._decoder.decode(kind, last.data),
            )
            for topic, (first, last) in self._ends[kind].items()
        }


def _risen(first: Any, last: Any, name: str) -> int:
    """By how much a counter rose; one that fell was reset to zero on the way."""
    before, after = int(getattr(first, name)), int(getattr(last, name))
    return after - before if after >= before else after


def _ns(time: Any) -> int:
    return int(time.sec) * _NS_PER_S + int(time.nanosec)


def _name(names: tuple[str, ...], value: int) -> str:
    return names[value] if value < len(names) else str(value)


def _rounded(values: dict[str, float]) -> dict[str, float | None]:
    return {
        name: None if math.isnan(value) else (value if name == "count" else round(value, 3))
        for name, value in values.items()
    }
