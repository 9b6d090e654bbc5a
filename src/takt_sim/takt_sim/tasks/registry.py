"""Tasks by name, with their options: what launch files, evaluations and environments ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from takt_core.errors import TaktError
from takt_core.parameters import from_mapping
from takt_sim.tasks.base import Task
from takt_sim.tasks.grasp_cylinder import GraspCylinder, GraspCylinderParameters
from takt_sim.tasks.peg_insertion import PegInsertion, PegInsertionParameters
from takt_sim.tasks.pick_place import PickPlace, PickPlaceParameters


def _peg_insertion(options: dict[str, Any], source: str) -> Task:
    return PegInsertion(from_mapping(PegInsertionParameters, options, source))


def _pick_place(options: dict[str, Any], source: str) -> Task:
    return PickPlace(from_mapping(PickPlaceParameters, options, source))


def _grasp_cylinder(options: dict[str, Any], source: str) -> Task:
    return GraspCylinder(from_mapping(GraspCylinderParameters, options, source))


_MAKERS: dict[str, Callable[[dict[str, Any], str], Task]] = {
    PegInsertion.name: _peg_insertion,
    PickPlace.name: _pick_place,
    GraspCylinder.name: _grasp_cylinder,
}
TASK_NAMES = tuple(_MAKERS)


def make_task(name: str, **options: Any) -> Task:
    """A task by its name.

    Args:
        options: fields of the task's parameters, such as `shift_m=0.003` of `peg_insertion`.

    Raises:
        TaktError: no such task, no such option, or a value that is not allowed.
    """
    if name not in _MAKERS:
        raise TaktError(f"no task {name!r}; allowed are {', '.join(TASK_NAMES)}")
    return _MAKERS[name](options, f"options of task {name}")
