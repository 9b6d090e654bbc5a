"""The graph calls of a plan, recorded, to be made again by onnxruntime alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt
import onnxruntime as ort

from takt_policy.bundle import Bundle
from takt_policy.graphs import Graph, session_options
from takt_policy.model import PolicyModel
from takt_policy.providers import configured

Array = npt.NDArray[Any]
Feed = dict[str, Array]


def record(model: PolicyModel, work: Callable[[], object]) -> list[tuple[str, Feed]]:
    """Runs ``work``; the calls that it made of the model's graphs, with their inputs."""
    calls: list[tuple[str, Feed]] = []
    graphs = dict(model.graphs)
    try:
        for name, graph in graphs.items():
            model.graphs[name] = _Listening(graph, {}, calls)  # type: ignore[assignment]
        work()
    finally:
        model.graphs.update(graphs)
    return calls


class Replay:
    """The same calls on sessions of onnxruntime with the same settings, inputs at hand."""

    def __init__(
        self, bundle: Bundle, calls: list[tuple[str, Feed]], provider: str, threads: int
    ) -> None:
        sessions = {}
        for name in {name for name, _ in calls}:
            path = bundle.graph_path(name)
            half = bundle.spec.provenance.precision == "float16"
            sessions[name] = ort.InferenceSession(
                str(path), session_options(threads), providers=configured([provider], path, half)
            )
        self._calls = [(sessions[name].run, feed) for name, feed in calls]

    def once(self) -> None:
        for run, feed in self._calls:
            run(None, feed)


class _Listening:
    """A graph, or one with constants, that notes its inputs."""

    def __init__(
        self, graph: Graph, constants: Mapping[str, Array], calls: list[tuple[str, Feed]]
    ) -> None:
        self._graph = graph
        self._constants = constants
        self._calls = calls

    def bind(self, constants: Mapping[str, Array]) -> _Listening:
        return _Listening(self._graph, constants, self._calls)

    def run(self, feed: Mapping[str, Array]) -> Feed:
        whole = {**feed}
        if self._constants:
            batch = max(len(value) for value in feed.values())
            for name, value in self._constants.items():
                whole[name] = value if len(value) == batch else value.repeat(batch, axis=0)
        self._calls.append(
            (self._graph.name, {name: value.copy() for name, value in whole.items()})
        )
        return self._graph.run(whole)
