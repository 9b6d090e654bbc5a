"""Cells of an evaluation: a policy, how it is executed, and the world it meets; and their jobs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from takt_core.errors import TaktError
from takt_policy.bundle import load_bundle
from takt_policy.bundle.bundle import SPEC_FILE
from takt_policy.bundle.dump import spec_to_mapping
from takt_policy.execution import Execution


@dataclass(frozen=True)
class Cell:
    """What a column of seeds is run with.

    Attributes:
        bundle: folder of the policy.
        execution: how it is sampled, guided and scheduled.
        delay_s: simulated delay of inference [s].
        task: name of a simulated task.
        task_options: of the task, by name.
        goal: text for policies that need one.
        name: of the series that this cell belongs to; with the delay, the task and its options
            it is unique within an evaluation.
    """

    bundle: str
    execution: Execution = field(default_factory=Execution)
    delay_s: float = 0.0
    task: str = "peg_insertion"
    task_options: Mapping[str, Any] = field(default_factory=dict)
    goal: str = ""
    name: str = ""

    @property
    def series(self) -> str:
        """The name, or that of the bundle."""
        return self.name or Path(self.bundle).stem

    @property
    def world(self) -> str:
        """The task with its options, and the goal, in words."""
        options = [f"{name}={value}" for name, value in sorted(self.task_options.items())]
        goal = [repr(self.goal)] if self.goal else []
        return " ".join([self.task, *options, *goal])

    @property
    def label(self) -> str:
        """The series and the delay in words."""
        return f"{self.series} @ {1e3 * self.delay_s:g} ms"


@dataclass(frozen=True)
class Job:
    """One episode to run.

    Attributes:
        key: of the cell.
        code: see ``takt_evaluation.source``.
    """

    cell: Cell
    key: str
    seed: int
    code: str


def unique(cells: Sequence[Cell]) -> None:
    """Refuses cells that could not be told apart in a table.

    Raises:
        TaktError: two cells have the same name, delay, and world.
    """
    seen = set()
    for cell in cells:
        mark = (cell.series, cell.delay_s, cell.world)
        if mark in seen:
            raise TaktError(
                f"two cells are called {cell.label!r} ({cell.world}); give their settings "
                "different names: --setting name=..., or `name` in the plan"
            )
        seen.add(mark)


def cell_key(cell: Cell) -> str:
    """Says which rows of a result file belong to a cell: a hash of all that decides its episodes.

    The name does not count, so that a setting can be renamed. Neither does a bundle's provenance:
    entering a measured success changes nothing of what a policy does.

    Raises:
        TaktError: a bundle or a file that the execution names cannot be read.
    """
    execution = dataclasses.asdict(cell.execution)
    content = {
        "policy": policy_fingerprint(cell.bundle),
        "execution": execution,
        "composed": [policy_fingerprint(path) for path in execution.get("compose", ())],
        "steered": _file_hash(execution.get("steer", "")),
        "delay_s": cell.delay_s,
        "task": cell.task,
        "task_options": dict(cell.task_options),
        "goal": cell.goal,
    }
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def policy_fingerprint(folder: str) -> str:
    """Hash over a bundle's files, but for the provenance in its policy.yaml."""
    bundle = load_bundle(folder)
    description = spec_to_mapping(bundle.spec)
    description.pop("provenance", None)
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for file in sorted(bundle.path.iterdir()):
        if file.suffix in (".onnx", ".npz") and file.name != SPEC_FILE:
            digest.update(file.name.encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _file_hash(path: str) -> str:
    if not path:
        return ""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise TaktError(f"steer: {path} cannot be read ({error.strerror})") from None


def as_row(cell: Cell) -> dict[str, Any]:
    """What a result row says of its cell."""
    return {
        "cell": cell.series,
        "bundle": cell.bundle,
        "execution": changed(cell.execution),
        "delay_s": cell.delay_s,
        "task": cell.task,
        "task_options": dict(cell.task_options),
        "goal": cell.goal,
    }


def changed(execution: Execution) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    usual, chosen = dataclasses.asdict(Execution()), dataclasses.asdict(execution)
    return {name: value for name, value in chosen.items() if value != usual[name]}
