"""The part of `make bench` about chunks: every family, and the same calls both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from takt_policy.benchmark import ChunkPath, run
from takt_policy.testing import write_tiny_bundle


def test_all_families_are_measured_beside_the_given_bundles(tmp_path: Path) -> None:
    given = write_tiny_bundle(tmp_path / "given.takt")
    found = run([given.path], rounds=1)
    families = [one["family"] for one in found]
    assert families == ["diffusion", "direct", "diffusion", "flow", "slow-fast, residual"]
    for one in found:
        assert one["chunk_ms"] > 0.0
        assert one["inference_ms"] > 0.0
        assert one["ratio"] == pytest.approx(one["chunk_ms"] / one["inference_ms"])
    steps = given.spec.require_sampler().inference_steps
    assert [one["graph_calls"] for one in found[:2]] == [1 + steps, 1]
    # The slow-fast one decodes and corrects as well.
    assert found[-1]["graph_calls"] == 1 + steps + 2


@pytest.mark.parametrize("goal", ["text", "bytes", "pose", "point", "image"])
def test_policies_with_goals_get_one(tmp_path: Path, goal: str) -> None:
    path = ChunkPath(write_tiny_bundle(tmp_path / "goal.takt", goal=(f"goal_{goal}",)))
    graph, feed = path.record()[0]
    assert graph == "encode"
    assert f"goal_{goal}" in feed
