"""Between takt_policy's types and ROS messages."""

from __future__ import annotations

import importlib
from typing import Any

from takt_core.conversions import header_to_ros
from takt_msgs.msg import Goal, LatencyStatistics, PolicyStatus
from takt_policy.bundle.schema import MESSAGE_TYPES
from takt_policy.errors import PolicyError
from takt_policy.latency import Latency
from takt_policy.runtime import PolicyRuntime


def message_class(name: str) -> Any:
    """The class of a message type such as ``sensor_msgs/msg/Image``.

    Raises:
        PolicyError: not one of the types that a policy's input may have, or not installed.
    """
    if name not in MESSAGE_TYPES:
        raise PolicyError(f"message type {name!r}; allowed: {', '.join(MESSAGE_TYPES)}")
    package, _, kind = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError):
        raise PolicyError(
            f"message type {name!r} is not installed; build or install {package}"
        ) from None


def status_to_ros(runtime: PolicyRuntime, stamp_ns: int) -> PolicyStatus:
    """The heartbeat."""
    engine, statistics = runtime.engine, runtime.statistics
    return PolicyStatus(
        header=header_to_ros(stamp_ns, ""),
        state=int(runtime.state),
        reason=runtime.reason,
        policy="" if engine is None else engine.bundle.spec.name,
        policy_hash="" if engine is None else engine.bundle.hash,
        provider="" if engine is None else engine.provider,
        goal=runtime.goal,
        run=runtime.run,
        chunks=statistics.chunks,
        late_actions=statistics.late_actions,
        over_budget=statistics.over_budget,
        latency=[latency_to_ros(one) for one in runtime.latency.report()],
    )


def latency_to_ros(latency: Latency) -> LatencyStatistics:
    return LatencyStatistics(
        name=latency.name,
        count=latency.count,
        p50_ms=latency.p50_ms,
        p95_ms=latency.p95_ms,
        p99_ms=latency.p99_ms,
        max_ms=latency.max_ms,
    )


def goal_from_ros(message: Any) -> str:
    """The goal as text.

    Raises:
        PolicyError: a kind of goal that bundles of this version cannot take.
    """
    if message.kind == Goal.NONE:
        return ""
    if message.kind == Goal.TEXT:
        return str(message.text)
    kinds = {
        Goal.POSE: "POSE",
        Goal.POINT: "POINT",
        Goal.IMAGE: "IMAGE",
    }
    found = kinds.get(message.kind, str(message.kind))
    raise PolicyError(
        f"goal of kind {found}; allowed: NONE and TEXT, which is recorded with every chunk. "
        "Bundles of this format have no input for other goals"
    )
