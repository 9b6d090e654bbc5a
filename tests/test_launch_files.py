"""The launch files of takt: each evaluates, and its nodes and parameters exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from takt_bringup.launcher.evaluate import evaluate_launch_file

_FILES = sorted((Path(__file__).resolve().parents[1] / "launch").glob("*.launch.yaml"))


def _labels(file: Path, scratch: Path, **arguments: str) -> list[str]:
    plan = evaluate_launch_file(file, arguments, scratch)
    assert all(os.access(process.command[0], os.X_OK) for process in plan.processes)
    return [process.label for process in plan.processes]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_evaluates_with_its_defaults(file: Path, tmp_path: Path) -> None:
    assert _labels(file, tmp_path)


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_everything_moves_into_the_namespace(file: Path, tmp_path: Path) -> None:
    labels = _labels(file, tmp_path, namespace="left")
    assert labels
    assert all(label.startswith("left/") for label in labels)


def test_arguments_take_nodes_away(tmp_path: Path) -> None:
    (file,) = [file for file in _FILES if file.name == "sim_policy.launch.yaml"]
    assert _labels(file, tmp_path) == ["simulator", "arbiter", "recorder", "policy"]
    without = _labels(file, tmp_path / "without", record="false")
    assert without == ["simulator", "arbiter", "policy"]
