"""The success of a trained policy, entered into its bundle."""

from __future__ import annotations

import sys
from pathlib import Path

from takt_core.errors import TaktError
from takt_evaluation.cell import Cell
from takt_evaluation.evaluate import EVALUATION_SEEDS, evaluate
from takt_evaluation.progress import TerminalProgress
from takt_evaluation.statistics import wilson
from takt_policy.bundle import Bundle, MeasuredSuccess, write_success

DELAY_S = 0.1
"""Of inference; about what a policy has on a robot, with all that is around it."""


def measure(bundle: Path, task: str, episodes: int, results_file: Path, workers: int = 0) -> Bundle:
    """Runs episodes on the seeds of evaluations and writes the success into policy.yaml.

    Args:
        results_file: keeps the episodes; those that it has of this very policy are not run again.
        workers: processes; 0: one per core.

    Raises:
        TaktError: episodes could not be run.
    """
    cell = Cell(str(bundle), delay_s=DELAY_S, task=task)
    seeds = range(EVALUATION_SEEDS, EVALUATION_SEEDS + episodes)
    found = evaluate([cell], seeds, results_file, workers, TerminalProgress(sys.stdout))
    if found.lost:
        raise TaktError(f"{len(found.lost)} episodes could not be run: {found.lost[0][1]}")
    successes = sum(row.success for row in found.rows[0])
    low, high = wilson(successes, episodes)
    setting = (
        f"lock-step simulation, seeds {seeds[0]} to {seeds[-1]}, the bundle's own sampling, "
        f"delay of inference {1e3 * DELAY_S:g} ms"
    )
    interval = (round(low, 4), round(high, 4))
    measured = MeasuredSuccess(task, episodes, successes, interval, setting)
    entered: Bundle = write_success(bundle, measured)
    return entered
