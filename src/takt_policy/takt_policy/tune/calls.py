"""How long one call of each graph takes: by batch size, execution provider and threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle import Bundle
from takt_policy.graphs import Graph
from takt_policy.model import PolicyModel, graph_inputs
from takt_policy.tune.stopwatch import Times, interleaved

BATCHES = (1, 2, 4, 8, 16, 32)

OBSERVING = ("predict", "encode")
"""They run once per chunk, on one observation."""


@dataclass(frozen=True)
class Call:
    """What was called.

    Attributes:
        provider: that really ran it.
        threads: of onnxruntime within one operator.
    """

    graph: str
    provider: str
    threads: int
    batch: int = 1


def measure_calls(
    bundle: Bundle,
    providers: Sequence[str],
    threads: Sequence[int],
    batches: Sequence[int] = BATCHES,
    rounds: int = 50,
    seconds: float = 10.0,
) -> dict[Call, Times]:
    """Times of all combinations; those of one graph are measured in turn.

    Args:
        providers: available ones, each tried by itself.
        seconds: per graph, see ``interleaved``.
    """
    models = {
        (provider, count): PolicyModel(bundle.path, bundle.spec, [provider], count)
        for provider in providers
        for count in threads
    }
    times: dict[Call, Times] = {}
    for name in bundle.spec.graphs:
        works: dict[Call, Callable[[], object]] = {}
        for (_, count), model in models.items():
            graph = model.graphs[name]
            for batch in (1,) if name in OBSERVING else batches:
                feed = golden_feed(bundle, name, batch)
                works[Call(name, graph.provider, count, batch)] = partial(_run, graph, feed)
        times |= interleaved(works, rounds, seconds)
    return times


def golden_feed(bundle: Bundle, graph: str, batch: int) -> dict[str, npt.NDArray[Any]]:
    """The golden inputs of a graph, the first of them repeated."""
    return {
        name: np.repeat(bundle.golden[f"{graph}.in.{name}"][:1], batch, axis=0)
        for name in graph_inputs(bundle.spec, graph)
    }


def _run(graph: Graph, feed: dict[str, npt.NDArray[Any]]) -> object:
    return graph.run(feed)
