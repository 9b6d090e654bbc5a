"""Between takt_policy's types and ROS messages."""

from __future__ import annotations

import importlib
import math
from typing import Any

from geometry_msgs.msg import Point

from takt_core.chunk import ActionChunk
from takt_core.conversions import (
    duration_to_ros,
    header_to_ros,
    image_to_ros,
    pose_to_ros,
    sample_from_ros,
    stamp_to_ros,
)
from takt_msgs.msg import Goal as GoalMsg
from takt_msgs.msg import LatencyStatistics, PolicyStatus, Uncertainty
from takt_policy.bundle.schema import GOAL_STREAM, MESSAGE_TYPES
from takt_policy.errors import PolicyError
from takt_policy.goals import Goal
from takt_policy.latency import Latency
from takt_policy.loaded import LoadedPolicy
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
    policy, statistics = runtime.policy, runtime.statistics
    status = PolicyStatus(
        header=header_to_ros(stamp_ns, ""),
        state=int(runtime.state),
        reason=runtime.reason,
        loaded=runtime.names,
        goal=runtime.goal,
        run=runtime.run,
        chunks=statistics.chunks,
        revisions=statistics.revisions,
        late_actions=statistics.late_actions,
        over_budget=statistics.over_budget,
        failed_plans=statistics.failed_plans,
        latency=[latency_to_ros(one) for one in runtime.latency.report()],
    )
    if policy is not None:
        engine, schedule = policy.engine, policy.schedule
        status.policy, status.policy_hash = engine.bundle.spec.name, engine.bundle.hash
        status.provider = engine.provider
        status.execution = policy.execution_words
        status.expected_delay_s = schedule.expected_delay_ns * 1e-9
        status.budget_s = schedule.budget_ns * 1e-9
        status.load = schedule.load
    return status


def uncertainty_to_ros(chunk: ActionChunk, policy: LoadedPolicy) -> Uncertainty | None:
    """How sure the policy is of the chunk that it just made; None if it does not say."""
    prediction = policy.schedule.current
    if prediction is None or math.isnan(chunk.uncertainty):
        return None
    chosen = slice(chunk.first_index, chunk.first_index + len(chunk.poses))
    spread, spread_rad = prediction.spread, prediction.spread_rad
    is_energy = policy.engine.execution.uncertainty == "energy"
    return Uncertainty(
        header=header_to_ros(chunk.published_ns, ""),
        policy=chunk.policy,
        policy_hash=chunk.policy_hash,
        chunk_id=chunk.id,
        kind=Uncertainty.ENERGY if is_energy else Uncertainty.SPREAD,
        value=chunk.uncertainty,
        start=stamp_to_ros(chunk.start_ns),
        step=duration_to_ros(chunk.step_ns),
        spread=[] if spread is None else spread[chosen].tolist(),
        spread_rad=[] if spread_rad is None else spread_rad[chosen].tolist(),
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


def goal_from_ros(message: Any, base_frame: str) -> Goal:
    """The goal.

    Raises:
        TaktError: it is none, or in a frame other than the base frame.
    """
    frame = str(message.header.frame_id)
    if message.kind in (GoalMsg.POSE, GoalMsg.POINT) and frame not in ("", base_frame):
        raise PolicyError(
            f"the goal is in the frame {frame!r}; allowed: {base_frame!r}. Transform it before"
        )
    return Goal.from_sample(sample_from_ros(GOAL_STREAM, message))


def goal_to_ros(goal: Goal, stamp_ns: int, base_frame: str) -> GoalMsg:
    """The inverse of ``goal_from_ros``."""
    message = GoalMsg(header=header_to_ros(stamp_ns, base_frame))
    if goal.text is not None:
        message.kind, message.text = GoalMsg.TEXT, goal.text
    elif goal.pose is not None:
        message.kind, message.pose = GoalMsg.POSE, pose_to_ros(goal.pose)
    elif goal.point_m is not None:
        x, y, z = goal.point_m.tolist()
        message.kind, message.point = GoalMsg.POINT, Point(x=x, y=y, z=z)
    elif goal.image is not None:
        message.kind, message.image = GoalMsg.IMAGE, image_to_ros(goal.image, stamp_ns, "")
    return message
