"""From a prediction and a decision what to send of it, to the chunk and its waypoints."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.chunk import ActionChunk
from takt_core.trajectory import Trajectory, Waypoint
from takt_policy.engine import Prediction
from takt_policy.observation import Observation
from takt_policy.schedules.receding import Commit


@dataclass(frozen=True)
class ChunkOrigin:
    """What a chunk says about where it comes from.

    Attributes:
        epoch: of the control mode when the policy observed.
        inference_start_ns, inference_end_ns: in the time of the world [ns].
        published_ns: likewise.
    """

    id: int
    epoch: int
    policy: str
    policy_hash: str
    goal: str
    inference_start_ns: int
    inference_end_ns: int
    published_ns: int


def make_chunk(
    prediction: Prediction,
    observation: Observation,
    commit: Commit,
    step_ns: int,
    origin: ChunkOrigin,
) -> ActionChunk:
    """The committed actions with all their stamps, and the whole prediction as drawn."""
    chosen = range(commit.first, commit.first + commit.count)
    widths = prediction.actions.gripper_width_m
    return ActionChunk(
        id=origin.id,
        epoch=origin.epoch,
        policy=origin.policy,
        policy_hash=origin.policy_hash,
        goal=origin.goal,
        start_ns=commit.start_ns,
        step_ns=step_ns,
        poses=tuple(prediction.actions.pose(index) for index in chosen),
        gripper_width_m=None if widths is None else widths[commit.first :][: commit.count],
        stiffness=None,
        first_index=commit.first,
        observed_newest_ns=observation.newest_ns,
        observed_oldest_ns=observation.oldest_ns,
        reference_ns=observation.reference_ns,
        reference_pose=observation.reference_pose,
        inference_start_ns=origin.inference_start_ns,
        inference_end_ns=origin.inference_end_ns,
        inference_wall_ns=prediction.wall_ns,
        published_ns=origin.published_ns,
        network_calls=prediction.network_calls,
        raw=prediction.raw,
    )


def trajectory_of(chunk: ActionChunk) -> Trajectory:
    """The chunk's actions as waypoints."""
    widths = chunk.gripper_width_m
    return Trajectory(
        tuple(
            Waypoint(
                time_ns=chunk.time_ns(index),
                base_from_tcp=pose,
                stiffness=chunk.stiffness,
                gripper_width_m=None if widths is None else float(widths[index]),
            )
            for index, pose in enumerate(chunk.poses)
        ),
        source="policy",
        chunk_id=chunk.id,
    )
