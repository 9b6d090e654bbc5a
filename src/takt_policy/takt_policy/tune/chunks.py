"""How long whole chunks take, by how they are drawn, and what of it is not onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle

from takt_policy.actions import Arm
from takt_policy.bundle import Bundle
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.execution_check import check_execution
from takt_policy.prediction import Prediction
from takt_policy.tune.observation import golden_observations
from takt_policy.tune.replay import Replay, record
from takt_policy.tune.stopwatch import Times, interleaved

STEPS = (4, 8, 16, 32)
DRAFTS = (4, 8, 16)
OWN = "as the bundle says"

Way = tuple[Bundle, Execution]
"""A way to draw chunks."""

DRAWS = 4
"""Chunks that are drawn in turn; speculation takes more rounds for some than for others."""

DELAY_STEPS = 2
"""Actions of the previous chunk that count as executed meanwhile."""


@dataclass(frozen=True, eq=False)
class ChunkTimes:
    """Of one way to draw chunks.

    Attributes:
        whole: of ``PolicyEngine.plan``.
        inference: of the same graph calls on onnxruntime alone.
        network_calls, rounds: means over the draws, see ``Prediction``.
    """

    whole: Times
    inference: Times
    network_calls: float
    rounds: float

    @property
    def overhead_ms(self) -> float:
        """Median of what the engine adds."""
        return self.whole.over(self.inference)


def permitted_ways(bundle: Bundle) -> dict[str, Way]:
    """Ways to draw chunks that the bundle permits, by name."""
    found = {OWN: Execution()}
    sampler = bundle.spec.sampler
    if sampler is None:
        return {OWN: (bundle, Execution())}
    kind = "flow" if sampler.kind == "flow" else "ddim"
    for steps in STEPS:
        found[f"{kind}, {steps} steps"] = Execution(sampler=kind, sampler_steps=steps)
    own = sampler.inference_steps
    found[f"warm start, last {max(1, own // 4)} of {own}"] = Execution(
        # Never refreshed for a change: the bench plans from one observation.
        warm_start=max(1, own // 4), warm_start_refresh=1_000_000, warm_start_threshold=1e9
    )  # fmt: skip
    found["real-time chunking"] = Execution(schedule="rtc")
    if kind == "ddim":
        levels = sampler.training_steps
        plain = Execution(sampler="ddpm", sampler_steps=levels)
        found[f"ddpm, {levels} steps"] = plain
        for drafts in DRAFTS:
            found[f"ddpm, {levels} steps, speculate {drafts}"] = replace(plain, speculate=drafts)
    return {name: (bundle, one) for name, one in found.items() if _permitted(one, bundle)}


def measure_chunks(
    ways: Mapping[str, Way],
    provider: str,
    threads: int,
    rounds: int = 30,
    seconds: float = 20.0,
    arm: Arm | None = None,
) -> dict[str, ChunkTimes]:
    """Times of each way, all measured in turn.

    Args:
        arm: kinematics, for policies that command joints.
    """
    paths: dict[str, _Path] = {}
    works: dict[tuple[str, str], Callable[[], object]] = {}
    for name, (bundle, execution) in ways.items():
        engine = PolicyEngine(bundle, execution, [provider], threads=threads, arm=arm)
        paths[name] = path = _Path(engine)
        works[name, "whole"] = path.plan
        works[name, "inference"] = path.replay(provider, threads)
    times = interleaved(works, rounds, seconds)
    return {
        name: ChunkTimes(
            times[name, "whole"], times[name, "inference"], path.network_calls, path.rounds
        )
        for name, path in paths.items()
    }


class _Path:
    """Plans from the golden observation, the same few draws in turn, so the same calls."""

    def __init__(self, engine: PolicyEngine) -> None:
        self._engine = engine
        self._observation, self._fast = golden_observations(engine.bundle)
        horizons = engine.bundle.spec.horizons
        self._commit_ns = self._observation.reference_ns + DELAY_STEPS * horizons.step_ns
        self._previous = engine.plan(self._observation, draw=DRAWS, fast=self._fast)
        self._calls = [record(engine.model, partial(self._plan, draw)) for draw in range(DRAWS)]
        predictions = [self._plan(draw) for draw in range(DRAWS)]
        self.network_calls = sum(one.network_calls for one in predictions) / DRAWS
        self.rounds = sum(one.rounds for one in predictions) / DRAWS
        self._draw = cycle(range(DRAWS))

    def plan(self) -> None:
        """The next draw."""
        self._plan(next(self._draw))

    def replay(self, provider: str, threads: int) -> Callable[[], object]:
        """The same draws' calls, in the same order, on onnxruntime."""
        bundle = self._engine.bundle
        replays = cycle([Replay(bundle, calls, provider, threads) for calls in self._calls])
        return lambda: next(replays).once()

    def _plan(self, draw: int) -> Prediction:
        return self._engine.plan(
            self._observation,
            draw=draw,
            previous=self._previous,
            commit_ns=self._commit_ns,
            fast=self._fast,
        )


def _permitted(execution: Execution, bundle: Bundle) -> bool:
    try:
        check_execution(execution, bundle.spec)
    except PolicyError:
        return False
    return True
