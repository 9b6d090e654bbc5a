"""Measured success: from episodes into the bundle."""

from __future__ import annotations

import shutil
from pathlib import Path

from takt_policy.bundle import load_bundle
from takt_training.measure import measure

BUNDLE = Path(__file__).resolve().parents[3] / "models" / "peg_insertion.takt"


def test_success_is_entered_and_what_was_run_is_not_run_again(tmp_path: Path) -> None:
    bundle = tmp_path / "copy.takt"
    shutil.copytree(BUNDLE, bundle)
    results = tmp_path / "episodes.jsonl"
    entered = measure(bundle, "peg_insertion", 2, results).spec.provenance.success
    assert [(one.task, one.episodes) for one in entered] == [("peg_insertion", 2)]
    assert "seeds 1000 to 1001" in entered[0].setting
    rows = results.read_text()
    # The bundle's content hash has changed with that, what it does has not.
    assert load_bundle(bundle).hash != load_bundle(BUNDLE).hash
    assert measure(bundle, "peg_insertion", 2, results).spec.provenance.success == entered
    assert results.read_text() == rows
