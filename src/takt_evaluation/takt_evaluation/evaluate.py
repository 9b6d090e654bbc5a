"""Runs what is missing of an evaluation, and remembers all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from takt_core.errors import TaktError
from takt_evaluation.cell import Cell, Job, cell_key, unique
from takt_evaluation.episode import EpisodeRunner, make_engine
from takt_evaluation.results import Episode, ResultFile, finished
from takt_evaluation.source import code_hash
from takt_evaluation.workers import Done, MakeRunner, cores, run_jobs
from takt_sim.tasks import make_task

EVALUATION_SEEDS = 1000
"""Evaluations use the seeds from here on; no demonstration does."""


class Progress(Protocol):
    """What wants to know how it goes."""

    def begin(self, jobs: Sequence[Job], skipped: int) -> None:
        """The episodes to run, in order, and how many were run before."""

    def done(self, row: Episode) -> None:
        """An episode has ended."""

    def lost(self, job: Job, reason: str, final: bool) -> None:
        """An episode could not be run; unless final it is tried again."""


@dataclass(frozen=True)
class Evaluation:
    """What is known after a run.

    Attributes:
        cells: as they were asked for.
        rows: of each cell, for the seeds asked for, in the order of the seeds.
        lost: episodes without a row, and why.
    """

    cells: tuple[Cell, ...]
    rows: tuple[tuple[Episode, ...], ...]
    lost: tuple[tuple[Job, str], ...] = ()


def by_key(cells: Sequence[Cell]) -> dict[str, Cell]:
    """The cells by the keys of their rows.

    Raises:
        TaktError: two cells are the same or cannot be told apart, or a bundle cannot be read.
    """
    if not cells:
        raise TaktError("nothing to evaluate: name a bundle or a plan")
    unique(cells)
    keyed: dict[str, Cell] = {}
    for cell in cells:
        key = cell_key(cell)
        if key in keyed:
            raise TaktError(
                f"{cell.label!r} and {keyed[key].label!r} are the same but for the name; leave "
                "one out"
            )
        keyed[key] = cell
    return keyed


def check(cells: Sequence[Cell]) -> None:
    """Refuses what could not run, before anything does.

    Raises:
        TaktError: a bundle, a setting, a task or an option of it is wrong.
    """
    engines, worlds = set(), set()
    for cell in cells:
        if cell.world not in worlds:
            make_task(cell.task, **cell.task_options)
            worlds.add(cell.world)
        if (cell.bundle, cell.execution, cell.goal) not in engines:
            try:
                make_engine(cell)
            except TaktError as error:
                raise TaktError(f"{cell.series}: {error}") from None
            engines.add((cell.bundle, cell.execution, cell.goal))


def evaluate(
    cells: Sequence[Cell],
    seeds: Sequence[int],
    results_file: Path | str,
    workers: int = 0,
    progress: Progress | None = None,
    make_runner: MakeRunner = EpisodeRunner,
) -> Evaluation:
    """Runs each cell on each seed, but for the episodes that the result file already has.

    Every row is in the file as soon as its episode has ended, whatever happens afterwards.

    Args:
        workers: processes; 0: one per core.
        make_runner: makes what runs a ``Job`` in a worker.

    Raises:
        TaktError: see ``by_key`` and ``check``; or the file belongs to another process or version.
    """
    keyed = by_key(cells)
    check(cells)
    with ResultFile(results_file) as file:
        there = finished(file.rows)
        jobs = [
            Job(cell, key, seed, code_hash())
            for key, cell in keyed.items()
            for seed in seeds
            if (key, seed) not in there
        ]
        if progress is not None:
            progress.begin(jobs, len(keyed) * len(seeds) - len(jobs))
        lost = []
        with closing(run_jobs(make_runner, jobs, workers or cores())) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, Done):
                    file.append(outcome.result)
                    if progress is not None:
                        progress.done(outcome.result)
                    continue
                if progress is not None:
                    progress.lost(outcome.job, outcome.reason, outcome.final)
                if outcome.final:
                    lost.append((outcome.job, outcome.reason))
        return gather(keyed, seeds, file.rows, lost)


def gather(
    keyed: Mapping[str, Cell],
    seeds: Sequence[int],
    rows: Sequence[Episode],
    lost: Sequence[tuple[Job, str]] = (),
) -> Evaluation:
    """The rows that belong to an evaluation, out of all that a file has."""
    wanted = set(seeds)
    by_key: dict[str, dict[int, Episode]] = {key: {} for key in keyed}
    for row in rows:
        if row.key in by_key and row.seed in wanted:
            by_key[row.key][row.seed] = row
    return Evaluation(
        tuple(keyed.values()),
        tuple(tuple(row for _, row in sorted(found.items())) for found in by_key.values()),
        tuple(lost),
    )
