"""Graphs on onnxruntime: reused buffers that nobody sees, constants of a chunk, threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from takt_policy.binding import COPY_AT_MOST_BYTES, SHAPES_KEPT, Binding
from takt_policy.bound import check_finite
from takt_policy.errors import PolicyError
from takt_policy.graphs import Graph, session_options

Float = np.ndarray[Any, np.dtype[np.float32]]
CPU = ["CPUExecutionProvider"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``y = sqrt(x) * t + c``, x of any length."""
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Sqrt", ["x"], ["root"]),
        helper.make_node("Mul", ["root", "t"], ["scaled"]),
        helper.make_node("Add", ["scaled", "c"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "formula",
        [
            value("x", TensorProto.FLOAT, ["batch", "length"]),
            value("t", TensorProto.FLOAT, ["batch", 1]),
            value("c", TensorProto.FLOAT, ["batch", "length"]),
        ],
        [value("y", TensorProto.FLOAT, ["batch", "length"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    target = tmp_path_factory.mktemp("graphs") / "formula.onnx"
    onnx.save(model, target)
    return target


def _formula(x: Float, t: Float, c: Float) -> Float:
    return np.asarray(np.sqrt(x) * t + c, np.float32)


def _inputs(seed: int, batch: int, length: int = 5) -> dict[str, Float]:
    rng = np.random.default_rng(seed)
    shapes = {"x": (batch, length), "t": (batch, 1), "c": (batch, length)}
    return {name: rng.random(shape, np.float32) for name, shape in shapes.items()}


@given(calls=st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=12))
def test_results_are_right_and_stay_so(path: Path, calls: list[tuple[int, bool]]) -> None:
    graph = Graph(path, CPU)
    constant = _inputs(99, 1)["c"]
    bound = graph.bind({"c": constant})
    kept, expected = [], []
    for seed, (batch, constants) in enumerate(calls):
        feed = _inputs(seed, batch)
        if constants:
            kept.append(bound.run({name: feed[name] for name in ("x", "t")})["y"])
            expected.append(_formula(feed["x"], feed["t"], constant))
        else:
            kept.append(graph.run(feed)["y"])
            expected.append(_formula(**feed))
        # What the caller does with its arrays afterwards is nobody's business.
        for value in feed.values():
            value[:] = -1.0
    for found, wanted in zip(kept, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_result_may_be_written_to(path: Path) -> None:
    graph = Graph(path, CPU)
    feed = _inputs(0, 2)
    for _ in range(3):
        result = graph.run(feed)["y"]
        np.testing.assert_allclose(result, _formula(**feed), rtol=1e-6)
        result[:] = np.nan


def test_constants_are_of_the_time_of_binding(path: Path) -> None:
    graph = Graph(path, CPU)
    feed = _inputs(1, 3)
    rest = {name: feed[name] for name in ("x", "t")}
    mutable = feed["c"][:1].copy()
    first, second = graph.bind({"c": mutable}), graph.bind({"c": mutable + 1})
    mutable[:] = 7.0
    for _ in range(3):
        one, two = first.run(rest)["y"], second.run(rest)["y"]
        np.testing.assert_allclose(one, _formula(feed["x"], feed["t"], feed["c"][:1]), rtol=1e-6)
        np.testing.assert_allclose(two, one + 1, rtol=1e-5)


def test_great_inputs_are_not_copied_and_still_right(path: Path) -> None:
    graph = Graph(path, CPU)
    length = COPY_AT_MOST_BYTES // 4 + 1
    constant = _inputs(5, 1, length)["c"]
    bound = graph.bind({"c": constant})
    kept = []
    for seed in range(4):
        feed = _inputs(seed, 2, length)
        strided = np.repeat(feed["x"], 2, axis=1)[:, ::2]
        kept.append(bound.run({"x": strided, "t": feed["t"]})["y"])
        np.testing.assert_allclose(kept[-1], _formula(feed["x"], feed["t"], constant), rtol=1e-6)
    assert len({array.ctypes.data for array in kept}) == len(kept)


def test_threads_share_a_graph(path: Path) -> None:
    graph = Graph(path, CPU)
    bound = graph.bind({"c": np.zeros((1, 5), np.float32)})

    def work(seed: int) -> bool:
        feed = _inputs(seed, 1 + seed % 3)
        zero = np.zeros_like(feed["c"])
        rest = {name: feed[name] for name in ("x", "t")}
        for _ in range(200):
            if not np.allclose(graph.run(feed)["y"], _formula(**feed)):
                return False
            if not np.allclose(bound.run(rest)["y"], _formula(feed["x"], feed["t"], zero)):
                return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(6)))


def test_buffers_on_a_device_are_filled_and_kept(path: Path) -> None:
    # The CPU is a device, too: the same calls of onnxruntime as for memory of a GPU.
    session = ort.InferenceSession(str(path), session_options(1), providers=CPU)
    feed = _inputs(0, 2)
    binding = Binding(session, feed, {"y": feed["x"]}, device="cpu")
    binding.put("c", feed["c"])
    for seed in range(3):
        new = _inputs(seed, 2)
        binding.put("x", new["x"])
        binding.put("t", new["t"])
        found = binding.run()["y"]
        np.testing.assert_allclose(found, _formula(new["x"], new["t"], feed["c"]), rtol=1e-6)


def test_more_shapes_than_are_kept(path: Path) -> None:
    graph = Graph(path, CPU)
    for _ in range(2):
        for length in range(1, SHAPES_KEPT + 4):
            feed = _inputs(length, 1, length)
            np.testing.assert_allclose(graph.run(feed)["y"], _formula(**feed), rtol=1e-6)


def test_what_is_wrong_is_named_and_does_no_harm(path: Path) -> None:
    graph = Graph(path, CPU)
    good = _inputs(0, 2)
    graph.run(good)
    double: dict[str, Any] = {**good, "x": good["x"].astype(np.float64)}
    with pytest.raises(PolicyError, match=r"formula: input 'x' is float64; it takes float32"):
        graph.run(double)
    with pytest.raises(PolicyError, match="inputs t, x were given; it needs c, t, x"):
        graph.run({name: good[name] for name in ("x", "t")})
    with pytest.raises(PolicyError, match="no input 'condition'"):
        graph.bind({"condition": good["c"]})
    with pytest.raises(PolicyError, match="formula: inference failed"):
        graph.run({**good, "t": np.ones((3, 1), np.float32)})
    bad = {**good, "x": good["x"].copy()}
    bad["x"][1, 2] = -1.0
    for _ in range(2):  # without and with buffers
        with pytest.raises(PolicyError, match="output 'y' has 1 of 10 values that are NaN"):
            graph.run(bad)
    np.testing.assert_allclose(graph.run(good)["y"], _formula(**good), rtol=1e-6)


def _is_refused(call: Callable[[], None]) -> bool:
    try:
        call()
    except PolicyError:
        return True
    return False


@given(
    values=st.lists(st.floats(width=32), max_size=20),
    repeats=st.sampled_from([1, 2000]),
)
def test_only_what_is_not_finite_is_refused(values: list[float], repeats: int) -> None:
    array = np.array(values * repeats, np.float32)
    assert _is_refused(lambda: check_finite("it", array)) == (not np.isfinite(array).all())
