"""The benchmarks' figures as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from takt_cameras import benchmark as cameras
from takt_impedance import benchmark as impedance


def control(costs: Mapping[str, Any]) -> str:
    """What the controller costs per tick, against its budget of instructions."""
    parts = costs["parts"]
    terms_ns = parts["terms"]["time_ns"] if "terms" in parts else None
    heads = f"{'time':>10}{'of terms':>10}{'instructions':>14}{'at most':>10}"
    lines = [f"{'control, 7 joints, per tick':42}{heads}"]
    for part, cost in parts.items():
        counted = "no valgrind" if cost["instructions"] is None else f"{cost['instructions']:,}"
        ratio = "" if terms_ns is None else f"{cost['time_ns'] / terms_ns:.2f}"
        budget = f"{impedance.BUDGET[part]:,}" if part in impedance.BUDGET else ""
        lines.append(
            f"  {impedance.PARTS[part][1]:40}{cost['time_ns'] / 1e3:7.2f} us{ratio:>10}"
            f"{counted:>14}{budget:>10}"
        )
    lines.append(f"  {'tick, called from Python':40}{costs['python_tick_ns'] / 1e3:7.2f} us")
    lines.append(f"  {'terms, called from Python':40}{costs['python_terms_ns'] / 1e3:7.2f} us")
    return "\n".join(lines)


def chunk(bundles: Sequence[Mapping[str, Any]]) -> str:
    """Chunks beyond their inference."""
    heads = ("graph calls", "chunk [ms]", "onnxruntime", "overhead", "of CPU", "ratio")
    lines = [
        f"samples to ActionChunk, medians of {bundles[0]['rounds']}; target: at most 2 ms overhead",
        " " * 40 + "".join(f"{head:>13}" for head in heads),
    ]
    for one in bundles:
        cells = (
            f"{one['graph_calls']}",
            f"{one['chunk_ms']:.2f}",
            f"{one['inference_ms']:.2f}",
            f"{one['overhead_ms']:.2f}",
            f"{one['overhead_cpu_ms']:.2f}",
            f"{one['ratio']:.2f}",
        )
        name = f"  {one['bundle']} ({one['family']})"
        lines.append(f"{name:40}" + "".join(f"{cell:>13}" for cell in cells))
    return "\n".join(lines)


def recorder(figures: Mapping[str, float]) -> str:
    """The writer alone, and the node in a graph."""
    lines = [
        "recorder",
        f"  {'small messages, writer':34}{figures['small_us_per_message']:7.1f} us each, "
        f"{figures['small_messages_per_s']:,.0f} per second",
        f"  {'images, writer':34}{figures['image_mb_per_s']:7.0f} MB/s, "
        f"{figures['ratio_to_plain']:.2f} of a plain file",
    ]
    lines += [
        f"  {name.removeprefix('node_').replace('_', ' '):34}{value:10.3f}"
        for name, value in figures.items()
        if name.startswith("node_")
    ]
    return "\n".join(lines)


def images(report: Mapping[str, Any]) -> str:
    """The image hop."""
    return cameras.table(report) + "\n  target: at most 2 ms median, none lost"
