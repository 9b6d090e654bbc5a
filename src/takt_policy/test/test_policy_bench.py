"""`takt policy bench`: complete and consistent, whatever the machine's speed."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from takt_policy.bundle import Bundle
from takt_policy.cli import bench
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.model import OUTPUTS
from takt_policy.providers import CPU
from takt_policy.testing import write_tiny_bundle
from takt_policy.tune.chunks import OWN, measure_chunks
from takt_policy.tune.observation import golden_observations
from takt_policy.tune.replay import Replay, record

QUICK = ["--rounds", "1", "--batches", "1", "3", "--threads", "1"]


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("diffusion", {}),
        ("flow", {"critic": True}),
        ("direct", {"residual": True}),
        ("diffusion", {"decode": True}),
    ],
)
def test_every_family_is_measured_whole(
    family: Any, options: dict[str, bool], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = write_tiny_bundle(tmp_path / "tiny.takt", family, **options)
    target = tmp_path / "figures.json"
    assert bench.main([str(bundle.path), *QUICK, "--json", str(target)]) == 0
    figures = json.loads(target.read_text(encoding="utf-8"))
    assert {call["graph"] for call in figures["calls"]} == set(bundle.spec.graphs)
    assert figures["chunks"][OWN]["median_ms"] > 0.0
    assert figures["chunks"][OWN]["onnxruntime"]["rounds"] == 1
    assert figures["threads"] == 1
    assert figures["provider"] == CPU
    said = capsys.readouterr().out
    assert "One call, by batch size" in said
    assert all(line in " ".join(said.split()) for line in figures["recommendation"])
    assert "CUDAExecutionProvider is not in this onnxruntime: not measured" in figures["notes"]


def test_without_onnx_everything_but_the_smaller_weights_is_measured(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    target = tmp_path / "figures.json"
    assert bench.main([str(tiny_bundle.path), *QUICK, "--json", str(target)]) == 0
    figures = json.loads(target.read_text(encoding="utf-8"))
    assert figures["difference"] is None
    assert any("smaller weights were not tried" in note for note in figures["notes"])


def test_no_provider_is_an_error(tiny_bundle: Bundle) -> None:
    with pytest.raises(PolicyError, match="none of the execution providers Nothing"):
        bench.main([str(tiny_bundle.path), "--providers", "Nothing"])


def test_the_replay_makes_the_calls_of_the_plan(tiny_bundle: Bundle) -> None:
    engine = PolicyEngine(tiny_bundle, Execution(sampler="ddpm", sampler_steps=20, speculate=4))
    observation, _ = golden_observations(tiny_bundle)
    before = dict(engine.model.graphs)
    calls = record(engine.model, partial(engine.plan, observation, draw=3))
    assert engine.model.graphs == before
    again = record(engine.model, partial(engine.plan, observation, draw=3))
    prediction = engine.plan(observation, draw=3)
    names = [name for name, _ in calls]
    assert names == ["encode", *["denoise"] * prediction.rounds]
    samples = sum(len(feed["x"]) for name, feed in calls if name == "denoise")
    assert samples == prediction.network_calls
    for (_, one), (_, two) in zip(calls, again, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], two[key])
    # The feeds are whole: they run without the engine.
    Replay(tiny_bundle, calls, CPU, 1).once()
    for name, feed in calls:
        assert engine.model.graphs[name].run(feed)[OUTPUTS[name]].shape[0] == len(
            next(iter(feed.values()))
        )


def test_chunks_say_how_many_rounds_they_took(tiny_bundle: Bundle) -> None:
    ways = {
        "few": (tiny_bundle, Execution(sampler_steps=3)),
        "many": (tiny_bundle, Execution(sampler="ddpm", sampler_steps=100)),
    }
    found = measure_chunks(ways, CPU, 1, rounds=1)
    assert (found["few"].rounds, found["many"].rounds) == (3, 100)
    assert found["many"].overhead_ms == pytest.approx(
        float(np.median(found["many"].whole.ms - found["many"].inference.ms))
    )
