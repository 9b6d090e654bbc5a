"""The parts of a chunk's latency, from stamps."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from takt_bringup.cli import latency as command
from takt_bringup.latency import PARTS, parts_ms, percentiles, table
from takt_core.errors import TaktError


def _stamp(ms: float) -> SimpleNamespace:
    seconds, nanoseconds = divmod(round(ms * 1e6), 1_000_000_000)
    return SimpleNamespace(sec=seconds, nanosec=nanoseconds)


def _chunk(age_ms: float = 10.0, inference_ms: float = 50.0) -> SimpleNamespace:
    start = 2000.0
    return SimpleNamespace(
        observed_newest=_stamp(start - age_ms),
        observed_oldest=_stamp(start - age_ms - 30.0),
        inference_start=_stamp(start),
        inference_end=_stamp(start + inference_ms),
        inference_wall_ns=round(inference_ms * 0.5e6),
        header=SimpleNamespace(stamp=_stamp(start + inference_ms + 2.0)),
    )


def test_parts_add_up() -> None:
    parts = parts_ms(_chunk())
    assert parts == pytest.approx(
        {
            "observation_age": 10.0,
            "oldest_input": 40.0,
            "inference": 50.0,
            "inference_wall": 25.0,
            "publishing": 2.0,
            "end_to_end": 62.0,
        }
    )


def test_percentiles_and_table() -> None:
    report = percentiles([_chunk(inference_ms=value) for value in (10.0, 20.0, 30.0)])
    assert tuple(report) == PARTS
    assert report["inference"]["p50"] == pytest.approx(20.0)
    assert report["inference"]["max"] == pytest.approx(30.0)
    lines = table(report).splitlines()
    assert len(lines) == 1 + len(PARTS)
    assert "20.0" in lines[3]


def test_without_chunks_the_table_has_no_numbers() -> None:
    assert table(percentiles([])).splitlines()[1].split()[1:5] == ["-"] * 4


def test_command_with_a_bag(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "chunks_of_bag", lambda bag: [_chunk(), _chunk()])
    assert command.main(["some_bag"]) == 0
    assert capsys.readouterr().out.startswith("2 chunks\n")
    assert command.main(["some_bag", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chunks"] == 2


def test_a_missing_bag_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match="does not exist"):
        command.chunks_of_bag(tmp_path / "none")
