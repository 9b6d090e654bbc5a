"""All stages, at a scale that takes seconds; the policies that come out are no good."""

from __future__ import annotations

from pathlib import Path

import pytest

from takt_core.errors import TaktError
from takt_training.pipeline import Pipeline
from takt_training.scale import Scale

pytest.importorskip("torch")

from takt_policy.bundle import load_bundle
from takt_policy.engine import PolicyEngine

# Seeds of episodes 0 and 1 lie in different halves of the split.
SMALL = Scale("small", 2, 1, 2, 1, see_steps=2, steps=0.0005, evaluation_episodes=1)


def pipeline(folder: Path, *only: str) -> Pipeline:
    return Pipeline.named(
        "peg_insertion", work=folder / "work", models=folder / "models", scale=SMALL, only=only,
        workers=1, threads=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    one = pipeline(folder)
    for stage in ("collect", "see", "heads", "export"):
        one.run(stage)
    return folder


@pytest.mark.parametrize("head", ["diffusion", "act", "flow", "slow_fast"])
def test_every_head_becomes_a_bundle_that_computes_what_pytorch_does(trained, head) -> None:
    bundle = load_bundle(pipeline(trained).bundle(head))
    engine = PolicyEngine(bundle)
    for output, difference in engine.golden_differences.items():
        assert output.startswith("sample") or difference < 1e-5, output
    provenance = bundle.spec.provenance
    assert len(provenance.dataset_hash) == 64
    assert provenance.seed == 0
    size = sum(file.stat().st_size for file in bundle.path.iterdir())
    assert size < 8e6


def test_extras_are_in_the_bundle_of_the_head_they_follow(trained) -> None:
    graphs = load_bundle(pipeline(trained).bundle("diffusion")).spec.graphs
    assert graphs == ("encode", "denoise", "residual", "critic")


def test_a_second_run_keeps_everything(trained, capsys) -> None:
    before = load_bundle(pipeline(trained).bundle("flow")).hash
    capsys.readouterr()
    again = pipeline(trained)
    for stage in ("collect", "see", "heads", "export"):
        again.run(stage)
    said = capsys.readouterr().out.splitlines()
    assert said
    assert all("already" in line for line in said), said
    assert load_bundle(again.bundle("flow")).hash == before


def test_success_is_measured_once_and_entered(trained, capsys) -> None:
    one = pipeline(trained, "act")
    one.run("evaluate")
    measured = load_bundle(one.bundle("act")).spec.provenance.success[0]
    assert measured.episodes == 1
    capsys.readouterr()
    one.run("evaluate")
    assert "measured already" in capsys.readouterr().out


def test_a_stage_without_the_one_before_says_what_to_run(tmp_path) -> None:
    with pytest.raises(TaktError, match="stage `collect` first"):
        pipeline(tmp_path).run("see")
    with pytest.raises(TaktError, match="stage `collect` first"):
        pipeline(tmp_path).run("heads")
    with pytest.raises(TaktError, match="stage `heads` first"):
        pipeline(tmp_path).run("export")


def test_unknown_names_are_refused(tmp_path) -> None:
    with pytest.raises(TaktError, match="full, tiny"):
        Scale.named("huge")
    with pytest.raises(TaktError, match="peg_insertion"):
        Pipeline.named("juggling")
    with pytest.raises(TaktError, match="slow_fast"):
        pipeline(tmp_path, "gan")
