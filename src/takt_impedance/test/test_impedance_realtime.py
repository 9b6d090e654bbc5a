"""Programs in C++ that watch the tick from outside: allocations, locks, and a fuzz."""

import subprocess
from pathlib import Path

import pytest

import takt_impedance


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder = Path(takt_impedance.__file__).parents[3] / "takt_impedance"
    return subprocess.run(
        [str(folder / program), *arguments], capture_output=True, text=True, check=False
    )


def test_tick_neither_allocates_nor_locks() -> None:
    done = run("tick_allocation")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("seed", ["1", "2"])
def test_fuzz(seed: str) -> None:
    done = run("tick_fuzz", "200000", seed)
    assert done.returncode == 0, done.stdout
