"""StepRecords: each executed action with what stood behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from takt_core.trajectory import Waypoint
from takt_teleop.effects import StepRecord
from takt_teleop.human_driver import HumanDriver
from takt_teleop.plan import Plan, PlannedStep
from takt_teleop.transitions import CHUNK_MODES, Mode


@dataclass(frozen=True)
class Context:
    """What all records of a moment have in common."""

    mode: Mode
    source: str
    epoch: int
    operator_id: str = ""
    correction: str = ""


def due_records(context: Context, plan: Plan, human: HumanDriver, now_ns: int) -> list[StepRecord]:
    """Of each action whose time has come; they leave the plan."""
    if context.mode in CHUNK_MODES:
        return [policy_record(step, context) for step in plan.take_due(now_ns)]
    if context.mode is not Mode.HUMAN:
        return []
    waypoints = human.take_due(now_ns)
    records = [human_record(one, plan.at(one.time_ns), context) for one in waypoints]
    plan.take_due(now_ns)
    return records


def policy_record(step: PlannedStep, context: Context) -> StepRecord:
    """Of an action of a policy, with what its residual network and, in SHARED, the operator add."""
    chunk = step.chunk
    return StepRecord(
        time_ns=step.time_ns,
        mode=context.mode,
        source=context.source,
        epoch=context.epoch,
        executed=step.executed,
        observed_ns=chunk.reference_ns,
        chunk_id=chunk.id,
        chunk_index=step.index,
        chunk_revision=chunk.revision,
        base=step.proposed,
        residual=step.total_residual,
        gripper_width_m=step.gripper_width_m,
        scores=chunk.scores,
        uncertainty=chunk.uncertainty,
        goal=chunk.goal,
        correction=context.correction,
        policy=chunk.policy,
        policy_hash=chunk.policy_hash,
        operator_id=context.operator_id,
        joint_position=step.joint_position,
        hand_position=step.hand_position,
    )


def human_record(waypoint: Waypoint, shadow: PlannedStep | None, context: Context) -> StepRecord:
    """Of an operator's action; ``shadow`` is what the policy would have done at that time."""
    own = StepRecord(
        time_ns=waypoint.time_ns,
        mode=context.mode,
        source=context.source,
        epoch=context.epoch,
        executed=waypoint.base_from_tcp,
        gripper_width_m=waypoint.gripper_width_m,
        correction=context.correction,
        operator_id=context.operator_id,
    )
    if shadow is None:
        return own
    chunk = shadow.chunk
    return replace(
        own,
        observed_ns=chunk.reference_ns,
        chunk_id=chunk.id,
        chunk_index=shadow.index,
        chunk_revision=chunk.revision,
        overridden=shadow.base,
        scores=chunk.scores,
        uncertainty=chunk.uncertainty,
        goal=chunk.goal,
        policy=chunk.policy,
        policy_hash=chunk.policy_hash,
    )
