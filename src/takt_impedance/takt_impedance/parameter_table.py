"""The table of the controller's parameters in docs/control.md.

Names, units and effects come from the comments of `Parameters` in `_core.pyi`, defaults from the
controller itself. `python -m takt_impedance.parameter_table docs/control.md` writes it anew; a test
compares.
"""

import re
import sys
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import takt_impedance
from takt_impedance import Parameters

BEGIN = "<!-- parameters: made by python -m takt_impedance.parameter_table docs/control.md -->"
END = "<!-- end of parameters -->"

# Endings of names, the longest first.
_UNITS = {
    "_rad_s3": "rad/s³", "_rad_s2": "rad/s²", "_rad_s": "rad/s", "_nms_rad": "N m s/rad",
    "_m_s3": "m/s³", "_m_s2": "m/s²", "_m_s": "m/s", "_nm_s": "N m/s", "_nm": "N m",
    "_n": "N", "_rad": "rad", "_hz": "Hz", "_j": "J", "_w": "W", "_m": "m", "_s": "s",
}  # fmt: skip


class Entry(NamedTuple):
    """One parameter, or a heading (`name` empty); `default` as the stub has it."""

    name: str
    unit: str
    effect: str
    default: str


def stub() -> str:
    """Text of `_core.pyi`."""
    return (Path(takt_impedance.__file__).parent / "_core.pyi").read_text(encoding="utf-8")


def entries(text: str) -> list[Entry]:
    """Headings and parameters of the stub, in its order."""
    body = text.split("class Parameters:")[1].split("\nclass ")[0]
    found = []
    for line in body.splitlines():
        if heading := re.fullmatch(r"\s+# -- (.*)", line):
            found.append(Entry("", "", heading.group(1), ""))
        elif field := re.fullmatch(r"\s+(\w+): [^#]*  # (?:\([^)]*\) )?(.*); default (.*)", line):
            found.append(_entry(*field.groups()))
    return found


def _entry(name: str, effect: str, value: str) -> Entry:
    if given := re.search(r" ?\[([^\]]*)\]", effect):
        unit = given.group(1).replace("Nm", "N m").replace("ms/", "m s/").replace("Ns", "N s")
        effect = effect.replace(given.group(0), "")
    else:
        unit = next((u for ending, u in _UNITS.items() if name.endswith(ending)), "")
    return Entry(name, unit, effect.strip(), value)


def default(value: Any) -> str:
    """A default as one writes it: equal values once, the diagonal of a matrix."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return "none" if not value else f"{len(value)}"
    array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if array.ndim == 2:
        array = np.diag(array)
    numbers = [_number(float(number)) for number in array]
    if len(set(numbers)) == 1:
        return numbers[0]
    half = len(numbers) // 2
    if len(set(numbers[:half])) == 1 and len(set(numbers[half:])) == 1:
        return f"{numbers[0]} x{half}, {numbers[half]} x{half}"
    return ", ".join(numbers)


def _number(value: float) -> str:
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.10g}"


def table() -> str:
    """Markdown, between its two marks."""
    parameters = Parameters(7)
    lines = [BEGIN, "| parameter | unit | default | effect |", "|---|---|---|---|"]
    for entry in entries(stub()):
        if not entry.name:
            lines.append(f"| **{entry.effect}** | | | |")
            continue
        value = default(getattr(parameters, entry.name))
        lines.append(f"| `{entry.name}` | {entry.unit} | {value} | {entry.effect} |")
    return "\n".join([*lines, END])


def write(page: Path) -> None:
    """Put the table between its marks in a page of the documentation.

    Raises:
        ValueError: the page has no marks.
    """
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(
            f"{page} has no lines {BEGIN!r} and {END!r}; put them where the table goes"
        )
    before, rest = text.split(BEGIN)
    page.write_text(before + table() + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m takt_impedance.parameter_table docs/control.md")
    write(Path(sys.argv[1]))
