"""Real episodes: the published bundle in the real simulator."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from takt_evaluation.cell import Cell, Job, cell_key
from takt_evaluation.episode import EpisodeRunner
from takt_evaluation.evaluate import evaluate
from takt_evaluation.results import Episode
from takt_policy.testing import write_tiny_bundle

BUNDLE = Path(__file__).resolve().parents[3] / "models" / "peg_insertion.takt"
CELL = Cell(str(BUNDLE), delay_s=0.1)


def _figures(row: Episode) -> dict[str, object]:
    return {
        name: value for name, value in asdict(row).items() if name not in ("wall_ms", "load", "key")
    }


def test_an_evaluation_of_two_episodes(tmp_path: Path) -> None:
    found = evaluate([CELL], [2000, 2001], tmp_path / "episodes.jsonl")
    rows = found.rows[0]
    assert [row.seed for row in rows] == [2000, 2001]
    assert not found.lost
    for row in rows:
        assert row.success, row.reason
        assert row.key == cell_key(CELL)
        assert 2.0 < row.duration_s < 6.0
        assert row.plans >= row.chunks > 3
        assert row.network_calls == 16 * row.plans
        assert len(row.wall_ms) == row.plans
        assert len(row.jumps_m) == len(row.jumps_m_s) == row.chunks - 1 - row.gaps
        assert 0.0 < max(row.jumps_m) < 0.1
        assert 0.5 < row.peak_force_n < 80.0
        assert row.rejected == 0


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
def test_an_episode_repeats_whatever_came_before(delay_s: float) -> None:
    cell = Cell(str(BUNDLE), delay_s=delay_s)
    jobs = [Job(cell, "k", seed, "c") for seed in (2000, 2001)]
    used, fresh = EpisodeRunner(), EpisodeRunner()
    used(jobs[0])
    assert _figures(used(jobs[1])) == _figures(fresh(jobs[1]))
    used.close()
    fresh.close()


def test_a_policy_that_fails_has_failed_the_episode(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "faulty.takt", faulty=True)
    runner = EpisodeRunner()
    row = runner(Job(Cell(str(bundle.path)), "k", 1000, "c"))
    runner.close()
    assert not row.success
    assert row.reason.startswith("policy failed: ")
    assert "NaN" in row.reason
    assert 0.0 < row.duration_s < 15.0
    assert (row.chunks, row.jumps_m) == (0, ())
