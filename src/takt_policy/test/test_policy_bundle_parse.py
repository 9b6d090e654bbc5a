"""policy.yaml: round trip, and refusals that name file, key, found and allowed."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from takt_policy.bundle.dump import spec_to_mapping, spec_to_yaml
from takt_policy.bundle.parse import spec_from_mapping
from takt_policy.bundle.schema import MeasuredSuccess, Provenance
from takt_policy.bundle.section import read_yaml
from takt_policy.errors import BundleError
from takt_policy.testing import tiny_spec

DOCUMENT = Path(__file__).parents[3] / "docs" / "policy_bundle.md"


def _documented() -> list[Any]:
    """The YAML blocks of the document: a whole policy.yaml, then additions to it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def test_written_specification_reads_back_equal(tmp_path: Path) -> None:
    spec = tiny_spec(
        provenance=Provenance(
            "abc",
            "123",
            4,
            "CPU",
            "2026-01-01",
            (MeasuredSuccess("peg", 100, 90, (0.82, 0.95), "ddim 16"),),
        )
    )
    file = tmp_path / "policy.yaml"
    file.write_text(spec_to_yaml(spec), encoding="utf-8")
    assert spec_from_mapping(read_yaml(file), str(file)) == spec


def test_documented_example_is_valid_and_complete() -> None:
    mapping = _documented()[0]
    spec = spec_from_mapping(mapping, "docs")
    assert [one.name for one in spec.inputs] == ["wrist_image", "tcp", "wrench", "touch"]
    assert spec.action_size == 10
    assert set(spec_to_mapping(spec)) == set(mapping), "the document shows every key"


def test_documented_additions_are_valid() -> None:
    whole, *additions = _documented()
    assert len(additions) == 3
    for addition in additions:
        mapping = copy.deepcopy(whole)
        for key, value in addition.items():
            if key in ("inputs", "normalizer"):
                mapping[key].update(value)
            else:
                mapping[key] = value
        spec_from_mapping(mapping, "docs")


def _changed(path: str, value: Any) -> dict[str, Any]:
    mapping = copy.deepcopy(spec_to_mapping(tiny_spec()))
    *parents, last = path.split(".")
    target = mapping
    for parent in parents:
        target = target[parent]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return mapping


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("takt_bundle", 1, ["takt_bundle", "1", "2"]),
        ("famly", "diffusion", ["unknown key 'famly'", "family"]),
        ("family", "flow", ["sampler.kind", "ddim", "flow"]),
        ("family", "energy", ["family", "energy", "diffusion", "direct"]),
        ("name", ..., ["'name' is missing"]),
        ("name", 3, ["name", "3", "text"]),
        ("inputs.image.shap", [3, 8, 8], ["inputs.image.shap", "did you mean 'shape'"]),
        ("inputs.image.shape", [8, 8], ["inputs.image.shape", "[8, 8]", "height"]),
        ("inputs.image.shape", [1, 8, 8], ["inputs.image.shape", "[3, height, width]"]),
        ("inputs.image.dtype", "float16", ["inputs.image.dtype", "float16", "uint8"]),
        ("inputs.image.align", "linear", ["inputs.image.align", "hold"]),
        ("inputs.image.type", "sensor_msgs/msg/Imu", ["type", "Imu", "sensor_msgs/msg/Image"]),
        ("inputs.image.history", 0, ["inputs.image.history", "0", "at least 1"]),
        ("inputs.image.history", True, ["inputs.image.history", "True"]),
        ("inputs.image.period_s", 0, ["inputs.image.period_s", "above 0"]),
        ("inputs.image.period_s", "1e-1", ["period_s", "YAML reads this as text"]),
        ("inputs.image.tolerance_s", float("nan"), ["tolerance_s", "nan"]),
        ("inputs.tcp.dtype", "uint8", ["inputs.tcp.dtype", "float32"]),
        ("inputs.tcp.align", "hold", ["inputs.tcp.align", "pose"]),
        ("inputs.tcp.shape", [7], ["inputs.tcp.shape", "[9]"]),
        ("inputs.tcp.preprocess.frame", "tool", ["preprocess.frame", "tool", "reference"]),
        ("inputs.tcp.preprocess", {"kind": "pose", "frame": "fixed"}, ["base_from_fixed"]),
        ("inputs", {}, ["inputs", "at least one"]),
        ("reference_pose", "wrench", ["reference_pose", "wrench", "tcp"]),
        ("actions.arm.rotation", "euler", ["actions.arm.rotation", "euler", "6d"]),
        ("actions.arm", ..., ["no group of kind pose, position, joints", "exactly one"]),
        ("horizons.execute", 16, ["horizons.execute", "16", "1 to 15"]),
        ("sampler.kind", "heun", ["sampler.kind", "heun", "ddim"]),
        ("sampler.inference_steps", 101, ["inference_steps", "101", "1 to 100"]),
        ("sampler.clip", 0, ["sampler.clip", "0", "above 0"]),
        ("sampler.eta", 2.0, ["sampler.eta", "2.0"]),
        ("normalizer.image", "minmax", ["normalizer.image", "identity", "uint8"]),
        ("normalizer.action", ..., ["normalizer.action", "missing"]),
        ("normalizer.typo", "identity", ["normalizer.typo", "unknown"]),
        ("golden", 3, ["golden", "mapping"]),
        (
            "provenance.success",
            {"peg": {"episodes": 10, "successes": 11, "interval": [0.0, 1.0]}},
            ["provenance.success.peg.successes", "11", "10"],
        ),
        (
            "provenance.success",
            {"peg": {"episodes": 10, "successes": 9, "interval": [0.0, 0.5]}},
            ["provenance.success.peg.interval", "around"],
        ),
    ],
)
def test_refusals_name_the_key_and_what_is_allowed(path: str, value: Any, words: list[str]) -> None:
    with pytest.raises(BundleError) as caught:
        spec_from_mapping(_changed(path, value), "some/policy.yaml")
    message = str(caught.value)
    assert message.startswith("some/policy.yaml")
    for word in words:
        assert word in message


def test_one_stream_has_one_type() -> None:
    mapping = spec_to_mapping(tiny_spec())
    mapping["inputs"]["wrench"]["stream"] = "arm/state"
    with pytest.raises(BundleError, match="declared as takt_msgs/msg/ArmState and as"):
        spec_from_mapping(mapping, "policy.yaml")


def test_an_input_cannot_be_called_action() -> None:
    mapping = spec_to_mapping(tiny_spec())
    mapping["inputs"]["action"] = mapping["inputs"]["wrench"]
    with pytest.raises(BundleError, match="named 'action'"):
        spec_from_mapping(mapping, "policy.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\nname: b\n", "given twice"),
        ("name: [a\n", "not YAML"),
        ("- a\n", "a list"),
        ("", "empty"),
    ],
)
def test_files_that_are_no_mapping(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=words) as caught:
        read_yaml(file)
    assert str(file) in str(caught.value)


def test_no_yaml_tag_makes_python_run(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("name: !!python/object/apply:os.getcwd []\n", encoding="utf-8")
    with pytest.raises(BundleError, match="not YAML"):
        read_yaml(file)
