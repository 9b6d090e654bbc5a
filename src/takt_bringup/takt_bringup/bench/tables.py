"""The benchmarks' figures as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from takt_cameras import benchmark as cameras


def control(costs: Mapping[str, Any]) -> str:
    """Law and follower per tick."""
    terms_ns = costs["pinocchio_terms_ns"]
    lines = [f"{'control, 7 joints, per tick':36}{'time':>10}{'of terms':>10}{'instructions':>14}"]
    for part in ("law", "follower", "tick"):
        cost = costs[part]
        counted = "no valgrind" if cost["instructions"] is None else f"{cost['instructions']:,}"
        lines.append(
            f"  {part:34}{cost['time_ns'] / 1e3:7.2f} us{cost['time_ns'] / terms_ns:10.2f}"
            f"{counted:>14}"
        )
    source = costs["pinocchio_terms_source"]
    lines.append(f"  {f'Pinocchio terms ({source})':34}{terms_ns / 1e3:7.2f} us{1:10.2f}")
    lines.append(f"  {'tick, called from Python':34}{costs['python_tick_ns'] / 1e3:7.2f} us")
    lines.append(f"  {'terms, called from Python':34}{costs['python_terms_ns'] / 1e3:7.2f} us")
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
