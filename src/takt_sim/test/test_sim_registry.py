"""Tasks are made by name; what they do not know is refused with what they do."""

import pytest

from takt_core.errors import TaktError
from takt_core.parameters import declarations
from takt_sim.tasks import TASK_NAMES, make_task
from takt_sim.tasks.peg_insertion import PegInsertion, PegInsertionParameters


@pytest.mark.parametrize("name", TASK_NAMES)
def test_every_task_has_the_name_it_is_asked_for_and_a_limit_that_can_be_set(name: str) -> None:
    assert make_task(name).name == name
    assert make_task(name, time_limit_s=3).time_limit_s == 3.0


def test_options_are_the_parameters_of_the_task() -> None:
    task = make_task("peg_insertion", shift_m=0.003, hole_centre_m=[0.45, 0.01])
    assert isinstance(task, PegInsertion)
    assert task.parameters == PegInsertionParameters(shift_m=0.003, hole_centre_m=(0.45, 0.01))
    assert {one.name for one in declarations(PegInsertionParameters)} >= {"shift_m"}


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("juggling", {}, "allowed are peg_insertion, pick_place, grasp_cylinder"),
        ("peg_insertion", {"shift": 0.003}, "did you mean 'shift_m'"),
        ("peg_insertion", {"shift_m": -0.003}, "allowed is a number from 0 to 0.02"),
        ("peg_insertion", {"shift_m": "far"}, "allowed is a number"),
    ],
)
def test_refusals_say_what_is_allowed(
    name: str, options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(TaktError, match=complaint):
        make_task(name, **options)
