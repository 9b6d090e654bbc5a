"""Plans: what a file lists becomes cells, and what it may not say is refused by its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from takt_core.errors import TaktError
from takt_evaluation.plan import combined, load_plan
from takt_policy.execution import Execution
from takt_policy.testing import tiny_spec, write_tiny_bundle

RTC = Execution(schedule="rtc")


def _plan(folder: Path, text: str) -> Path:
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_entries_become_cells(tmp_path: Path) -> None:
    plan = load_plan(
        _plan(
            tmp_path,
            """
            title: Two ways
            task: peg_insertion
            task_options: {shift_m: 0.003}
            episodes: 20
            first_seed: 2000
            baseline: plain
            cells:
              - {name: plain, bundle: a.takt, task_options: {}}
              - name: rtc
                bundle: [a.takt, b.takt]
                execution: {schedule: rtc}
                delay_s: [0, 0.3]
            """,
        )
    )
    assert (plan.title, plan.baseline) == ("Two ways", "plain")
    assert plan.seeds == range(2000, 2020)
    found = [(one.series, one.bundle, one.delay_s, dict(one.task_options)) for one in plan.cells]
    assert found == [
        ("plain", "a.takt", 0.0, {}),
        ("a rtc", "a.takt", 0.0, {"shift_m": 0.003}),
        ("a rtc", "a.takt", 0.3, {"shift_m": 0.003}),
        ("b rtc", "b.takt", 0.0, {"shift_m": 0.003}),
        ("b rtc", "b.takt", 0.3, {"shift_m": 0.003}),
    ]
    assert [one.execution for one in plan.cells] == [Execution(), RTC, RTC, RTC, RTC]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cells: []", r"`cells` is missing"),
        ("[1]", r"allowed is a mapping"),
        ("cells: [", r"not YAML"),
        ("cell: []", r"unknown field 'cell'; did you mean 'cells'"),
        ("cells: [{bundle: a, delay: 0}]", r"cells\[1\]: unknown field 'delay'.*'delay_s'"),
        ("cells: [{bundle: a, delay_s: -1}]", r"cells\[1\]: delay_s is -1"),
        ("cells: [{bundle: a, delay_s: []}]", r"delay_s is empty"),
        ("cells: [{bundle: a, delay_s: true}]", r"delay_s is True"),
        ("cells: [{name: x}]", r"cells\[1\]: bundle is None"),
        ("cells: [{bundle: [1]}]", r"bundle is \[1\]"),
        ("cells: [{bundle: a, name: 3}]", r"name is 3"),
        ("cells: [7]", r"cells\[1\] is 7"),
        ("{cells: [{bundle: a}], episodes: 0}", r"episodes is 0"),
        ("{cells: [{bundle: a}], first_seed: x}", r"first_seed is 'x'"),
        (
            "{task: t, cells: [{bundle: a}, {bundle: a, execution: {shedule: rtc}}]}",
            r"cells\[2\]: execution: unknown parameter 'shedule'",
        ),
        ("{task: t, cells: [{bundle: a, execution: {schedule: no}}]}", r"'schedule' is False"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_place(
    tmp_path: Path, text: str, named: str
) -> None:
    defaults = text if "task" in text or not text.startswith("{") else text[:-1] + ", task: t}"
    with pytest.raises(TaktError, match=named):
        load_plan(_plan(tmp_path, defaults))


def test_a_missing_plan_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match="cannot be read"):
        load_plan(tmp_path / "none.yaml")


def test_combinations_are_named_by_what_differs() -> None:
    settings = [("plain", Execution()), ("rtc", RTC)]
    cells = combined(["m/a.takt", "m/b.takt"], settings, [0.0, 0.1], "peg_insertion", {})
    assert [one.label for one in cells] == [
        "a plain @ 0 ms",
        "a plain @ 100 ms",
        "a rtc @ 0 ms",
        "a rtc @ 100 ms",
        "b plain @ 0 ms",
        "b plain @ 100 ms",
        "b rtc @ 0 ms",
        "b rtc @ 100 ms",
    ]
    alone = combined(["m/a.takt"], settings[:1], [0.0], "peg_insertion", {})
    assert [one.series for one in alone] == ["a"]
    assert [one.series for one in combined(["a.takt"], settings, [0.0], "t", {})] == [
        "plain",
        "rtc",
    ]


def test_the_task_comes_from_the_bundle_or_has_to_be_said(tmp_path: Path) -> None:
    known, other = (
        write_tiny_bundle(tmp_path / f"{name}.takt", spec=replace(tiny_spec(), name=name))
        for name in ("peg_insertion_small", "juggling")
    )
    assert (
        combined([str(known.path)], [("", Execution())], [0.0], "", {})[0].task == "peg_insertion"
    )
    with pytest.raises(TaktError, match="--task"):
        combined([str(other.path)], [("", Execution())], [0.0], "", {})
