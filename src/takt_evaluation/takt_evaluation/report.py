"""Writes an evaluation down: Markdown, JSON and pictures, next to its result file."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from takt_evaluation.cell import as_row
from takt_evaluation.evaluate import Evaluation
from takt_evaluation.figure import draw_handovers, draw_success
from takt_evaluation.summary import CellSummary
from takt_evaluation.table import Table, cells_table, delays_table, failures_table

RESULTS_FILE = "episodes.jsonl"
TABLE_FILE = "table.md"
SUMMARY_FILE = "summary.json"
SUCCESS_FILE = "success.png"
HANDOVERS_FILE = "handovers.png"


def tables(summaries: Sequence[CellSummary]) -> list[Table]:
    """All tables of an evaluation, the widest first."""
    found = [cells_table(summaries), delays_table(summaries), failures_table(summaries)]
    return [one for one in found if one is not None]


def notes(evaluation: Evaluation, summaries: Sequence[CellSummary]) -> list[str]:
    """What has to be known to read the tables."""
    rows = [row for part in evaluation.rows for row in part]
    lines = []
    if rows:
        seeds = sorted({row.seed for row in rows})
        lines.append(
            f"Seeds {seeds[0]} to {seeds[-1]}. 95 %: Wilson's interval of the success rate, in per "
            "cent. time: median of the successful episodes, simulated. calls: samples that the "
            "network evaluated per plan; rounds: runs of it one after the other. a / b: median and "
            "95th percentile; jump: between the old and the new chunk at the hand-over; force: "
            "greatest of each episode. late: actions per chunk whose time had passed; idle: times "
            "at which there was no action left."
        )
    compared = {one.baseline for one in summaries if one.paired}
    if compared:
        words = compared.pop()
        if compared:
            words = f"{words.rpartition(' @ ')[0]} at the same delay"
        lines.append(
            f"vs baseline: difference to {words}, on the same seeds, in percentage points with "
            "Newcombe's paired 95 % interval; p: exact McNemar test."
        )
    if rows:
        loads = [row.load for row in rows]
        lines.append(
            "plan ms is wall time on the machine that ran this "
            f"({platform.machine()}, {os.cpu_count()} cores, load {min(loads):.1f} to "
            f"{max(loads):.1f} meanwhile): noisy, and good for a rough comparison within this "
            "table only. Simulated time does not depend on it; all other figures repeat exactly."
        )
    lines += _warnings(evaluation, summaries)
    return lines


def _warnings(evaluation: Evaluation, summaries: Sequence[CellSummary]) -> list[str]:
    lines = []
    codes = {row.code for part in evaluation.rows for row in part}
    if len(codes) > 1:
        lines.append(
            f"Note: the episodes were run by {len(codes)} versions of the code "
            f"({', '.join(sorted(codes))}); write to a fresh folder to have them of one."
        )
    rejected = [
        f"{one.cell.label} ({one.rejected}, the first because: {one.rejection})"
        for one in summaries
        if one.rejected
    ]
    if rejected:
        lines.append(f"Note: the controller refused trajectories of {', '.join(rejected)}.")
    if evaluation.lost:
        lines.append(
            f"Note: {len(evaluation.lost)} episodes could not be run and are missing, e.g. "
            f"{evaluation.lost[0][0].cell.label}, seed {evaluation.lost[0][0].seed}: "
            + evaluation.lost[0][1].splitlines()[-1]
        )
    return lines


def write_report(
    folder: Path, title: str, evaluation: Evaluation, summaries: Sequence[CellSummary]
) -> list[Path]:
    """Writes table.md, summary.json and the pictures; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    remarks = notes(evaluation, summaries)
    parts = [f"# {title}", *(one.markdown() for one in tables(summaries)), *remarks]
    (folder / TABLE_FILE).write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    content = {"title": title, "notes": remarks, "cells": [as_mapping(one) for one in summaries]}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / SUMMARY_FILE).write_text(text + "\n", encoding="utf-8")
    draw_success(summaries, folder / SUCCESS_FILE, title)
    draw_handovers(summaries, folder / HANDOVERS_FILE, title)
    names = (TABLE_FILE, SUMMARY_FILE, SUCCESS_FILE, HANDOVERS_FILE)
    return [folder / name for name in names]


def as_mapping(one: CellSummary) -> dict[str, Any]:
    """A summary for JSON: its fields, with what differs from the usual execution."""
    values = {
        field.name: getattr(one, field.name)
        for field in dataclasses.fields(one)
        if field.name not in ("cell", "paired", "kept", "failures")
    }
    cell = as_row(one.cell)
    values |= {"name": cell.pop("cell"), **cell, "rate": one.rate, "failures": dict(one.failures)}
    for name in ("paired", "kept"):
        paired = getattr(one, name)
        values[name] = None if paired is None else {
            **dataclasses.asdict(paired),
            "difference": paired.difference,
            "interval": paired.interval,
            "p_value": paired.p_value,
        }  # fmt: skip
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
