"""What was measured, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from takt_policy.tune.calls import Call
from takt_policy.tune.chunks import ChunkTimes
from takt_policy.tune.stopwatch import Times


def calls_table(calls: Mapping[Call, Times]) -> list[str]:
    """A line for each graph, provider and thread count; a column for each batch size."""
    batches = sorted({call.batch for call in calls})
    rows = sorted({(call.graph, call.provider, call.threads) for call in calls})
    names = [_machine(*row) for row in rows]
    width = max(map(len, names)) + 2
    lines = [f"{'median ± half the quartiles [ms]':{width}}" + _columns(f"× {n}" for n in batches)]
    for name, row in zip(names, rows, strict=True):
        cells = [calls.get(Call(*row, batch)) for batch in batches]
        lines.append(f"{name:{width}}" + _columns(_cell(one) for one in cells))
    return lines


def chunks_table(chunks: Mapping[str, ChunkTimes]) -> list[str]:
    """A line for each way to draw a chunk."""
    width = max(map(len, chunks)) + 2
    heads = ("rounds", "samples", "chunk [ms]", "95 %", "onnxruntime", "engine adds")
    lines = [" " * width + _columns(heads)]
    for name, one in chunks.items():
        cells = (
            f"{one.rounds:.3g}",
            f"{one.network_calls:.3g}",
            _cell(one.whole),
            f"{one.whole.p95:.2f}",
            _cell(one.inference),
            f"{one.overhead_ms:.2f}",
        )
        lines.append(f"{name:{width}}" + _columns(cells))
    return lines


def _machine(graph: str, provider: str, threads: int) -> str:
    short = provider.removesuffix("ExecutionProvider")
    return f"{graph}, {short}, {threads} thread{'s' * (threads > 1)}"


def _cell(times: Times | None) -> str:
    return "" if times is None else f"{times.median:.2f} ± {times.spread:.2f}"


def _columns(cells: Iterable[str]) -> str:
    return "".join(f"{cell:>16}" for cell in cells).rstrip()
