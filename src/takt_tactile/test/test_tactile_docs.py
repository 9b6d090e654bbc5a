"""The documentation has the parameters as they are."""

from pathlib import Path

import pytest

from takt_core.parameters import reference_markdown
from takt_tactile.parameters import TactileParameters

DOCUMENT = Path(__file__).parents[3] / "docs" / "tactile.md"


@pytest.mark.parametrize("parameters", [TactileParameters])
def test_the_parameters_are_documented(parameters):
    assert reference_markdown(parameters) in DOCUMENT.read_text(encoding="utf-8"), (
        f"docs/tactile.md: replace the table of {parameters.__name__} by the output of "
        "takt_core.parameters.reference_markdown"
    )
