"""What a chunk costs beyond inference: the whole path against onnxruntime alone, side by side.

``run()`` is what ``make bench`` calls.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from takt_core.streams import Sample
from takt_policy.bundle import Bundle, load_bundle
from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_policy.chunks import ChunkOrigin, make_chunk
from takt_policy.engine import PolicyEngine
from takt_policy.golden import golden_observation
from takt_policy.model import CONDITION
from takt_policy.observation import Missing, ObservationBuilder
from takt_policy.schedules.receding import RecedingHorizon

NOW_NS = 10_000_000_000


def run(bundle_path: Path | str | None = None, rounds: int = 50) -> dict[str, Any]:
    """Medians over ``rounds`` chunks, both ways in turn, so that both see the same machine.

    Args:
        bundle_path: any bundle; by default a small one is made (needs ``onnx``).

    Returns:
        ``chunk_ms``: observation, network, actions and chunk, from samples to ActionChunk;
        ``inference_ms``: the same network calls on sessions of onnxruntime, with inputs at
        hand; ``overhead_ms``: median of the differences; ``overhead_cpu_ms``: the same of CPU
        time; ``ratio``: chunk over inference; ``network_calls``, ``rounds``, ``bundle``.
    """
    with tempfile.TemporaryDirectory() as folder:
        if bundle_path is None:
            from takt_policy.testing import write_tiny_bundle

            bundle = write_tiny_bundle(Path(folder) / "tiny.takt")
        else:
            bundle = load_bundle(bundle_path)
        return _measure(bundle, rounds)


def _measure(bundle: Bundle, rounds: int) -> dict[str, Any]:
    chunk, raw = _ChunkPath(bundle), _RawInference(bundle)
    for _ in range(3):
        chunk.once()
        raw.once()
    # Columns: wall time, and time of this thread's CPU, which others on the machine leave alone.
    chunk_ms, raw_ms = np.empty((rounds, 2)), np.empty((rounds, 2))
    for index in range(rounds):
        chunk_ms[index] = _timed(chunk.once)
        raw_ms[index] = _timed(raw.once)
    overhead_ms = np.median(chunk_ms - raw_ms, axis=0)
    return {
        "bundle": bundle.spec.name,
        "network_calls": raw.calls,
        "rounds": rounds,
        "chunk_ms": float(np.median(chunk_ms[:, 0])),
        "inference_ms": float(np.median(raw_ms[:, 0])),
        "overhead_ms": float(overhead_ms[0]),
        "overhead_cpu_ms": float(overhead_ms[1]),
        "ratio": float(np.median(chunk_ms[:, 0]) / np.median(raw_ms[:, 0])),
    }


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.thread_time()
    work()
    return (time.perf_counter() - wall) * 1e3, (time.thread_time() - cpu) * 1e3


class _ChunkPath:
    """From samples that have arrived to a chunk that is ready to be converted."""

    def __init__(self, bundle: Bundle) -> None:
        self._engine = PolicyEngine(bundle)
        self._builder = ObservationBuilder.of(bundle)
        self._schedule = RecedingHorizon(bundle.spec.horizons)
        rng = np.random.default_rng(0)
        for time_ns in range(NOW_NS - 2_000_000_000, NOW_NS + 1, 10_000_000):
            for sample in _samples(bundle.spec, time_ns, rng):
                self._builder.push(sample)

    def once(self) -> None:
        bundle = self._engine.bundle
        reference = self._builder.reference(NOW_NS)
        assert not isinstance(reference, Missing), reference
        observation = self._builder.build(reference)
        assert not isinstance(observation, Missing), observation
        ticket = self._schedule.started(NOW_NS)
        prediction = self._engine.plan(observation)
        commit = self._schedule.finished(ticket, NOW_NS, reference)
        assert commit is not None
        name, digest = bundle.spec.name, bundle.hash
        origin = ChunkOrigin(1, 0, name, digest, "", NOW_NS, NOW_NS, NOW_NS)
        make_chunk(prediction, observation, commit, bundle.spec.horizons.step_ns, origin)


class _RawInference:
    """The same network calls, straight on onnxruntime, with the same session settings."""

    def __init__(self, bundle: Bundle) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        self._encode, self._denoise = (
            ort.InferenceSession(str(bundle.graph_path(name)), options, providers=providers)
            for name in ("encode", "denoise")
        )
        golden = bundle.golden
        self._observation = golden_observation(bundle)
        self._feed = {key: golden[f"denoise.in.{key}"][:1] for key in ("x", "t", CONDITION)}
        self.calls = bundle.spec.require_sampler().inference_steps

    def once(self) -> None:
        self._encode.run(None, self._observation)
        for _ in range(self.calls):
            self._denoise.run(None, self._feed)


def _samples(spec: PolicySpec, time_ns: int, rng: np.random.Generator) -> list[Sample]:
    """One sample of each stream, with all the features that inputs read from it."""
    features: dict[str, dict[str, Any]] = {}
    for one in spec.inputs:
        features.setdefault(one.stream, {})[one.feature] = _value(one, rng)
    return [Sample(stream, time_ns, values) for stream, values in features.items()]


def _value(one: InputSpec, rng: np.random.Generator) -> Any:
    kind = one.preprocess.kind
    if kind == "image":
        return rng.integers(0, 256, (one.shape[1], one.shape[2], 3), np.uint8)
    if kind == "pose":
        return np.array([0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0])
    if kind == "field":
        return rng.standard_normal((one.shape[1], one.shape[2], 3))
    return rng.standard_normal(one.shape)


if __name__ == "__main__":
    import json
    import sys

    print(json.dumps(run(sys.argv[1] if len(sys.argv) > 1 else None), indent=2))
