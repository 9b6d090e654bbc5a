"""Settings, delays and options as they stand on a command line."""

from __future__ import annotations

import pytest

from takt_core.errors import TaktError
from takt_evaluation.settings import parse_delays, parse_setting, parse_task_options
from takt_policy.execution import Execution


def test_a_setting_is_fields_and_a_name() -> None:
    name, execution = parse_setting("name=ddpm 100, sampler=ddpm, sampler_steps=100")
    assert name == "ddpm 100"
    assert execution == Execution(sampler="ddpm", sampler_steps=100)


def test_without_a_name_it_is_called_what_it_says() -> None:
    name, execution = parse_setting("schedule=rtc,rtc_weight=2.5")
    assert name == "schedule=rtc rtc_weight=2.5"
    assert execution == Execution(schedule="rtc", rtc_weight=2.5)
    assert parse_setting("") == ("default", Execution())


def test_lists_and_switches() -> None:
    _, execution = parse_setting("compose=a.takt:b.takt,compose_weights=0.5:0.3:0.2,reflex=False")
    assert execution.compose == ("a.takt", "b.takt")
    assert execution.compose_weights == (0.5, 0.3, 0.2)
    assert execution.reflex is False


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("shedule=rtc", r"unknown parameter 'shedule'; did you mean 'schedule'"),
        ("schedule=sometimes", r"'schedule' is 'sometimes'.*'rtc'"),
        ("sampler_steps=many", r"'sampler_steps' is 'many'.*whole number"),
        ("sampler_steps=1.5", r"'sampler_steps' is '1.5'.*whole number"),
        ("reflex=maybe", r"'reflex' is 'maybe'.*true or false"),
        ("compose_weights=1:2", r"'compose_weights'.*from 0 to 1"),
        ("rtc", r"'rtc' is not of the form"),
        ("eta=0,eta=1", r"eta is given twice"),
    ],
)
def test_a_bad_setting_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(TaktError, match=named):
        parse_setting(text)


def test_delays() -> None:
    assert parse_delays("0,0.05,.3") == [0.0, 0.05, 0.3]
    for bad in ("", "0.1,", "300ms", "-0.1", "300"):
        with pytest.raises(TaktError, match="from 0 to 10"):
            parse_delays(bad)


def test_task_options_are_yaml_values() -> None:
    options = parse_task_options(["shift_m=0.003", "hole_centre_m=[0.5, 0.0]", "name=a b"])
    assert options == {"shift_m": 0.003, "hole_centre_m": [0.5, 0.0], "name": "a b"}
    for bad in ("shift_m", "=3", "x=[1"):
        with pytest.raises(TaktError, match="not of the form"):
            parse_task_options([bad])
