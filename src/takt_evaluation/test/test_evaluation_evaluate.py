"""Evaluations: only what is missing is run, and nothing that has been run is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from evaluation_rows import FakeRunner
from evaluation_runners import BrokenRunner

from takt_core.errors import TaktError
from takt_evaluation.cell import Cell, Job, cell_key
from takt_evaluation.evaluate import by_key, check, evaluate
from takt_evaluation.results import Episode, read_rows
from takt_policy.bundle import MeasuredSuccess, write_success
from takt_policy.execution import Execution
from takt_policy.testing import tiny_spec, write_tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny.takt").path)


class _Watch:
    """Counts, and presses Ctrl-C after some episodes."""

    def __init__(self, interrupt_after: int = 0) -> None:
        self._interrupt_after = interrupt_after
        self.jobs: list[tuple[str, int]] = []
        self.skipped = 0
        self.ended = 0

    def begin(self, jobs: Sequence[Job], skipped: int) -> None:
        self.jobs = [(job.cell.label, job.seed) for job in jobs]
        self.skipped = skipped

    def done(self, row: Episode) -> None:
        self.ended += 1
        if self.ended == self._interrupt_after:
            raise KeyboardInterrupt

    def lost(self, job: Job, reason: str, final: bool) -> None:
        raise AssertionError(reason)


def test_only_what_is_missing_is_run(tmp_path: Path, bundle: str) -> None:
    path = tmp_path / "episodes.jsonl"
    cells = [Cell(bundle), Cell(bundle, delay_s=0.1)]
    first = _Watch()
    evaluate(cells[:1], range(3), path, 1, first, FakeRunner)
    assert len(first.jobs) == 3
    second = _Watch()
    found = evaluate(cells, range(1, 5), path, 2, second, FakeRunner)
    assert second.skipped == 2
    assert second.jobs == [
        ("tiny @ 0 ms", 3),
        ("tiny @ 0 ms", 4),
        *(("tiny @ 100 ms", seed) for seed in range(1, 5)),
    ]
    assert [[row.seed for row in rows] for rows in found.rows] == [[1, 2, 3, 4]] * 2
    # Nothing is left: no worker is even started.
    again = evaluate(cells, range(1, 5), path, 2, make_runner=BrokenRunner)
    assert again.rows == found.rows
    assert len(read_rows(path)) == 9


def test_ctrl_c_keeps_what_was_run(tmp_path: Path, bundle: str) -> None:
    path = tmp_path / "episodes.jsonl"
    with pytest.raises(KeyboardInterrupt):
        evaluate([Cell(bundle)], range(20), path, 1, _Watch(interrupt_after=4), FakeRunner)
    rows = read_rows(path)
    assert len(rows) == 4
    rest = _Watch()
    evaluate([Cell(bundle)], range(20), path, 1, rest, FakeRunner)
    assert {seed for _, seed in rest.jobs} == set(range(20)) - {row.seed for row in rows}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"task": "juggling"}, r"no task 'juggling'"),
        ({"task_options": {"shift": 1.0}}, r"'shift'; did you mean 'shift_m'"),
        ({"bundle": "none.takt"}, r"none\.takt is not a folder"),
        ({"execution": Execution(sampler="ddim", sampler_steps=10_000)}, r"sampler_steps"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs(
    tmp_path: Path, bundle: str, change: dict[str, object], named: str
) -> None:
    path = tmp_path / "episodes.jsonl"
    bad = Cell(**({"bundle": bundle, "name": "bad"} | change))  # type: ignore[arg-type]
    with pytest.raises(TaktError, match=named):
        evaluate([Cell(bundle), bad], range(3), path, 1, make_runner=BrokenRunner)
    assert not path.exists()


def test_a_policy_gets_its_goal_or_is_refused(tmp_path: Path) -> None:
    spec = tiny_spec(goal=["goal_text"])
    bundle = str(write_tiny_bundle(tmp_path / "asked.takt", spec=spec).path)
    with pytest.raises(TaktError, match=r"needs one of the texts.*--goal"):
        check([Cell(bundle)])
    with pytest.raises(TaktError, match="as its goal"):
        check([Cell(bundle, goal="sing a song")])


def test_cells_that_cannot_be_told_apart_are_refused(bundle: str) -> None:
    with pytest.raises(TaktError, match="two cells are called 'tiny @ 0 ms'"):
        by_key([Cell(bundle), Cell(bundle, Execution(sampler_steps=3))])
    with pytest.raises(TaktError, match="the same but for the name"):
        by_key([Cell(bundle), Cell(bundle, name="again")])
    with pytest.raises(TaktError, match="nothing to evaluate"):
        by_key([])


def test_the_key_says_what_decides_an_episode(tmp_path: Path, bundle: str) -> None:
    key = cell_key(Cell(bundle))
    others = [
        Cell(bundle, delay_s=0.1),
        Cell(bundle, Execution(sampler_steps=3)),
        Cell(bundle, task_options={"shift_m": 0.003}),
        Cell(bundle, Execution(compose=(bundle,), compose_weights=(0.5, 0.5))),
    ]
    assert len({key, *map(cell_key, others)}) == 5
    assert cell_key(Cell(bundle, name="renamed")) == key


def test_entering_a_success_does_not_change_the_key(tmp_path: Path) -> None:
    cell = Cell(str(write_tiny_bundle(tmp_path / "a.takt").path))
    before = cell_key(cell)
    write_success(cell.bundle, MeasuredSuccess("peg_insertion", 10, 9, (0.6, 0.98), "a test"))
    assert cell_key(cell) == before


def test_the_content_of_files_counts_not_only_their_name(tmp_path: Path, bundle: str) -> None:
    costs = tmp_path / "costs.yaml"
    cell = Cell(bundle, Execution(steer=str(costs)))
    with pytest.raises(TaktError, match=r"costs\.yaml cannot be read"):
        cell_key(cell)
    costs.write_text("a")
    before = cell_key(cell)
    costs.write_text("b")
    assert cell_key(cell) != before
