"""Jobs in worker processes, some of which die."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from evaluation_runners import (
    BrokenRunner,
    FragileRunner,
    interrupt_itself,
    start_at_the_second_try,
)

from takt_core.errors import TaktError
from takt_evaluation.workers import ENVIRONMENT, Done, Lost, run_jobs


def _jobs(folder: Path, *names: str) -> list[tuple[str, str]]:
    return [(name, str(folder / name)) for name in names]


def test_jobs_survive_their_workers(tmp_path: Path) -> None:
    names = ["a", "crash once", "b", "raise once", "c", "kill always", "d"]
    outcomes = list(run_jobs(FragileRunner, _jobs(tmp_path, *names), workers=2))
    done = {one.job[0] for one in outcomes if isinstance(one, Done)}
    assert done == {"a", "b", "c", "d", "crash once", "raise once"}
    lost = [one for one in outcomes if isinstance(one, Lost)]
    assert sorted((one.job[0], one.final) for one in lost) == [
        ("crash once", False),
        ("kill always", False),
        ("kill always", True),
        ("raise once", False),
    ]
    reasons = {one.job[0]: one.reason for one in lost}
    assert "SIGKILL" in reasons["kill always"]
    assert "no luck with raise once" in reasons["raise once"]


def test_a_worker_that_cannot_start_says_why() -> None:
    with pytest.raises(TaktError, match=r"cannot start[\s\S]*no display"):
        list(run_jobs(BrokenRunner, ["job"], workers=2))


def test_a_start_that_fails_once_is_no_matter(tmp_path: Path) -> None:
    outcomes = list(
        run_jobs(partial(start_at_the_second_try, tmp_path / "mark"), ["a", "b"], workers=1)
    )
    assert [one.result for one in outcomes if isinstance(one, Done)] == ["done a", "done b"]


def test_ctrl_c_does_not_reach_the_workers(tmp_path: Path) -> None:
    """A terminal sends it to the whole group; a worker that dies of it would look like a fault."""
    outcomes = list(run_jobs(interrupt_itself, ["a"], workers=1))
    assert [one.result for one in outcomes if isinstance(one, Done)] == ["still here after a"]


def test_closing_early_ends_the_workers(tmp_path: Path) -> None:
    jobs = run_jobs(FragileRunner, _jobs(tmp_path, *"abcdefgh"), workers=2)
    first = next(jobs)
    assert isinstance(first, Done)
    jobs.close()
    process = int(first.result.split(": ")[1])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_there_are_no_workers_without_jobs() -> None:
    assert list(run_jobs(BrokenRunner, [], workers=2)) == []


def test_the_environment_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    list(run_jobs(FragileRunner, _jobs(tmp_path, "a"), workers=1))
    assert not set(ENVIRONMENT) & set(os.environ)
