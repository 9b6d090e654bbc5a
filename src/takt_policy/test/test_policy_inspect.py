"""`takt policy inspect` and the benchmark, on a real bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from takt_policy import benchmark
from takt_policy.bundle import Bundle, MeasuredSuccess, write_success
from takt_policy.bundle.schema import SamplerSpec
from takt_policy.cli.inspect import main
from takt_policy.describe import sampler_in_words


def test_a_good_bundle_is_explained(own_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_success(own_bundle, MeasuredSuccess("peg", 20, 15, (0.53, 0.89), "lock step"))
    assert main([str(own_bundle), "--rounds", "2"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "tiny: Moves the tool",
        "image: image of 8×8 pixels, 2 times, 0.1 s apart; 'image' of wrist_camera/image_raw",
        "tcp: pose relative to the tool's present pose",
        "arm: poses of the tool relative to the tool's pose when it looked",
        "gripper: width of the gripper",
        "predicts 16 actions, 0.1 s apart, and executes 8",
        "DDIM, 8 network calls per chunk out of 100",
        "15 of 20 episodes, 75 %, 95 % interval 53 to 89 % (lock step)",
        "passed: golden sample.out.actions",
        "provider CPUExecutionProvider",
        "a chunk takes",
    ):
        assert words in text


def test_a_bad_bundle_is_refused_with_its_reason(
    own_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_bundle / "denoise.onnx").write_bytes(b"")
    assert main([str(own_bundle)]) == 1
    captured = capsys.readouterr()
    assert "What it sees" in captured.out, "what can be said is said"
    assert "FAILED" in captured.out
    assert "denoise.onnx cannot be loaded" in captured.err


def test_a_missing_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.takt")]) == 1
    assert "is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (SamplerSpec("ddpm", 100, 100, clip=None), "stochastic; clean actions unbounded"),
        (SamplerSpec("ddim", 100, 10, eta=0.5), "stochastic, eta 0.5"),
        (SamplerSpec("ddim", 100, 10), "deterministic given the first noise"),
    ],
)
def test_samplers_in_words(spec: SamplerSpec, words: str) -> None:
    assert words in sampler_in_words(spec)


def test_benchmark_measures_both_ways(tiny_bundle: Bundle) -> None:
    result = benchmark.run(tiny_bundle.path, rounds=5)
    assert result["bundle"] == "tiny"
    assert result["network_calls"] == 8
    assert 0.0 < result["inference_ms"] < result["chunk_ms"]
    assert result["ratio"] == pytest.approx(result["chunk_ms"] / result["inference_ms"])
    assert benchmark.run(rounds=2)["bundle"] == "tiny"
