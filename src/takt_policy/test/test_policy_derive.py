"""Smaller bundles: as close as they say, refused if too far off, honest about themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from takt_policy.bundle import Bundle, load_bundle, write_bundle, write_success
from takt_policy.bundle.schema import MeasuredSuccess
from takt_policy.cli import half, quantize
from takt_policy.engine import PolicyEngine
from takt_policy.errors import BundleError, PolicyError
from takt_policy.golden import golden_observation
from takt_policy.testing import (
    straight_chunk,
    tiny_graphs,
    tiny_normalizers,
    tiny_observation,
    tiny_spec,
)
from takt_policy.tune.convert import float16, int8_weights
from takt_policy.tune.derive import DEFAULT_BOUND, derive


@pytest.fixture(scope="module", params=["direct", "diffusion"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Tiny, but what it aims at follows the condition through a weight that matters."""
    spec = tiny_spec(request.param)
    graphs = tiny_graphs(spec, straight_chunk(spec, (0.0, 0.0, -0.002)))
    busy = "predict" if request.param == "direct" else "denoise"
    model = onnx.load_from_string(graphs[busy])
    for one in model.graph.initializer:
        value = numpy_helper.to_array(one)
        if one.name == "tiny":
            rng = np.random.default_rng(0)
            changed = rng.normal(0.0, 0.5, value.shape).astype(np.float32)
            one.CopyFrom(numpy_helper.from_array(changed, one.name))
    graphs[busy] = model.SerializeToString()
    folder = tmp_path_factory.mktemp("derive") / f"{request.param}.takt"
    write_bundle(folder, spec, graphs, tiny_normalizers(spec), tiny_observation(spec))
    return write_success(folder, MeasuredSuccess("peg", 10, 9, (0.6, 0.98)))


def _busy(bundle: Bundle) -> str:
    return bundle.spec.graphs[-1]


def test_int8_is_close_and_says_so(bundle: Bundle, tmp_path: Path) -> None:
    busy = _busy(bundle)
    made, difference = derive(bundle, tmp_path / "small.takt", [busy], int8_weights, "int8")
    assert difference.calls[busy] > 0.0
    assert 0.0 < difference.chunk <= DEFAULT_BOUND
    assert difference.position_mm is not None
    assert difference.position_mm > 0.0
    golden = made.spec.golden
    assert golden.graph_tolerance >= 2 * difference.call
    assert golden.sample_tolerance >= 2 * difference.chunk
    assert made.spec.provenance.precision == "int8"
    assert bundle.hash[:16] in made.spec.provenance.derived
    assert made.spec.provenance.success == ()
    # The golden outputs are those of the original; it loads as any bundle, and plans.
    key = next(key for key in bundle.golden if key.startswith(f"{busy}.out"))
    np.testing.assert_array_equal(made.golden[key], bundle.golden[key])
    engine = PolicyEngine(load_bundle(made.path))
    assert engine.golden_differences[key] == pytest.approx(difference.calls[busy])
    assert engine.warm_up() > 0


def test_float16_is_closer_than_int8(bundle: Bundle, tmp_path: Path) -> None:
    graphs = bundle.spec.graphs
    made, half_off = derive(bundle, tmp_path / "half.takt", graphs, float16, "float16")
    _, int8_off = derive(bundle, tmp_path / "int8.takt", [_busy(bundle)], int8_weights, "int8")
    assert 0.0 < half_off.chunk < int8_off.chunk
    assert made.spec.provenance.precision == "float16"
    types = {one.data_type for one in onnx.load(made.graph_path(_busy(bundle))).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in types
    assert PolicyEngine(made).warm_up() > 0


def test_too_far_off_is_refused_and_leaves_nothing(bundle: Bundle, tmp_path: Path) -> None:
    target = tmp_path / "off.takt"
    with pytest.raises(PolicyError, match=r"too far off: .* allowed for a chunk are 1e-06 \(--bou"):
        derive(bundle, target, [_busy(bundle)], int8_weights, "int8", bound=1e-6)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_done_is_said(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = _busy(bundle)
    with pytest.raises(PolicyError, match=f"no graph 'decoder'; it has .*{busy}"):
        derive(bundle, tmp_path / "a.takt", ["decoder"], int8_weights, "int8")
    with pytest.raises(BundleError, match="exists; choose another path"):
        derive(bundle, bundle.path, [busy], int8_weights, "int8")
    with pytest.raises(BundleError, match="is the original"):
        derive(bundle, bundle.path, [busy], int8_weights, "int8", overwrite=True)
    made, _ = derive(bundle, tmp_path / "a.takt", [busy], int8_weights, "int8")
    with pytest.raises(PolicyError, match="is in int8 already"):
        derive(made, tmp_path / "b.takt", [busy], int8_weights, "int8")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(PolicyError, match=r"needs the package onnx.*pip install onnx"):
        derive(bundle, tmp_path / "b.takt", [busy], int8_weights, "int8")


def test_a_graph_without_weights_cannot_be_quantised(tmp_path: Path) -> None:
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Abs", ["x"], ["y"])],
        "plain",
        [value("x", onnx.TensorProto.FLOAT, ["batch", 2])],
        [value("y", onnx.TensorProto.FLOAT, ["batch", 2])],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9
    )
    onnx.save(model, tmp_path / "plain.onnx")
    with pytest.raises(PolicyError, match="no matrix product"):
        int8_weights(tmp_path / "plain.onnx")


def test_the_commands_report(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = tmp_path / "small.takt"
    assert quantize.main([str(bundle.path), str(small), "--per-channel"]) == 0
    assert load_bundle(small).spec.provenance.derived.startswith(f"int8 of {_busy(bundle)}, from")
    assert half.main([str(bundle.path), str(small), "--overwrite"]) == 0
    assert load_bundle(small).spec.provenance.precision == "float16"
    said = capsys.readouterr().out
    assert "on the golden inputs a call differs by at most" in said
    assert "on a GPU it has not run yet" in said
    observation = golden_observation(load_bundle(small))
    for name, array in golden_observation(bundle).items():
        np.testing.assert_array_equal(observation[name], array)
