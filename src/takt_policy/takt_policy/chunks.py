"""From what a schedule commits to the chunk that says so, and its waypoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from takt_core.chunk import ActionChunk
from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_policy.bundle.schema import PolicySpec
from takt_policy.jobs import Plan, Reflex
from takt_policy.schedules import Commit


def make_chunk(plan: Plan, commit: Commit, number: int, published_ns: int) -> ActionChunk:
    """The committed actions with all their stamps, and the whole prediction as drawn.

    Args:
        number: of the chunk; counts up from 1.
        published_ns: in the time of the world [ns].
    """
    prediction, observation = commit.prediction, plan.observation
    bundle = plan.policy.engine.bundle
    return ActionChunk(
        id=number,
        epoch=plan.epoch,
        policy=bundle.spec.name,
        policy_hash=bundle.hash,
        goal=plan.goal,
        start_ns=commit.start_ns,
        step_ns=commit.step_ns,
        poses=_poses(commit),
        gripper_width_m=commit.actions.gripper_width_m,
        joint_position=commit.actions.joint_position,
        hand_joint_names=_hand_names(bundle.spec),
        hand_position=commit.actions.hand_position,
        residual=commit.residual,
        stiffness=None,
        first_index=commit.first,
        observed_newest_ns=observation.newest_ns,
        observed_oldest_ns=observation.oldest_ns,
        reference_ns=observation.reference_ns,
        reference_pose=observation.reference_pose,
        inference_start_ns=plan.ticket.start_ns,
        inference_end_ns=plan.end_ns,
        inference_wall_ns=prediction.wall_ns,
        published_ns=published_ns,
        network_calls=prediction.network_calls,
        rounds=prediction.rounds,
        raw=prediction.raw,
        scores=np.asarray(prediction.scores, dtype=np.float32),
        uncertainty=prediction.uncertainty,
        previous_id=plan.previous_id,
        takeover_ns=plan.ticket.takeover_ns if plan.previous_id else 0,
    )


def revise_chunk(reflex: Reflex, commit: Commit, published_ns: int) -> ActionChunk:
    """The chunk with those of its actions that are still ahead, as revised."""
    return replace(
        reflex.chunk,
        revision=commit.prediction.revision,
        start_ns=commit.start_ns,
        poses=_poses(commit),
        gripper_width_m=commit.actions.gripper_width_m,
        joint_position=commit.actions.joint_position,
        hand_position=commit.actions.hand_position,
        residual=commit.residual,
        first_index=commit.first,
        inference_start_ns=reflex.start_ns,
        inference_end_ns=reflex.end_ns,
        inference_wall_ns=reflex.wall_ns,
        published_ns=published_ns,
        raw=commit.prediction.raw,
        reflex_ns=reflex.observation.reference_ns,
    )


def trajectory_of(chunk: ActionChunk) -> Trajectory:
    """The chunk's actions as waypoints."""
    widths, joints = chunk.gripper_width_m, chunk.joint_position
    return Trajectory(
        tuple(
            Waypoint(
                time_ns=chunk.time_ns(index),
                base_from_tcp=pose,
                stiffness=chunk.stiffness,
                gripper_width_m=None if widths is None else float(widths[index]),
                joint_position=None if joints is None else joints[index],
            )
            for index, pose in enumerate(chunk.poses)
        ),
        source="policy",
        chunk_id=chunk.id,
    )


def _hand_names(spec: PolicySpec) -> tuple[str, ...]:
    return next((group.names for group in spec.actions if group.kind == "hand"), ())


def _poses(commit: Commit) -> tuple[Pose, ...]:
    return tuple(commit.actions.pose(index) for index in range(commit.count))
