"""The documentation has the parameters as they are."""

from __future__ import annotations

from pathlib import Path

from takt_core.parameters import reference_markdown
from takt_hands.parameters import HandParameters

DOCUMENT = Path(__file__).parents[3] / "docs" / "hands.md"


def test_the_parameters_are_documented() -> None:
    assert reference_markdown(HandParameters) in DOCUMENT.read_text(encoding="utf-8"), (
        "docs/hands.md: replace the table of HandParameters by the output of "
        "takt_core.parameters.reference_markdown"
    )
