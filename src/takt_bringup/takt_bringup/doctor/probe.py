"""Running a probe in a process of its own: a crash in a driver must not end the doctor."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any


class ProbeError(Exception):
    """The probe failed; the message is the last thing it said."""


def run_probe(
    module: str,
    environment: Mapping[str, str],
    timeout_s: float = 60.0,
    arguments: Sequence[str] = (),
) -> dict[str, Any]:
    """Run `python -m module arguments`, which prints one JSON object as its last line."""
    try:
        result = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"no answer within {timeout_s:g} s") from error
    lines = result.stdout.strip().splitlines()
    if result.returncode != 0 or not lines:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise ProbeError(said[-1] if said else f"ended with {result.returncode}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
