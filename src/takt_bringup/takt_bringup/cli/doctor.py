"""`takt doctor`: say what this machine has and lacks for takt, and what to do about it."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import asdict

from takt_bringup.doctor.devices import devices
from takt_bringup.doctor.finding import Finding, Level
from takt_bringup.doctor.machine import machine
from takt_bringup.doctor.network import network
from takt_bringup.doctor.software import software

_COLOURS = {Level.OK: "\033[32m", Level.WARN: "\033[33m", Level.FAIL: "\033[31m"}
_GROUPS: tuple[Callable[[], list[Finding]], ...] = (software, machine, devices, network)


def format_finding(finding: Finding, coloured: bool) -> str:
    """Return the lines of one finding."""
    colour, end = (_COLOURS[finding.level], "\033[0m") if coloured else ("", "")
    line = f"{colour}{finding.level.value:<4}{end}  {finding.topic:<14} {finding.found}"
    if not finding.advice:
        return line
    advice = textwrap.wrap(finding.advice, width=78, break_on_hyphens=False)
    indent = " " * 21
    marks = ["-> ", *["   "] * len(advice)]
    pairs = zip(marks, advice, strict=False)
    return "\n".join([line, *(f"{indent}{mark}{text}" for mark, text in pairs)])


def summary(findings: Iterable[Finding]) -> str:
    """Return the closing line."""
    levels = [finding.level for finding in findings]
    failures, warnings = levels.count(Level.FAIL), levels.count(Level.WARN)
    if failures:
        return f"takt does not run here yet: {failures} to mend, {warnings} warnings"
    return f"takt runs here; {warnings} warnings" if warnings else "takt runs here"


def main(arguments: list[str]) -> int:
    """Run the subcommand; 1 if something must be mended."""
    parser = argparse.ArgumentParser(prog="takt doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON list, for programs")
    parsed = parser.parse_args(arguments)
    findings: list[Finding] = []
    for group in _GROUPS:
        found = group()
        findings += found
        if not parsed.json:
            for finding in found:
                print(format_finding(finding, sys.stdout.isatty()), flush=True)
    if parsed.json:
        print(json.dumps([{**asdict(f), "level": f.level.value} for f in findings], indent=2))
    else:
        print(summary(findings))
    return int(any(finding.level is Level.FAIL for finding in findings))
