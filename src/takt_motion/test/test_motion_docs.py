"""docs/motion.md contains the parameters as they are declared."""

from __future__ import annotations

from pathlib import Path

from takt_core.parameters import reference_markdown
from takt_motion.settings import MotionParameters

DOCUMENT = Path(__file__).parents[3] / "docs" / "motion.md"


def test_the_document_contains_the_parameters() -> None:
    assert reference_markdown(MotionParameters) in DOCUMENT.read_text(), (
        "docs/motion.md differs from MotionParameters; replace the table by the output of "
        "takt_core.parameters.reference_markdown"
    )
