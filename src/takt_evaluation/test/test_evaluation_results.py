"""The result file: whole after every row, repaired after a cut, written by one process."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_rows import row_of
from hypothesis import given
from hypothesis import strategies as st

from takt_core.errors import TaktError
from takt_evaluation.cell import Cell, Job
from takt_evaluation.results import Episode, ResultFile, finished, read_rows

JOB = Job(Cell("x.takt", task_options={"shift_m": 0.003}), "k" * 16, 1000, "c" * 12)


def _write(path: Path, *seeds: int) -> None:
    with ResultFile(path) as file:
        for seed in seeds:
            file.append(row_of(Job(JOB.cell, JOB.key, seed, JOB.code)))


def test_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "episodes.jsonl"
    _write(path, 1, 2)
    _write(path, 3)
    rows = read_rows(path)
    assert rows == [row_of(Job(JOB.cell, JOB.key, seed, JOB.code)) for seed in (1, 2, 3)]
    assert finished(rows) == {(JOB.key, 1), (JOB.key, 2), (JOB.key, 3)}


@given(st.integers(1, 10_000))
def test_any_cut_loses_only_the_cut_row(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "episodes.jsonl"
    _write(path, 1, 2, 3)
    content = path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(content) if byte == ord("\n")]
    size = len(content) - cut % len(content)
    path.write_bytes(content[:size])
    complete = sum(end <= size for end in ends)
    assert len(read_rows(path)) == complete
    with ResultFile(path) as file:
        assert file.repaired == (size not in (0, *ends))
        assert [row.seed for row in file.rows] == [1, 2, 3][:complete]
        file.append(row_of(JOB))
    assert [row.seed for row in read_rows(path)] == [1, 2, 3][:complete] + [JOB.seed]


def test_one_writer_at_a_time_and_any_number_of_readers(tmp_path: Path) -> None:
    path = tmp_path / "episodes.jsonl"
    with ResultFile(path) as file:
        file.append(row_of(JOB))
        assert len(read_rows(path)) == 1
        with pytest.raises(TaktError, match="another evaluation"):
            ResultFile(path)
    with ResultFile(path) as file:
        assert len(file.rows) == 1


def test_a_broken_line_in_the_middle_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "episodes.jsonl"
    _write(path, 1, 2)
    lines = path.read_bytes().splitlines(keepends=True)
    broken = lines[0] + b'{"key": 7}\n' + lines[1]
    path.write_bytes(broken)
    with pytest.raises(TaktError, match=r"line 2.*version"):
        ResultFile(path)
    assert path.read_bytes() == broken
    path.write_bytes(lines[0] + b"\0\0\0\n" + lines[1])
    with pytest.raises(TaktError, match="line 2"):
        read_rows(path)
    # The failed attempts hold no lock.
    path.write_bytes(b"".join(lines))
    with ResultFile(path) as file:
        assert len(file.rows) == 2


def test_a_row_is_one_short_line() -> None:
    row = row_of(JOB, jumps_m=(0.123456789,), wall_ms=(1.0 / 3.0,))
    line = row.to_line()
    assert "\n" not in line
    assert "0.123457" in line
    assert "0.333333," in line or "0.333333]" in line


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match=r"none\.jsonl cannot be read"):
        read_rows(tmp_path / "none.jsonl")


def test_from_mapping_names_what_differs() -> None:
    with pytest.raises(ValueError, match="surplus"):
        Episode.from_mapping({"surplus": 1})
