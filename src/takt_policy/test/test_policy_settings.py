"""The documented parameters are those of the node."""

from __future__ import annotations

from pathlib import Path

from takt_core.parameters import from_mapping, reference_markdown
from takt_policy.schedules.receding import RecedingSettings
from takt_policy.settings import PolicyParameters

DOCUMENT = Path(__file__).parents[3] / "docs" / "policy.md"


def test_the_document_lists_the_parameters() -> None:
    assert reference_markdown(PolicyParameters) in DOCUMENT.read_text(encoding="utf-8")


def test_the_schedule_gets_its_settings() -> None:
    values = {"margin_s": 0.03, "lead_s": 0.02, "reserve": 1, "expected_delay_s": 0.4}
    parameters = from_mapping(PolicyParameters, values, "test")
    assert parameters.receding() == RecedingSettings(0.03, 0.02, 1, 0.4)
