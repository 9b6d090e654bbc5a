"""Every schedule survives inference that is slow, fails, or gives NaN, whatever the clock does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_bench import Bench
from policy_world import MS

from takt_core.chunk import ActionChunk
from takt_policy.engine import PolicyEngine
from takt_policy.execution import Execution
from takt_policy.prediction import Prediction
from takt_policy.runtime import State
from takt_policy.testing import write_tiny_bundle

SCHEDULES = ("asynchronous", "synchronous", "ensembling", "rtc")
LEAD = 10 * MS


@dataclass(frozen=True)
class Trouble:
    """What becomes of one plan.

    Attributes:
        kind: ``good``, ``nan`` (the noise is none, as if a graph's output were) or ``raises``.
    """

    kind: str
    delay_ms: int
    jitter_ms: int


troubles = st.lists(
    st.builds(
        Trouble,
        kind=st.sampled_from(["good", "nan", "raises"]),
        delay_ms=st.sampled_from([0, 50, 300, 900, 2500]),
        jitter_ms=st.integers(-10, 10),
    ),
    min_size=1,
    max_size=6,
)


class Troubled:
    """An engine's ``plan`` that does as the script says, and goes well at its end."""

    def __init__(self, engine: PolicyEngine, script: list[Trouble]) -> None:
        self._plan = engine.plan
        self._shape = engine.model.chunk
        self.script = list(script)

    def __call__(self, *arguments: Any, **named: Any) -> Prediction:
        kind = self.script.pop(0).kind if self.script else "good"
        if kind == "raises":
            raise RuntimeError("out of memory")
        if kind == "nan":
            named["noise"] = np.full(self._shape, np.nan)
        return self._plan(*arguments, **named)


def live(
    engine: PolicyEngine, script: list[Trouble], monkeypatch: pytest.MonkeyPatch
) -> tuple[Bench, list[tuple[State, str]]]:
    """Lets the runtime live through the script, and three seconds of peace."""
    bench, states = Bench(None, failures_allowed=100), []
    bench.runtime.load(engine)
    bench.runtime.begin()
    with monkeypatch.context() as patch:
        troubled = Troubled(engine, script)
        patch.setattr(engine, "plan", troubled)
        peace_s = 0.0
        while peace_s < 3.0:
            now = troubled.script[0] if troubled.script else Trouble("good", 50, 0)
            bench.delay_ns, bench.jitter_ns = now.delay_ms * MS, now.jitter_ms * MS
            bench.run(0.05)
            states.append((bench.runtime.state, bench.runtime.reason))
            peace_s += 0.0 if troubled.script else 0.05
            assert len(states) < 1000, "it never gets through"
    return bench, states


@pytest.fixture(scope="module", params=SCHEDULES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> PolicyEngine:
    path = tmp_path_factory.mktemp(request.param) / "flow.takt"
    how = Execution(schedule=request.param, sampler_steps=1, expected_delay_s=0.05)
    return PolicyEngine(write_tiny_bundle(path, "flow"), how)


def essence(chunk: ActionChunk) -> tuple[Any, ...]:
    """What makes two chunks the same but for the time they took."""
    poses = tuple(tuple(pose.array7()) for pose in chunk.poses)
    times = (chunk.start_ns, chunk.published_ns, chunk.takeover_ns)
    return chunk.id, times, chunk.first_index, tuple(map(tuple, chunk.raw)), poses


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=troubles)
def test_the_run_goes_on_and_nothing_is_sent_for_the_past(
    engine: PolicyEngine, script: list[Trouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, states = live(engine, script, monkeypatch)
    assert bench.runtime.state is State.RUNNING
    assert bench.runtime.run == 1
    assert bench.chunks
    assert bench.chunks[-1].published_ns > bench.world.now_ns - 1500 * MS
    assert all(reason for state, reason in states if state is State.WAITING)
    failed = [one for one in script if one.kind != "good"]
    assert bench.runtime.statistics.failed_plans == len(failed)
    for chunk in bench.chunks:
        assert chunk.start_ns > chunk.published_ns + LEAD
        assert np.isfinite([pose.array7() for pose in chunk.poses]).all()

    again, _ = live(engine, script, monkeypatch)
    assert [essence(chunk) for chunk in bench.chunks] == [essence(chunk) for chunk in again.chunks]
