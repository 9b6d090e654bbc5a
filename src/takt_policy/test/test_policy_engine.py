"""The engine: what it plans is known, repeats, and is refused where it is no plan."""

from __future__ import annotations

import numpy as np
import pytest
from policy_world import PointRobot

from takt_core.geometry import pose_error
from takt_policy.bundle import Bundle, SamplerSpec
from takt_policy.chunks import ChunkOrigin, make_chunk, trajectory_of
from takt_policy.engine import PolicyEngine, override_sampler
from takt_policy.errors import PolicyError
from takt_policy.graphs import available_providers
from takt_policy.observation import Observation, ObservationBuilder
from takt_policy.schedules.receding import Commit
from takt_policy.testing import straight_chunk


@pytest.fixture
def observation(tiny_bundle: Bundle) -> Observation:
    builder, world = ObservationBuilder.of(tiny_bundle), PointRobot()
    for sample in world.advance(500_000_000):
        builder.push(sample)
    reference = builder.reference(world.now_ns)
    assert isinstance(reference, int)
    built = builder.build(reference)
    assert isinstance(built, Observation)
    return built


@pytest.mark.parametrize("kind", ["ddpm", "ddim"])
def test_the_known_chunk_comes_out(
    tiny_bundle: Bundle, observation: Observation, kind: str
) -> None:
    spec = tiny_bundle.spec
    sampler = override_sampler(spec.sampler, kind, 12)
    prediction = PolicyEngine(tiny_bundle, sampler=sampler).plan(observation)
    wanted = straight_chunk(spec, (0.0, 0.0, -0.002))
    np.testing.assert_allclose(prediction.raw, wanted, atol=2e-3)
    assert prediction.network_calls == 12
    assert prediction.wall_ns > 0
    moved = observation.reference_pose.inverse() @ prediction.actions.pose(11)
    np.testing.assert_allclose(moved.position_m, [0, 0, -0.02], atol=3e-4)
    assert prediction.actions.gripper_width_m is not None


def test_plans_repeat_by_seed_and_draw(tiny_bundle: Bundle, observation: Observation) -> None:
    engine = PolicyEngine(tiny_bundle, seed=5)
    first, second = engine.plan(observation), engine.plan(observation)
    assert (first.draw, second.draw) == (1, 2)
    assert np.abs(first.raw - second.raw).max() > 0
    np.testing.assert_array_equal(engine.plan(observation, draw=1).raw, first.raw)
    engine.reset(5)
    np.testing.assert_array_equal(engine.plan(observation).raw, first.raw)
    engine.reset(6)
    assert np.abs(engine.plan(observation).raw - first.raw).max() > 0


def test_a_chunk_carries_what_was_committed(
    tiny_engine: PolicyEngine, observation: Observation
) -> None:
    prediction = tiny_engine.plan(observation)
    commit = Commit(first=3, count=5, start_ns=observation.reference_ns + 200_000_000, late=2)
    origin = ChunkOrigin(9, 4, "tiny", "hash", "goal", 1, 2, 3)
    chunk = make_chunk(prediction, observation, commit, 100_000_000, origin)
    trajectory = trajectory_of(chunk)
    assert (trajectory.source, trajectory.chunk_id, len(trajectory.waypoints)) == ("policy", 9, 5)
    assert chunk.gripper_width_m is not None
    for index, waypoint in enumerate(trajectory.waypoints):
        assert waypoint.time_ns == commit.start_ns + index * 100_000_000
        wanted = prediction.actions.pose(3 + index)
        np.testing.assert_allclose(pose_error(waypoint.base_from_tcp, wanted), 0.0, atol=1e-9)
        assert prediction.actions.gripper_width_m is not None
        assert waypoint.gripper_width_m == prediction.actions.gripper_width_m[3 + index]
    np.testing.assert_array_equal(chunk.raw, prediction.raw)
    assert (chunk.first_index, chunk.epoch, chunk.inference_end_ns) == (3, 4, 2)


def test_overrides() -> None:
    spec = SamplerSpec("ddim", 100, 16)
    assert override_sampler(spec, "", 0) == spec
    assert override_sampler(spec, "ddpm", 100) == SamplerSpec("ddpm", 100, 100)
    with pytest.raises(PolicyError, match="sampler 'heun'; allowed: ddpm, ddim"):
        override_sampler(spec, "heun", 0)
    with pytest.raises(PolicyError, match="sampler_steps is 101; allowed: 1 to 100"):
        override_sampler(spec, "", 101)


def test_providers() -> None:
    assert available_providers(["NoSuchProvider", "CPUExecutionProvider"]) == [
        "CPUExecutionProvider"
    ]
    with pytest.raises(PolicyError, match="none of the execution providers NoSuchProvider"):
        available_providers(["NoSuchProvider"])


def test_warm_up_says_how_long_a_chunk_takes(tiny_engine: PolicyEngine) -> None:
    assert tiny_engine.warm_up() > 0
