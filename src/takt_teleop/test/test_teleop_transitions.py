"""The transition table: complete, as documented, and safe in what it allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from takt_core.parameters import reference_markdown
from takt_teleop.devices.key_motion import KeyboardParameters
from takt_teleop.settings import ArbiterParameters
from takt_teleop.transitions import MEANINGS, TABLE, Event, Mode, next_mode, table_markdown

DOCUMENT = Path(__file__).parents[3] / "docs" / "arbitration.md"


@pytest.mark.parametrize("mode", Mode)
def test_every_event_is_written_down_in_every_mode(mode: Mode) -> None:
    assert set(TABLE[mode]) == set(Event)


def test_every_event_leads_somewhere_and_has_a_meaning() -> None:
    for event in Event:
        assert MEANINGS[event]
        assert any(next_mode(mode, event) is not None for mode in Mode), event


def test_every_mode_can_be_entered_and_left() -> None:
    entered = {target for row in TABLE.values() for target in row.values()}
    assert set(Mode) <= entered
    for mode in Mode:
        assert any(target not in (None, mode) for target in TABLE[mode].values())


def test_a_change_always_changes_the_mode() -> None:
    for mode in Mode:
        assert mode not in TABLE[mode].values()


def test_stop_works_everywhere_and_only_reset_leaves_it() -> None:
    for mode in Mode:
        expected = None if mode is Mode.STOPPED else Mode.STOPPED
        assert next_mode(mode, Event.STOP) is expected
    left = {event for event in Event if next_mode(Mode.STOPPED, event) is not None}
    assert left == {Event.RESET}
    assert next_mode(Mode.STOPPED, Event.RESET) is Mode.HOLD


def test_policies_and_motions_start_only_from_hold() -> None:
    for event in (Event.POLICY_RUNS, Event.POLICY_RUNS_SHARED, Event.MOTION_RUNS):
        assert [mode for mode in Mode if next_mode(mode, event)] == [Mode.HOLD]


@pytest.mark.parametrize(
    "event",
    [Event.ARM_FAULT, Event.ARM_SILENT, Event.OTHER_COMMANDER, Event.CLOCK_JUMPED],
)
def test_faults_of_the_arm_end_every_command(event: Event) -> None:
    for mode in set(Mode) - {Mode.HOLD, Mode.STOPPED}:
        assert next_mode(mode, event) is Mode.HOLD


def test_the_document_contains_the_table() -> None:
    assert table_markdown() in DOCUMENT.read_text(), (
        "docs/arbitration.md differs from the table; replace it by the output of "
        "`python -c 'from takt_teleop.transitions import *; print(table_markdown())'`"
    )


@pytest.mark.parametrize("parameters", [ArbiterParameters, KeyboardParameters])
def test_the_document_contains_the_parameters(parameters: type) -> None:
    assert reference_markdown(parameters) in DOCUMENT.read_text(), (
        f"docs/arbitration.md differs from {parameters.__name__}; replace the table by the output "
        "of takt_core.parameters.reference_markdown"
    )
