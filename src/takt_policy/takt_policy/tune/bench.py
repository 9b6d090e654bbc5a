"""A bundle measured on this machine: calls, chunks, a smaller variant, and a recommendation."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnxruntime as ort

from takt_core.errors import TaktError
from takt_policy.bundle import Bundle
from takt_policy.execution import Execution
from takt_policy.kinematics import arm_of
from takt_policy.providers import CPU, available_providers
from takt_policy.tune import advice
from takt_policy.tune.calls import BATCHES, Call, measure_calls
from takt_policy.tune.chunks import OWN, ChunkTimes, measure_chunks, permitted_ways
from takt_policy.tune.compare import Difference
from takt_policy.tune.convert import float16, int8_weights
from takt_policy.tune.derive import busiest_graph, derive
from takt_policy.tune.stopwatch import Times


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        providers: in order of preference; those that are missing are passed over.
        threads: counts to try; empty: one, and as many as there are cores.
        rounds, seconds: of each table, see ``interleaved``.
        robot_description, tcp_frame: see ``takt_policy.kinematics``.
    """

    providers: Sequence[str]
    threads: Sequence[int] = ()
    batches: Sequence[int] = BATCHES
    rounds: int = 50
    seconds: float = 20.0
    robot_description: str = ""
    tcp_frame: str = "tcp"


@dataclass(frozen=True, eq=False)
class Report:
    """What was measured.

    Attributes:
        provider, threads: that the chunks were measured with: the best.
        variant: name of the smaller bundle among ``chunks``, or None.
        difference: of the smaller bundle from the original.
        notes: what was not measured, and why.
        recommendation: in plain words.
    """

    bundle: Bundle
    calls: dict[Call, Times]
    chunks: dict[str, ChunkTimes]
    provider: str
    threads: int
    variant: str | None
    difference: Difference | None
    notes: list[str] = field(default_factory=list)
    recommendation: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "bundle": self.bundle.spec.name,
            "hash": self.bundle.hash,
            "cpus": os.cpu_count(),
            "onnxruntime": ort.__version__,
            "calls": [{**vars(call), **times.plain()} for call, times in self.calls.items()],
            "provider": self.provider,
            "threads": self.threads,
            "chunks": {
                name: {
                    **one.whole.plain(),
                    "onnxruntime": one.inference.plain(),
                    "overhead_ms": round(one.overhead_ms, 5),
                    "network_calls": one.network_calls,
                    "rounds_in_sequence": one.rounds,
                }
                for name, one in self.chunks.items()
            },
            "difference": None if self.difference is None else self.difference.plain(),
            "notes": self.notes,
            "recommendation": self.recommendation,
        }


def bench(bundle: Bundle, options: Options, say: Callable[[str], None] = print) -> Report:
    """Measures everything; ``say`` gets a line before each part that takes time.

    Raises:
        PolicyError: none of the providers is available, or the robot's description is missing.
    """
    providers = available_providers(options.providers)
    missing = [one for one in options.providers if one not in providers]
    notes = [f"{one} is not in this onnxruntime: not measured" for one in missing]
    busy = os.getloadavg()[0]
    if busy > _cores() / 2:
        notes.append(
            f"other work is running (load {busy:.1f} on {_cores()} cores): compare within a table, "
            "but measure again before believing the times"
        )
    arm = arm_of(bundle.spec, options.robot_description, options.tcp_frame)
    say(f"measuring calls on {', '.join(providers)}")
    threads = options.threads or sorted({1, _cores()})
    calls = measure_calls(
        bundle, providers, threads, options.batches, options.rounds, options.seconds
    )
    provider, count = advice.best_machine(bundle, calls)
    with tempfile.TemporaryDirectory() as folder:
        ways = permitted_ways(bundle)
        variant, difference = None, None
        try:
            variant, smaller, difference = _smaller(bundle, provider, Path(folder))
            ways[variant] = (smaller, Execution())
        except TaktError as error:
            notes.append(f"smaller weights were not tried: {error}")
        say(f"measuring chunks, {len(ways)} ways to draw them")
        chunks = measure_chunks(ways, provider, count, options.rounds, options.seconds, arm)
    report = Report(bundle, calls, chunks, provider, count, variant, difference, notes)
    report.recommendation.extend(_recommendation(report))
    return report


def _recommendation(report: Report) -> list[str]:
    bundle, chunks = report.bundle, report.chunks
    own = chunks[OWN]
    lines = [
        advice.on_threads(bundle, report.calls),
        advice.on_steps(bundle, report.calls, report.provider, report.threads, own),
        advice.on_speculation(chunks),
    ]
    if report.variant is not None and report.difference is not None:
        lines.append(
            advice.on_smaller(report.variant, own, chunks[report.variant], report.difference)
        )
    lines.append(
        f"The engine adds {own.overhead_ms:.2f} ms to a chunk's {own.inference.median:.2f} ms of "
        "onnxruntime (median of the differences)."
    )
    return [line for line in lines if line is not None]


def _smaller(bundle: Bundle, provider: str, folder: Path) -> tuple[str, Bundle, Difference]:
    """The variant that could be faster on a provider, whatever it costs in accuracy."""
    anything = float("inf")
    if provider == CPU:
        graph = busiest_graph(bundle)
        made = derive(bundle, folder / "int8.takt", [graph], int8_weights, "int8", anything)
        return f"int8 weights of {graph}", *made
    made = derive(bundle, folder / "half.takt", bundle.spec.graphs, float16, "float16", anything)
    return "float16", *made


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
