"""A policy's actions, from and to takt_msgs/ActionChunk."""

from __future__ import annotations

import array
from typing import Any

import numpy as np

from takt_core import checks
from takt_core.chunk import ActionChunk
from takt_core.conversions.basic import (
    duration_to_ros,
    header_to_ros,
    pose_from_ros,
    pose_to_ros,
    stamp_from_ros,
    stamp_to_ros,
    twist_from_ros,
    twist_to_ros,
)
from takt_msgs.msg import ActionChunk as ActionChunkMsg


def chunk_from_ros(message: Any) -> ActionChunk:
    """The chunk, with every number that a robot would be moved by checked.

    Raises:
        TaktError: a pose, stiffness or gripper width that is none, times that do not ascend or
            that no message can carry, or arrays whose lengths disagree.
    """
    widths = np.array(message.gripper_width, dtype=np.float64)
    raw = np.array(message.raw_actions, dtype=np.float32)
    times_ns = stamp_from_ros(message.start), stamp_from_ros(message.step)
    checks.chunk_times(*times_ns, len(message.poses))
    checks.chunk_widths(widths, len(message.poses))
    joints = np.array(message.joint_position, dtype=np.float64)
    checks.chunk_joints(joints, len(message.poses))
    hand = np.array(message.hand_position, dtype=np.float64)
    names = tuple(str(name) for name in message.hand_joint_names)
    checks.chunk_hand(names, hand, len(message.poses))
    residual = np.array([twist_from_ros(one) for one in message.residual], dtype=np.float64)
    checks.chunk_residual(residual, len(message.poses))
    checks.count("raw_actions", raw, int(message.raw_horizon), int(message.raw_dimension))
    return ActionChunk(
        id=int(message.id),
        epoch=int(message.epoch),
        policy=str(message.policy),
        policy_hash=str(message.policy_hash),
        goal=str(message.goal),
        start_ns=times_ns[0],
        step_ns=times_ns[1],
        poses=tuple(pose_from_ros(p) for p in message.poses),
        gripper_width_m=widths if widths.size else None,
        stiffness=checks.stiffness(message.stiffness) if message.has_stiffness else None,
        first_index=int(message.first_index),
        observed_newest_ns=stamp_from_ros(message.observed_newest),
        observed_oldest_ns=stamp_from_ros(message.observed_oldest),
        reference_ns=stamp_from_ros(message.reference),
        reference_pose=pose_from_ros(message.reference_pose),
        inference_start_ns=stamp_from_ros(message.inference_start),
        inference_end_ns=stamp_from_ros(message.inference_end),
        inference_wall_ns=int(message.inference_wall_ns),
        published_ns=stamp_from_ros(message.header.stamp),
        network_calls=int(message.network_calls),
        raw=raw.reshape(int(message.raw_horizon), int(message.raw_dimension)),
        scores=np.array(message.scores, dtype=np.float32),
        uncertainty=float(message.uncertainty),
        revision=int(message.revision),
        joint_position=joints.reshape(len(message.poses), -1) if joints.size else None,
        residual=residual if residual.size else None,
        rounds=int(message.rounds),
        previous_id=int(message.previous_id),
        takeover_ns=stamp_from_ros(message.takeover),
        reflex_ns=stamp_from_ros(message.reflex),
        hand_joint_names=names,
        hand_position=hand.reshape(len(message.poses), -1) if hand.size else None,
    )


def chunk_to_ros(chunk: ActionChunk, frame_id: str) -> ActionChunkMsg:
    widths = [] if chunk.gripper_width_m is None else chunk.gripper_width_m.tolist()
    stiffness = np.zeros(6) if chunk.stiffness is None else chunk.stiffness
    joints, residual, hand = chunk.joint_position, chunk.residual, chunk.hand_position
    return ActionChunkMsg(
        header=header_to_ros(chunk.published_ns, frame_id),
        id=chunk.id,
        epoch=chunk.epoch,
        policy=chunk.policy,
        policy_hash=chunk.policy_hash,
        goal=chunk.goal,
        start=stamp_to_ros(chunk.start_ns),
        step=duration_to_ros(chunk.step_ns),
        poses=[pose_to_ros(p) for p in chunk.poses],
        gripper_width=widths,
        stiffness=stiffness.tolist(),
        has_stiffness=chunk.stiffness is not None,
        first_index=chunk.first_index,
        observed_newest=stamp_to_ros(chunk.observed_newest_ns),
        observed_oldest=stamp_to_ros(chunk.observed_oldest_ns),
        reference=stamp_to_ros(chunk.reference_ns),
        reference_pose=pose_to_ros(chunk.reference_pose),
        inference_start=stamp_to_ros(chunk.inference_start_ns),
        inference_end=stamp_to_ros(chunk.inference_end_ns),
        inference_wall_ns=chunk.inference_wall_ns,
        network_calls=chunk.network_calls,
        raw_horizon=chunk.raw.shape[0],
        raw_dimension=chunk.raw.shape[1],
        raw_actions=array.array("f", chunk.raw.astype(np.float32).reshape(-1).tolist()),
        scores=array.array("f", chunk.scores.astype(np.float32).tolist()),
        uncertainty=float(chunk.uncertainty),
        revision=chunk.revision,
        joint_position=[] if joints is None else joints.reshape(-1).tolist(),
        hand_joint_names=list(chunk.hand_joint_names),
        hand_position=[] if hand is None else hand.reshape(-1).tolist(),
        residual=[] if residual is None else [twist_to_ros(one) for one in residual],
        rounds=chunk.rounds,
        previous_id=chunk.previous_id,
        takeover=stamp_to_ros(chunk.takeover_ns),
        reflex=stamp_to_ros(chunk.reflex_ns),
    )
