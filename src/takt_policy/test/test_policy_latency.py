"""The latency report: parts that a person can add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from takt_core.chunk import ActionChunk
from takt_core.geometry import Pose
from takt_policy.latency import LatencyReport

MS = 1_000_000
CHUNK = ActionChunk(
    id=1,
    epoch=0,
    policy="",
    policy_hash="",
    goal="",
    start_ns=0,
    step_ns=1,
    poses=(),
    gripper_width_m=None,
    stiffness=None,
    first_index=0,
    observed_newest_ns=990 * MS,
    observed_oldest_ns=950 * MS,
    reference_ns=950 * MS,
    reference_pose=Pose.identity(),
    inference_start_ns=1000 * MS,
    inference_end_ns=1030 * MS,
    inference_wall_ns=29 * MS,
    published_ns=1032 * MS,
    network_calls=1,
    raw=np.zeros((1, 1), np.float32),
)


def test_parts_of_a_chunk() -> None:
    report = LatencyReport()
    assert report.report() == ()
    report.add(CHUNK, 3 * MS)
    found = {one.name: one.p50_ms for one in report.report()}
    assert found == pytest.approx(
        {"observation_age": 50.0, "inference": 29.0, "publishing": 3.0, "end_to_end": 82.0}
    )


def test_each_chunk_counts() -> None:
    report = LatencyReport()
    report.add(CHUNK, MS)
    assert {one.count for one in report.report()} == {1}
    report.add(replace(CHUNK, inference_wall_ns=49 * MS), MS)
    inference = next(one for one in report.report() if one.name == "inference")
    assert (inference.count, inference.max_ms) == (2, pytest.approx(49.0))


def test_reflexes_are_counted_apart() -> None:
    report = LatencyReport()
    report.add(CHUNK, MS)
    revision = replace(CHUNK, inference_wall_ns=2 * MS, reflex_ns=1000 * MS, published_ns=1011 * MS)
    report.add_reflex(revision)
    found = {one.name: (one.count, one.p50_ms) for one in report.report()}
    assert found["inference"] == (1, pytest.approx(29.0))
    assert found["reflex"] == (1, pytest.approx(2.0))
    assert found["touch_to_action"] == (1, pytest.approx(11.0))
