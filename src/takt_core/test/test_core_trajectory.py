"""Trajectories and chunks carry times."""

import numpy as np

from takt_core.chunk import ActionChunk
from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint


def test_after_keeps_only_what_is_to_come() -> None:
    waypoints = tuple(Waypoint(time, Pose.identity()) for time in (10, 20, 30))
    kept = Trajectory(waypoints, "policy", 4).after(20)
    assert [w.time_ns for w in kept.waypoints] == [30]
    assert (kept.source, kept.chunk_id) == ("policy", 4)


def test_action_times_are_start_plus_steps() -> None:
    chunk = ActionChunk(
        id=1, epoch=0, policy="p", policy_hash="", goal="", start_ns=1000, step_ns=10,
        poses=(Pose.identity(),) * 3, gripper_width_m=None, stiffness=None, first_index=1,
        observed_newest_ns=900, observed_oldest_ns=890, reference_ns=900,
        reference_pose=Pose.identity(), inference_start_ns=910, inference_end_ns=950,
        inference_wall_ns=40, published_ns=960, network_calls=11,
        raw=np.zeros((16, 9), np.float32),
    )  # fmt: skip
    assert [chunk.time_ns(i) for i in range(3)] == [1000, 1010, 1020]
