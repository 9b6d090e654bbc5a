"""What measured times mean: on times that the test makes up."""

from __future__ import annotations

import numpy as np
import pytest

from takt_policy.bundle import Bundle
from takt_policy.providers import CPU, CUDA
from takt_policy.testing import write_tiny_bundle
from takt_policy.tune import advice
from takt_policy.tune.calls import Call
from takt_policy.tune.chunks import OWN, ChunkTimes, permitted_ways
from takt_policy.tune.compare import Difference
from takt_policy.tune.stopwatch import Times


def _times(ms: float) -> Times:
    return Times(np.full(5, ms))


def _chunk(ms: float, rounds: float = 8.0, inference_ms: float | None = None) -> ChunkTimes:
    inference = ms if inference_ms is None else inference_ms
    return ChunkTimes(_times(ms), _times(inference), rounds, rounds)


def _calls(denoise: dict[tuple[str, int], float], encode_ms: float = 1.0) -> dict[Call, Times]:
    calls = {}
    for (provider, threads), ms in denoise.items():
        calls[Call("encode", provider, threads)] = _times(encode_ms)
        calls[Call("denoise", provider, threads)] = _times(ms)
    return calls


@pytest.mark.parametrize(
    ("denoise", "best"),
    [
        ({(CPU, 1): 1.0, (CPU, 2): 0.95}, (CPU, 1)),  # not worth a core
        ({(CPU, 1): 1.0, (CPU, 2): 0.6}, (CPU, 2)),
        ({(CPU, 1): 1.0, (CPU, 2): 3.0}, (CPU, 1)),
        ({(CUDA, 1): 0.2, (CPU, 1): 1.0, (CPU, 4): 0.5}, (CUDA, 1)),
    ],
)
def test_fewest_threads_that_are_nearly_best(
    tiny_bundle: Bundle, denoise: dict[tuple[str, int], float], best: tuple[str, int]
) -> None:
    calls = _calls(denoise)
    assert advice.best_machine(tiny_bundle, calls) == best
    words = advice.on_threads(tiny_bundle, calls)
    steps = tiny_bundle.spec.require_sampler().inference_steps
    assert f"{1.0 + steps * denoise[best]:.2f} ms" in words
    assert best[0] in words.split(":")[0]


def test_steps_that_fit_the_period(tiny_bundle: Bundle) -> None:
    # 800 ms are executed; 8 steps of 10 ms and 20 ms of everything else are a chunk.
    calls = _calls({(CPU, 1): 10.0})
    words = advice.on_steps(tiny_bundle, calls, CPU, 1, _chunk(100.0))
    assert "executed for 800 ms and drawn in 100.0 ms" in words
    assert "12.5 % of it" in words
    assert "1 of its actions is late" in words
    assert "78 steps fit the period, 8 the time of one action" in words
    slow = advice.on_steps(tiny_bundle, _calls({(CPU, 1): 900.0}), CPU, 1, _chunk(7300.0))
    assert "73 of its actions are late" in slow
    quick = advice.on_steps(tiny_bundle, calls, CPU, 1, _chunk(99.0))
    assert "none of its actions is late" in quick
    assert "too slow for this machine" in slow


def test_speculation_is_judged_by_the_clock() -> None:
    chunks = {
        OWN: _chunk(8.0),
        "ddpm, 100 steps": _chunk(100.0, 100),
        "ddpm, 100 steps, speculate 4": _chunk(60.0, 30),
        "ddpm, 100 steps, speculate 8": _chunk(50.0, 16),
    }
    words = advice.on_speculation(chunks)
    assert words is not None
    assert words.startswith(
        "Speculation pays for DDPM, best with 8 drafts: 16 rounds instead of 100"
    )
    chunks["ddpm, 100 steps, speculate 8"] = _chunk(130.0, 16)
    chunks["ddpm, 100 steps, speculate 4"] = _chunk(95.0, 30)
    words = advice.on_speculation(chunks)
    assert words is not None
    assert words.startswith("Speculation does not pay here: at best (with 4 drafts) 30 rounds")
    assert advice.on_speculation({OWN: _chunk(8.0)}) is None


def test_smaller_weights_are_weighed_against_what_they_cost() -> None:
    difference = Difference({"denoise": 0.02}, 0.01, 1.5)
    words = advice.on_smaller("int8 weights of denoise", _chunk(10.0), _chunk(5.0), difference)
    assert "2.00 times faster" in words
    assert "1.50 mm" in words
    assert "takt eval" in words
    words = advice.on_smaller("int8 weights of denoise", _chunk(10.0), _chunk(9.9), difference)
    assert words.startswith("Not worth it here")


def test_ways_are_those_that_the_bundle_permits(
    tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ways")
    names = set(permitted_ways(tiny_bundle))
    assert {OWN, "ddim, 4 steps", "real-time chunking", "ddpm, 100 steps, speculate 8"} <= names
    flow = set(permitted_ways(write_tiny_bundle(folder / "flow.takt", "flow")))
    assert {OWN, "flow, 16 steps"} <= flow
    assert not [name for name in flow if "ddpm" in name or "ddim" in name]
    direct = permitted_ways(write_tiny_bundle(folder / "direct.takt", "direct"))
    assert list(direct) == [OWN]
    slow_fast = set(permitted_ways(write_tiny_bundle(folder / "sf.takt", decode=True)))
    assert "real-time chunking" not in slow_fast
