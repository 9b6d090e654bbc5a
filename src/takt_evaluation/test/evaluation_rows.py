"""Rows, and a runner that makes them, for the tests of this package."""

from __future__ import annotations

from typing import Any

from takt_evaluation.cell import Job, as_row
from takt_evaluation.results import Episode


def row_of(job: Job, **changes: Any) -> Episode:
    """A plausible row: every third seed fails."""
    success = job.seed % 3 != 0
    values: dict[str, Any] = {
        "key": job.key,
        **as_row(job.cell),
        "bundle_hash": "b" * 64,
        "code": job.code,
        "seed": job.seed,
        "success": success,
        "reason": "inserted" if success else f"force {80 + job.seed} N is above 80 N",
        "duration_s": 3.0 + 0.1 * (job.seed % 5),
        "waiting_s": 0.1,
        "plans": 2,
        "chunks": 2,
        "revisions": 0,
        "failed_plans": 0,
        "network_calls": 32,
        "rounds": 32,
        "wall_ms": (5.0, 6.0),
        "reflex_wall_ms": 0.0,
        "late_actions": 1,
        "over_budget": 0,
        "jumps_m": (0.001, 0.002),
        "jumps_m_s": (0.01, 0.02),
        "gaps": 0,
        "rejected": 0,
        "rejection": "",
        "peak_force_n": 12.5,
        "measures": {"insertion_depth_m": 0.025},
        "load": 1.0,
    }
    return Episode(**(values | changes))


class FakeRunner:
    """Answers at once."""

    def __call__(self, job: Job) -> Episode:
        return row_of(job)
