"""A plan: a YAML file that lists the cells of an evaluation.

::

    title: Samplers
    task: peg_insertion            # of all cells that name no other
    task_options: {shift_m: 0.003}
    episodes: 100
    first_seed: 2000
    baseline: ddim 16
    cells:
      - name: ddim 16
        bundle: models/peg_insertion.takt     # or a list
        execution: {sampler: ddim, sampler_steps: 16}
        delay_s: [0, 0.1]                     # or one number

Paths are relative to the folder from which the command is called. An entry with several
bundles or delays stands for all their combinations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from takt_core.errors import TaktError
from takt_core.parameters import from_mapping
from takt_evaluation.cell import Cell
from takt_evaluation.evaluate import EVALUATION_SEEDS
from takt_evaluation.tasks import task_of
from takt_policy.execution import Execution

_TOP = ("title", "task", "task_options", "goal", "episodes", "first_seed", "baseline", "cells")
_ENTRY = ("name", "bundle", "execution", "delay_s", "task", "task_options", "goal")
MAX_DELAY_S = 10.0


@dataclass(frozen=True)
class Plan:
    """Cells, seeds, and what to compare with."""

    cells: tuple[Cell, ...]
    title: str = ""
    episodes: int = 100
    first_seed: int = EVALUATION_SEEDS
    baseline: str = ""
    seeds: range = field(init=False)

    def __post_init__(self) -> None:
        seeds = range(self.first_seed, self.first_seed + self.episodes)
        object.__setattr__(self, "seeds", seeds)


def load_plan(path: Path | str) -> Plan:
    """Reads a plan.

    Raises:
        TaktError: it cannot be read, or says something that is not allowed; the message names the
            place.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TaktError(f"{path} cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TaktError(f"{path} is not YAML: {error}") from None
    top = _mapping(content, _TOP, str(path))
    entries = top.get("cells")
    if not isinstance(entries, list) or not entries:
        raise TaktError(f"{path}: `cells` is missing; it is a list of entries with a `bundle` each")
    cells = [
        cell
        for number, entry in enumerate(entries, start=1)
        for cell in _cells(entry, top, f"{path}: cells[{number}]")
    ]
    return Plan(
        cells=tuple(cells),
        title=_text(top, "title", str(path)),
        episodes=_whole(top, "episodes", 100, 1, str(path)),
        first_seed=_whole(top, "first_seed", EVALUATION_SEEDS, 0, str(path)),
        baseline=_text(top, "baseline", str(path)),
    )


def combined(
    bundles: Sequence[str],
    settings: Sequence[tuple[str, Execution]],
    delays_s: Sequence[float],
    task: str,
    task_options: Mapping[str, Any],
    goal: str = "",
) -> tuple[Cell, ...]:
    """All combinations of bundles, named settings and delays.

    A name says the bundle where there are several, and the setting where there are several.
    """
    cells = []
    for bundle in bundles:
        for setting, execution in settings:
            stem = Path(bundle).stem
            parts = ([stem] if len(bundles) > 1 else []) + ([setting] if len(settings) > 1 else [])
            name = " ".join(parts) or stem
            chosen = task or task_of(bundle)
            cells += [
                Cell(bundle, execution, delay_s, chosen, task_options, goal, name)
                for delay_s in delays_s
            ]
    return tuple(cells)


def _cells(entry: Any, top: Mapping[str, Any], place: str) -> list[Cell]:
    values = _mapping(entry, _ENTRY, place)
    bundles = _texts(values.get("bundle"), f"{place}: bundle")
    execution = _mapping(values.get("execution", {}), None, f"{place}: execution")
    task = _text(values, "task", place) or _text(top, "task", place)
    options = values.get("task_options", top.get("task_options", {}))
    name = _text(values, "name", place)
    made = []
    for bundle in bundles:
        stem = Path(bundle).stem
        series = f"{stem} {name}" if name and len(bundles) > 1 else name or stem
        made += [
            Cell(
                bundle=bundle,
                execution=from_mapping(Execution, execution, f"{place}: execution"),
                delay_s=delay_s,
                task=task or task_of(bundle),
                task_options=_mapping(options, None, f"{place}: task_options"),
                goal=_text(values, "goal", place) or _text(top, "goal", place),
                name=series,
            )
            for delay_s in _delays(values.get("delay_s", 0.0), f"{place}: delay_s")
        ]
    return made


def _mapping(value: Any, allowed: Sequence[str] | None, place: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TaktError(f"{place} is {value!r}; allowed is a mapping of names to values")
    for key in value if allowed is not None else ():
        if key not in (allowed or ()):
            near = get_close_matches(key, allowed or (), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise TaktError(
                f"{place}: unknown field {key!r}{hint} Allowed are {', '.join(allowed or ())}"
            )
    return value


def _text(values: Mapping[str, Any], name: str, place: str) -> str:
    value = values.get(name, "")
    if not isinstance(value, str):
        raise TaktError(f"{place}: {name} is {value!r}; allowed is a text")
    return value


def _texts(value: Any, place: str) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(one, str) for one in texts):
        raise TaktError(
            f"{place} is {value!r}; allowed is the folder of a bundle, or a list of them"
        )
    return texts


def _delays(value: Any, place: str) -> list[float]:
    numbers = value if isinstance(value, list) else [value]
    for one in numbers:
        is_number = isinstance(one, (int, float)) and not isinstance(one, bool)
        if not is_number or not 0.0 <= one <= MAX_DELAY_S:
            raise TaktError(
                f"{place} is {value!r}; allowed are numbers from 0 to {MAX_DELAY_S:g} [s]"
            )
    if not numbers:
        raise TaktError(f"{place} is empty; allowed are numbers from 0 to {MAX_DELAY_S:g} [s]")
    return [float(one) for one in numbers]


def _whole(values: Mapping[str, Any], name: str, default: int, minimum: int, place: str) -> int:
    value = values.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise TaktError(f"{place}: {name} is {value!r}; allowed is a whole number from {minimum}")
    return value
