"""All stages, at a scale that takes seconds; the policy that comes out is no good."""

from __future__ import annotations

import pytest

from takt_core.errors import TaktError
from takt_training.pipeline import Pipeline, Scale

pytest.importorskip("torch")

from takt_policy.bundle import load_bundle
from takt_policy.engine import PolicyEngine

SMALL = Scale("small", episodes=2, per_shard=1, see_steps=2, act_steps=3, evaluation_episodes=1)


def pipeline(folder) -> Pipeline:
    # Seeds of episodes 0 and 1 lie in different halves of the split.
    return Pipeline(folder / "work", folder / "test.takt", SMALL, workers=1, threads=1)


def test_stages_make_a_bundle_and_a_second_run_keeps_it(tmp_path, capsys) -> None:
    one = pipeline(tmp_path)
    for stage in ("collect", "train", "export"):
        getattr(one, stage)()
    engine = PolicyEngine(load_bundle(one.bundle))
    # Parity of the graphs with PyTorch, whose outputs are the golden ones.
    assert engine.golden_differences["encode.out.condition"] < 1e-5
    assert engine.golden_differences["denoise.out.prediction"] < 1e-5
    provenance = engine.bundle.spec.provenance
    assert len(provenance.dataset_hash) == 64
    assert provenance.seed == 0
    before = engine.bundle.hash
    capsys.readouterr()
    for stage in ("collect", "train", "export"):
        getattr(one, stage)()
    assert capsys.readouterr().out.count("already") == 3
    assert load_bundle(one.bundle).hash == before
    one.evaluate()
    measured = load_bundle(one.bundle).spec.provenance.success[0]
    assert measured.episodes == 1
    assert "delay of inference 50, 100, 150 ms" in measured.setting


def test_a_stage_without_the_one_before_says_what_to_run(tmp_path) -> None:
    with pytest.raises(TaktError, match="stage `collect` first"):
        pipeline(tmp_path).train()
    with pytest.raises(TaktError, match="stage `train` first"):
        pipeline(tmp_path).export()


def test_unknown_scale_is_refused() -> None:
    with pytest.raises(TaktError, match="full, tiny"):
        Scale.named("huge")
