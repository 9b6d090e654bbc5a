"""From rows to figures, tables, files and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
from evaluation_rows import row_of

from takt_core.errors import TaktError
from takt_evaluation.cell import Cell, Job
from takt_evaluation.evaluate import Evaluation
from takt_evaluation.report import notes, tables, write_report
from takt_evaluation.results import Episode
from takt_evaluation.summary import summarise
from takt_evaluation.table import Table, cells_table, delays_table, failures_table


def _evaluation(cells: list[Cell], succeeds: Callable[[Cell, int], bool]) -> Evaluation:
    rows = tuple(
        tuple(_row(cell, f"key{number}", seed, succeeds(cell, seed)) for seed in range(10))
        for number, cell in enumerate(cells)
    )
    return Evaluation(tuple(cells), rows)


def _row(cell: Cell, key: str, seed: int, success: bool, **changes: Any) -> Episode:
    reason = "inserted" if success else f"force {80 + seed} N is above 80 N"
    return row_of(Job(cell, key, seed, "code"), success=success, reason=reason, **changes)


def _grid() -> list[Cell]:
    return [
        Cell("x.takt", delay_s=delay_s, name=name)
        for name in ("plain", "rtc")
        for delay_s in (0.0, 0.3)
    ]


def _plain_fails_late(cell: Cell, seed: int) -> bool:
    return cell.name == "rtc" or cell.delay_s == 0.0 or seed < 4


def test_figures_of_a_cell() -> None:
    cell = Cell("x.takt")
    rows = tuple(
        _row(cell, "k", seed, seed < 3, duration_s=float(seed), late_actions=4, gaps=1)
        for seed in range(4)
    )
    (one,) = summarise(Evaluation((cell,), (rows,)))
    assert (one.episodes, one.successes, one.rate) == (4, 3, 0.75)
    assert one.duration_s["p50"] == 1.0  # of 0, 1, 2; the failed one does not count
    assert (one.calls_per_chunk, one.rounds_per_chunk) == (16.0, 16.0)
    assert one.wall_ms["count"] == 8
    assert one.jump_mm["p50"] == pytest.approx(1.5)
    assert one.jump_mm_s["p50"] == pytest.approx(15.0)
    assert (one.late_per_chunk, one.idle) == (2.0, 4)
    assert one.failures == (("force … N is above … N", 1),)
    assert (one.baseline, one.paired, one.kept) == ("", None, None)


def test_cells_are_compared_with_the_baseline_of_their_delay() -> None:
    found = summarise(_evaluation(_grid(), _plain_fails_late), "plain")
    assert [one.baseline for one in found] == ["", "", "plain @ 0 ms", "plain @ 300 ms"]
    late = found[3].paired
    assert late is not None
    assert (late.both, late.only_first, late.only_second) == (4, 0, 6)
    assert found[3].rate - found[1].rate == pytest.approx(late.difference)


def test_cells_are_compared_with_one_cell() -> None:
    found = summarise(_evaluation(_grid(), _plain_fails_late), "plain@0.3")
    assert [one.baseline for one in found] == [
        "plain @ 300 ms", "", "plain @ 300 ms", "plain @ 300 ms",
    ]  # fmt: skip
    assert found[0].paired is not None
    assert found[0].paired.only_second == 6


def test_each_delay_is_compared_with_the_smallest_of_its_series() -> None:
    found = summarise(_evaluation(_grid(), _plain_fails_late))
    kept = [one.kept for one in found]
    assert kept[0] is None
    assert kept[2] is None
    assert kept[1] is not None
    assert kept[3] is not None
    assert (kept[1].difference, kept[3].difference) == (-0.6, 0.0)


def test_worlds_are_not_mixed() -> None:
    cells = [
        Cell("x.takt", name="plain"),
        Cell("x.takt", name="rtc"),
        Cell("x.takt", name="rtc", task_options={"shift_m": 0.003}),
    ]
    found = summarise(_evaluation(cells, lambda cell, seed: True), "plain")
    assert [one.paired is None for one in found] == [True, False, True]


@pytest.mark.parametrize(
    ("baseline", "named"), [("other", "plain, rtc"), ("plain@0.2", "no cell.*0, 0.3")]
)
def test_an_unknown_baseline_is_refused(baseline: str, named: str) -> None:
    with pytest.raises(TaktError, match=named):
        summarise(_evaluation(_grid(), _plain_fails_late), baseline)


def test_tables_have_a_row_per_cell_and_per_series() -> None:
    found = summarise(_evaluation(_grid(), _plain_fails_late), "plain")
    cells = cells_table(found)
    assert [row[:3] for row in cells.rows] == [
        ["plain", "0", "10/10"],
        ["plain", "300", "4/10"],
        ["rtc", "0", "10/10"],
        ["rtc", "300", "10/10"],
    ]
    assert "vs baseline" in cells.header
    delays = delays_table(found)
    assert delays is not None
    assert list(delays.header) == ["success %", "0 ms", "300 ms", "last - first", "p"]
    assert delays.rows[0][1:3] == ["100 (72–100)", "40 (17–69)"]
    assert delays.rows[0][3].startswith("-60 (")
    failures = failures_table(found)
    assert failures is not None
    assert failures.rows == [["plain @ 300 ms", "6", "force … N is above … N"]]


def test_no_table_of_delays_or_failures_where_there_are_none() -> None:
    found = summarise(_evaluation([Cell("x.takt")], lambda cell, seed: True))
    assert delays_table(found) is None
    assert failures_table(found) is None
    assert len(tables(found)) == 1


def test_text_and_markdown() -> None:
    table = Table(["name", "n"], [["a|b", "1"], ["c", "20"]])
    assert table.text() == "name   n\na|b    1\nc     20"
    assert table.markdown().splitlines() == [
        "| name | n |", "| --- | --: |", "| a\\|b | 1 |", "| c | 20 |",
    ]  # fmt: skip


def test_notes_warn_of_what_spoils_a_comparison() -> None:
    evaluation = _evaluation([Cell("x.takt")], lambda cell, seed: True)
    words = " ".join(notes(evaluation, summarise(evaluation)))
    assert "wall time" in words
    assert "versions of the code" not in words
    cell = evaluation.cells[0]
    rows = (
        _row(cell, "k", 1, True),
        _row(cell, "k", 2, True, rejected=2, rejection="too far", load=7.5),
    )
    other = row_of(Job(cell, "k", 3, "other code"))
    mixed = Evaluation((cell,), ((*rows, other),), ((Job(cell, "k", 4, "c"), "a\nSIGKILL"),))
    words = " ".join(notes(mixed, summarise(mixed)))
    assert "2 versions of the code" in words
    assert "refused trajectories of x @ 0 ms (2, the first because: too far)" in words
    assert "1 episodes could not be run" in words
    assert "SIGKILL" in words
    assert "load 1.0 to 7.5" in words


@pytest.mark.parametrize("cells", [_grid(), [Cell("x.takt", name="a"), Cell("y.takt", name="b")]])
def test_report_writes_tables_json_and_pictures(tmp_path: Path, cells: list[Cell]) -> None:
    evaluation = _evaluation(cells, _plain_fails_late)
    paths = write_report(tmp_path / "out", "A title", evaluation, summarise(evaluation))
    markdown, summary, *pictures = paths
    assert markdown.read_text().startswith("# A title\n\n| setting |")
    content = json.loads(summary.read_text())
    assert [one["name"] for one in content["cells"]] == [cell.name for cell in cells]
    assert content["cells"][0]["successes"] == 10
    assert len(pictures) == 2
    for picture in pictures:
        pixels = cv2.imread(str(picture))
        assert pixels is not None
        assert pixels.shape[1] > 1000
        assert pixels.std() > 5.0


def test_a_report_of_nothing_yet_is_no_error(tmp_path: Path) -> None:
    evaluation = Evaluation((Cell("x.takt"),), ((),))
    write_report(tmp_path, "Nothing", evaluation, summarise(evaluation))
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["cells"][0]["episodes"] == 0
    assert content["cells"][0]["wall_ms"]["p50"] is None
