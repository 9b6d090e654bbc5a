"""The documentation has the parameters as they are."""

from pathlib import Path

import pytest

from takt_cameras.parameters import OpenCVParameters, RealSenseParameters
from takt_core.parameters import reference_markdown

DOCUMENT = Path(__file__).parents[3] / "docs" / "cameras.md"


@pytest.mark.parametrize("parameters", [OpenCVParameters, RealSenseParameters])
def test_the_parameters_are_documented(parameters):
    assert reference_markdown(parameters) in DOCUMENT.read_text(encoding="utf-8"), (
        f"docs/cameras.md: replace the table of {parameters.__name__} by the output of "
        "takt_core.parameters.reference_markdown"
    )
