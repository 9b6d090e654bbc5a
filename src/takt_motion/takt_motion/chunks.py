"""A stretch of the timeline as the chunk that the arbiter is sent."""

from __future__ import annotations

import itertools

import numpy as np

from takt_core.chunk import ActionChunk
from takt_motion.timeline import Timeline

NAME = "motion"
STEP_NS = 20_000_000
# Of the first action from now; the way to the arbiter and to the controller takes some time.
LEAD_NS = 60_000_000
# Until where a chunk reaches: without another, the arm stops then.
_ACTIONS = 25


def chunk_of(timeline: Timeline, number: int, epoch: int, goal: str, now_ns: int) -> ActionChunk:
    """The next half second. Its times lie on a grid, so that chunks repeat each other exactly
    where they overlap.

    Args:
        number: counts up from 1.
        epoch: of the control mode.
        now_ns: ROS time of publishing [ns].
    """
    first_ns = on_grid(now_ns + LEAD_NS)
    ahead = (timeline.at(first_ns + i * STEP_NS) for i in range(_ACTIONS))
    targets = [next(ahead)]
    by_joints = targets[0].joints is not None
    # Joints and poses in one chunk would be refused; the next chunk has what follows.
    targets += itertools.takewhile(lambda one: (one.joints is not None) == by_joints, ahead)
    joints = [target.joints for target in targets if target.joints is not None]
    return ActionChunk(
        id=number,
        epoch=epoch,
        policy=NAME,
        policy_hash="",
        goal=goal,
        start_ns=first_ns,
        step_ns=STEP_NS,
        poses=tuple(target.pose for target in targets),
        gripper_width_m=None,
        stiffness=None,
        first_index=0,
        observed_newest_ns=now_ns,
        observed_oldest_ns=now_ns,
        reference_ns=now_ns,
        reference_pose=targets[0].pose,
        inference_start_ns=now_ns,
        inference_end_ns=now_ns,
        inference_wall_ns=0,
        published_ns=now_ns,
        network_calls=0,
        raw=np.empty((0, 0), np.float32),
        joint_position=np.array(joints) if joints else None,
    )


def on_grid(time_ns: int) -> int:
    """The next time of an action [ns]."""
    return -(-time_ns // STEP_NS) * STEP_NS
