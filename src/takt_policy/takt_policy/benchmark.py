"""What a chunk costs beyond inference: the whole path against onnxruntime alone, in turn.

``run()`` is what ``make bench`` calls.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from takt_policy.bundle import Bundle, load_bundle
from takt_policy.bundle.schema import Family
from takt_policy.chunks import make_chunk
from takt_policy.engine import PolicyEngine
from takt_policy.execution import Execution
from takt_policy.jobs import plan_job
from takt_policy.loaded import LoadedPolicy
from takt_policy.observation import Missing
from takt_policy.providers import CPU
from takt_policy.tune.replay import Replay, record
from takt_policy.tune.samples import made_up_samples
from takt_policy.tune.stopwatch import interleaved

NOW_NS = 10_000_000_000


def run(bundles: Sequence[Path | str] = (), rounds: int = 50) -> list[dict[str, Any]]:
    """One entry per bundle; medians over ``rounds`` chunks.

    Args:
        bundles: any; a small one of each family is measured after them (it needs ``onnx``),
            whose networks are next to nothing, so that only the rest is seen.

    Returns:
        ``chunk_ms``: observation, network, actions and chunk, from samples to ActionChunk;
        ``inference_ms``: the very same graph calls on sessions of onnxruntime, with inputs at
        hand; ``overhead_ms``: median of the differences; ``overhead_cpu_ms``: the same of CPU
        time, which other work on the machine hardly changes; ``ratio``: chunk over inference;
        ``graph_calls``, ``rounds``, ``bundle``, ``family``.
    """
    found = [_measure(load_bundle(path), rounds) for path in bundles]
    with tempfile.TemporaryDirectory() as folder:
        from takt_policy.testing import write_tiny_bundle

        for family in get_args(Family):
            tiny = write_tiny_bundle(Path(folder) / f"{family}.takt", family)
            found.append(_measure(tiny, rounds))
        slow_fast = write_tiny_bundle(Path(folder) / "sf.takt", decode=True, residual=True)
        found.append(
            _measure(slow_fast, rounds, Execution(residual=True))
            | {"family": "slow-fast, residual"}
        )
    return found


def _measure(bundle: Bundle, rounds: int, execution: Execution | None = None) -> dict[str, Any]:
    path = ChunkPath(bundle, execution)
    calls = path.record()
    works = {"chunk": path.once, "inference": Replay(bundle, calls, CPU, 1).once}
    wall = interleaved(works, rounds)
    cpu = interleaved(works, rounds, clock=time.thread_time)
    return {
        "bundle": bundle.spec.name,
        "family": bundle.spec.family,
        "graph_calls": len(calls),
        "rounds": rounds,
        "chunk_ms": wall["chunk"].median,
        "inference_ms": wall["inference"].median,
        "overhead_ms": wall["chunk"].over(wall["inference"]),
        "overhead_cpu_ms": cpu["chunk"].over(cpu["inference"]),
        "ratio": wall["chunk"].median / wall["inference"].median,
    }


class ChunkPath:
    """From samples that have arrived to a chunk that is ready to be converted, on the CPU."""

    def __init__(self, bundle: Bundle, execution: Execution | None = None) -> None:
        self._engine = PolicyEngine(bundle, execution or Execution(), providers=[CPU])
        self._policy = LoadedPolicy(self._engine, self._engine.execution)
        for sample in made_up_samples(bundle.spec, NOW_NS):
            self._policy.push(sample)

    def record(self) -> list[tuple[str, dict[str, Any]]]:
        """The graph calls of a chunk, always the same."""
        return record(self._engine.model, self.once)

    def once(self) -> None:
        """Makes one chunk."""
        policy = self._policy
        reference = policy.builder.reference(NOW_NS)
        assert not isinstance(reference, Missing), reference
        observation = policy.builder.build(reference)
        assert not isinstance(observation, Missing), observation
        fast = policy.observe_fast(NOW_NS, observation.reference_pose)
        assert not isinstance(fast, Missing), fast
        ticket = policy.schedule.started(NOW_NS)
        plan = plan_job(policy, ticket, 0, 0, "", observation, fast, lambda: NOW_NS)()
        assert plan.prediction is not None, plan.error
        commit = policy.schedule.finished(ticket, NOW_NS, plan.prediction)
        assert commit is not None
        make_chunk(plan, commit, 1, NOW_NS)
