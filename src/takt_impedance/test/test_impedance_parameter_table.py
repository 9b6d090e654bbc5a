"""The table in docs/control.md is that of the controller."""

from pathlib import Path

import pytest

from takt_impedance import Parameters
from takt_impedance.parameter_table import Entry, default, entries, stub, table, write

PAGE = Path(__file__).parents[3] / "docs" / "control.md"
ENTRIES = [entry for entry in entries(stub()) if entry.name]


def test_every_parameter_is_in_the_table() -> None:
    names = {name for name in dir(Parameters) if not name.startswith("_")}
    assert {entry.name for entry in ENTRIES} == names - {"n_joints", "validate"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_stub_tells_the_default_and_the_effect(entry: Entry) -> None:
    assert entry.default == default(getattr(Parameters(7), entry.name))
    assert len(entry.effect) > 5


def test_page_has_the_table_of_today() -> None:
    """Mended by: python -m takt_impedance.parameter_table docs/control.md"""
    assert table() in PAGE.read_text(encoding="utf-8")


def test_pages_without_marks_are_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="has no lines"):
        write(page)
