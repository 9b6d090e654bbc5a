"""Loading: good bundles load, and each way to be wrong is refused by name."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml

from takt_policy.bundle import (
    Bundle,
    MeasuredSuccess,
    content_hash,
    load_bundle,
    write_bundle,
    write_success,
)
from takt_policy.engine import PolicyEngine
from takt_policy.errors import BundleError, PolicyError
from takt_policy.model import PolicyModel
from takt_policy.testing import (
    denoise_graph,
    encode_graph,
    straight_chunk,
    tiny_normalizers,
    tiny_observation,
    tiny_spec,
    write_tiny_bundle,
)


def _edit_yaml(bundle: Path, path: str, value: Any) -> None:
    file = bundle / "policy.yaml"
    mapping = yaml.safe_load(file.read_text(encoding="utf-8"))
    *parents, last = path.split(".")
    target = mapping
    for parent in parents:
        target = target[parent]
    target[last] = value
    file.write_text(yaml.safe_dump(mapping), encoding="utf-8")


def _edit_npz(file: Path, **changes: Any) -> None:
    with np.load(file) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is None:
            del arrays[key]
        else:
            arrays[key] = value
    np.savez(file, **arrays)


def _refused(bundle: Path) -> str:
    with pytest.raises(BundleError) as caught:
        PolicyEngine(load_bundle(bundle))
    return str(caught.value)


def test_a_good_bundle_loads_and_reports_its_checks(tiny_engine: PolicyEngine) -> None:
    assert tiny_engine.provider == "CPUExecutionProvider"
    assert set(tiny_engine.golden_differences) == {
        "encode.out.condition", "denoise.out.prediction", "sample.out.actions",
    }  # fmt: skip
    assert max(tiny_engine.golden_differences.values()) < 1e-5


def test_hash_tells_contents_apart(tiny_bundle: Bundle, own_bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.takt"
    shutil.copytree(own_bundle, copy)
    (copy / "README.md").write_text("words", encoding="utf-8")
    assert load_bundle(copy).hash == load_bundle(own_bundle).hash
    _edit_yaml(copy, "description", "other words")
    assert load_bundle(copy).hash != load_bundle(own_bundle).hash
    assert len(tiny_bundle.hash) == 64
    (copy / "one.bin").write_bytes(b"same")
    before = content_hash(copy)
    (copy / "one.bin").rename(copy / "two.bin")
    assert content_hash(copy) != before


@pytest.mark.parametrize("missing", ["encode.onnx", "denoise.onnx", "normalizer.npz", "golden.npz"])
def test_missing_file(own_bundle: Path, missing: str) -> None:
    (own_bundle / missing).unlink()
    message = _refused(own_bundle)
    assert missing in message
    assert "missing" in message


def test_a_graph_that_nothing_describes(own_bundle: Path) -> None:
    shutil.copy(own_bundle / "encode.onnx", own_bundle / "critic.onnx")
    message = _refused(own_bundle)
    assert "critic.onnx belongs to nothing in policy.yaml" in message
    assert "section 'critic'" in message


def test_no_bundle_at_all(tmp_path: Path) -> None:
    assert "is not a folder" in _refused(tmp_path / "nothing")
    assert "policy.yaml does not exist" in _refused(tmp_path)


def test_wrong_shape_names_input_and_both_shapes(own_bundle: Path) -> None:
    _edit_yaml(own_bundle, "inputs.wrench.history", 5)
    message = _refused(own_bundle)
    for word in ("encode.onnx", "'wrench'", "['batch', 4, 6]", "['batch', 5, 6]", "policy.yaml"):
        assert word in message


def test_wrong_action_size(own_bundle: Path) -> None:
    _edit_yaml(
        own_bundle, "actions", {"arm": {"kind": "pose", "rotation": "6d", "reference": "absolute"}}
    )
    assert "action.offset has shape [10]; it must be [9]" in _refused(own_bundle)


def test_wrong_horizon(own_bundle: Path) -> None:
    _edit_yaml(own_bundle, "horizons.prediction", 12)
    message = _refused(own_bundle)
    assert "'x'" in message
    assert "['batch', 12, 10]" in message


def test_wrong_dtype(own_bundle: Path) -> None:
    _edit_yaml(own_bundle, "inputs.image.dtype", "float32")
    message = _refused(own_bundle)
    assert "'image' is of dtype uint8; allowed: float32" in message


def test_unknown_and_missing_graph_inputs(own_bundle: Path) -> None:
    _edit_yaml(own_bundle, "inputs.wrench.feature", "wrench")
    mapping = yaml.safe_load((own_bundle / "policy.yaml").read_text(encoding="utf-8"))
    mapping["inputs"]["force"] = mapping["inputs"].pop("wrench")
    mapping["normalizer"]["force"] = "identity"
    del mapping["normalizer"]["wrench"]
    (own_bundle / "policy.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    assert "entry 'wrench.offset' belongs to nothing" in _refused(own_bundle)
    _edit_npz(own_bundle / "normalizer.npz", wrench__offset=None, wrench__scale=None)
    message = _refused(own_bundle)
    assert "no input 'force'" in message
    assert "wrench" in message


def test_undeclared_graph_input(own_bundle: Path) -> None:
    mapping = yaml.safe_load((own_bundle / "policy.yaml").read_text(encoding="utf-8"))
    del mapping["inputs"]["wrench"], mapping["normalizer"]["wrench"]
    (own_bundle / "policy.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    _edit_npz(own_bundle / "normalizer.npz", wrench__offset=None, wrench__scale=None)
    assert "wants an input 'wrench' that policy.yaml does not declare" in _refused(own_bundle)


def test_fixed_batch_axis(own_bundle: Path) -> None:
    model = onnx.load(own_bundle / "denoise.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, own_bundle / "denoise.onnx")
    message = _refused(own_bundle)
    assert "'x'" in message
    assert "batch axis must be dynamic" in message


def test_a_graph_without_condition(own_bundle: Path) -> None:
    model = encode_graph(tiny_spec())
    model.graph.output[0].name = "features"
    model.graph.node[-1].output[0] = "features"
    onnx.save(model, own_bundle / "encode.onnx")
    message = _refused(own_bundle)
    assert "no output 'condition'; it has features" in message


def test_damaged_graph(own_bundle: Path) -> None:
    (own_bundle / "encode.onnx").write_bytes(b"not a graph")
    assert "encode.onnx cannot be loaded by onnxruntime" in _refused(own_bundle)


def test_normalizer_damage(own_bundle: Path) -> None:
    file = own_bundle / "normalizer.npz"
    good = file.read_bytes()
    _edit_npz(file, tcp__scale=np.zeros(9, np.float32))
    assert "tcp.scale has a zero" in _refused(own_bundle)
    file.write_bytes(good)
    _edit_npz(file, tcp__offset=np.full(9, np.nan, np.float32))
    assert "tcp.offset has NaN" in _refused(own_bundle)
    file.write_bytes(good)
    _edit_npz(file, tcp__offset=None)
    assert "'tcp.offset' is missing" in _refused(own_bundle)
    np.savez(file, **{"tcp.offset": np.array([{"pickled": True}], dtype=object)})
    assert "cannot be read as arrays" in _refused(own_bundle)


def test_other_weights_fail_the_golden_check(own_bundle: Path) -> None:
    spec = tiny_spec()
    other = denoise_graph(spec, straight_chunk(spec, (0.01, 0.0, 0.0)))
    onnx.save(other, own_bundle / "denoise.onnx")
    message = _refused(own_bundle)
    assert "golden denoise.out.prediction differs by" in message
    assert "allowed are 0.0001" in message


def test_golden_with_nan_does_not_pass(own_bundle: Path) -> None:
    stored = np.full((16, 10), np.nan, np.float32)
    _edit_npz(own_bundle / "golden.npz", sample__out__actions=stored)
    assert "sample.out.actions differs by nan" in _refused(own_bundle)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample__seed": None}, "'sample.seed' is missing"),
        ({"critic__out__value": np.zeros(1)}, "'critic.out.value' belongs to no graph"),
        ({"encode__in__tcp": np.zeros((1, 3, 9), np.float32)}, "encode.in.tcp is float32"),
        ({"denoise__out__prediction": np.zeros((1, 16, 10), np.float32)}, "shape \\[2, 16, 10\\]"),
    ],
)
def test_golden_damage(own_bundle: Path, changes: dict[str, Any], words: str) -> None:
    _edit_npz(own_bundle / "golden.npz", **changes)
    with pytest.raises(BundleError, match=words):
        PolicyEngine(load_bundle(own_bundle))


def test_nan_output_names_graph_and_output(own_bundle: Path) -> None:
    spec = tiny_spec()
    onnx.save(
        denoise_graph(spec, straight_chunk(spec, (0, 0, 0)), faulty=True),
        own_bundle / "denoise.onnx",
    )
    with pytest.raises(PolicyError, match="graph denoise: output 'prediction' has"):
        PolicyEngine(load_bundle(own_bundle))


def test_writing_refuses_to_overwrite_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    path = tmp_path / "tiny.takt"
    first = write_tiny_bundle(path)
    with pytest.raises(BundleError, match="exists"):
        write_tiny_bundle(path)
    spec = tiny_spec()
    graphs = {"encode": encode_graph(spec).SerializeToString(), "denoise": b"broken"}
    with pytest.raises(BundleError, match="cannot be loaded"):
        write_bundle(
            path, spec, graphs, tiny_normalizers(spec), tiny_observation(spec), overwrite=True
        )
    assert load_bundle(path).hash == first.hash
    assert [one.name for one in tmp_path.iterdir()] == ["tiny.takt"]


def test_writing_compares_with_the_framework(tmp_path: Path) -> None:
    spec = tiny_spec()
    clean = straight_chunk(spec, (0, 0, 0))
    graphs = {
        "encode": encode_graph(spec).SerializeToString(),
        "denoise": denoise_graph(spec, clean).SerializeToString(),
    }
    normalizers, observation = tiny_normalizers(spec), tiny_observation(spec)
    reference = {
        "encode": lambda **arrays: np.zeros((1, 4)),
        "denoise": lambda x, t, condition: np.zeros_like(x),
    }
    with pytest.raises(BundleError, match=r"encode\.onnx, output 'condition', against"):
        write_bundle(tmp_path / "a.takt", spec, graphs, normalizers, observation, reference)
    with pytest.raises(BundleError, match="'reference' has a function for critic"):
        write_bundle(
            tmp_path / "a.takt", spec, graphs, normalizers, observation, {"critic": np.zeros}
        )
    kinds = {**normalizers, "action": normalizers["image"]}
    with pytest.raises(BundleError, match="normalisers"):
        write_bundle(tmp_path / "a.takt", spec, graphs, kinds, observation)
    with pytest.raises(BundleError, match="needs"):
        write_bundle(tmp_path / "a.takt", spec, {}, normalizers, observation)


def test_graphs_that_are_not_compared_with_the_framework_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = tiny_spec()
    graphs = {
        "encode": encode_graph(spec).SerializeToString(),
        "denoise": denoise_graph(spec, straight_chunk(spec, (0, 0, 0))).SerializeToString(),
    }
    observation = tiny_observation(spec)
    bundle = write_bundle(tmp_path / "a.takt", spec, graphs, tiny_normalizers(spec), observation)
    assert not caplog.records, "without a framework there is nothing to say"
    encode = PolicyModel(bundle.path, spec).encode
    reference = {"encode": lambda **arrays: encode(arrays)}
    write_bundle(tmp_path / "b.takt", spec, graphs, tiny_normalizers(spec), observation, reference)
    assert [one.getMessage() for one in caplog.records] == [
        "denoise.onnx: not compared with the framework; 'reference' has no function for it"
    ]


def test_success_is_entered_and_replaced(own_bundle: Path) -> None:
    write_success(own_bundle, MeasuredSuccess("peg", 10, 5, (0.2, 0.8)))
    bundle = write_success(own_bundle, MeasuredSuccess("peg", 20, 15, (0.5, 0.9), "faster"))
    assert bundle.spec.provenance.success == (MeasuredSuccess("peg", 20, 15, (0.5, 0.9), "faster"),)
    plain = replace(bundle.spec, provenance=tiny_spec().provenance)
    assert plain == tiny_spec()
    PolicyEngine(bundle)
