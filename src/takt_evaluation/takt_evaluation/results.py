"""The result file: one JSON object per line and episode, written as episodes end.

It can be taken up again after anything: rows that are there are not run again, a last line
that was cut off is removed. One process writes it at a time.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from takt_core.errors import TaktError


@dataclass(frozen=True)
class Episode:
    """One row.

    Attributes:
        key: of its cell, see ``takt_evaluation.cell.cell_key``.
        cell, bundle, execution, delay_s, task, task_options, goal: of the cell, for people; of the
            execution what differs from the defaults.
        bundle_hash: of the bundle as in the chunks' records.
        code: hash of the code that ran it, see ``takt_evaluation.source``.
        seed: of the task, the sensors' noise and the policy's.
        success: whether the task was done.
        reason: why the episode ended.
        duration_s: simulated [s].
        waiting_s: simulated time without a complete observation where one was wanted [s].
        plans, chunks: plans made, and those of them of which something was committed.
        revisions: chunks committed again by a reflex.
        failed_plans: of which nothing could be used (NaN, for example).
        network_calls: of the network that is sampled, over all plans.
        rounds: sequential ones of them, over all plans; several calls in one batch are one.
        wall_ms: wall time of each plan [ms].
        reflex_wall_ms: median of the reflexes [ms]; 0 without.
        late_actions, over_budget: of the schedule.
        jumps_m, jumps_m_s: at the hand-overs, see ``takt_evaluation.handover``.
        gaps: hand-overs before which the old chunk had run out.
        rejected: trajectories that the controller refused.
        rejection: why it refused the first of them.
        peak_force_n: greatest external force on the tool [N].
        measures: of the task at the end.
        load: of the machine over the last minute when the episode ended.
    """

    key: str
    cell: str
    bundle: str
    bundle_hash: str
    execution: Mapping[str, Any]
    delay_s: float
    task: str
    task_options: Mapping[str, Any]
    goal: str
    code: str
    seed: int
    success: bool
    reason: str
    duration_s: float
    waiting_s: float
    plans: int
    chunks: int
    revisions: int
    failed_plans: int
    network_calls: int
    rounds: int
    wall_ms: tuple[float, ...]
    reflex_wall_ms: float
    late_actions: int
    over_budget: int
    jumps_m: tuple[float, ...]
    jumps_m_s: tuple[float, ...]
    gaps: int
    rejected: int
    rejection: str
    peak_force_n: float
    measures: Mapping[str, float]
    load: float

    def to_line(self) -> str:
        """One line of JSON, without its end."""
        return json.dumps(_rounded(asdict(self)), separators=(",", ":"))

    @staticmethod
    def from_mapping(values: Any) -> Episode:
        """The inverse of ``to_line`` but for rounding.

        Raises:
            ValueError: it is not a row of this version.
        """
        names = {one.name for one in fields(Episode)}
        if not isinstance(values, dict) or set(values) != names:
            found = set(values) if isinstance(values, dict) else set()
            differing = ", ".join(sorted(found ^ names)) or "no object"
            raise ValueError(f"not a row of this version of takt (differs in: {differing})")
        lists = ("wall_ms", "jumps_m", "jumps_m_s")
        content: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in values.items()}
        return Episode(**content)


def _rounded(value: Any) -> Any:
    """Six digits say more than a simulation knows, and keep the file small."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return value


class ResultFile:
    """A result file that this process writes. Use it as a context.

    Raises:
        TaktError: another process writes it, or it holds what is no row.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = self.path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise TaktError(
                f"{self.path} is being written by another evaluation; wait for its end, or write "
                "to another folder with --out"
            ) from None
        try:
            self.repaired = self._cut_torn_line()
            self.rows = read_rows(self.path)
        except TaktError:
            self._file.close()
            raise

    def __enter__(self) -> ResultFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, row: Episode) -> None:
        """Adds a row; it is in the operating system's hands when this returns."""
        self._file.write(row.to_line().encode() + b"\n")
        self._file.flush()
        self.rows.append(row)

    def _cut_torn_line(self) -> bool:
        """Removes what a killed process left of its last line; says whether there was any."""
        content = self.path.read_bytes()
        end = content.rfind(b"\n") + 1
        if end == len(content):
            return False
        self._file.truncate(end)
        return True


def read_rows(path: Path | str) -> list[Episode]:
    """All complete rows of a file, also of one that is being written.

    Raises:
        TaktError: the file is missing, or a line before the last is no row.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise TaktError(f"{path} cannot be read ({error.strerror})") from None
    rows = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            rows.append(Episode.from_mapping(json.loads(line)))
        except ValueError as error:
            raise TaktError(
                f"{path}, line {number}: {error}. Delete the line (its episode is run again), or "
                "write to another folder with --out"
            ) from None
    return rows


def finished(rows: Iterable[Episode]) -> set[tuple[str, int]]:
    """Keys and seeds of the episodes that need not be run again."""
    return {(row.key, row.seed) for row in rows}
