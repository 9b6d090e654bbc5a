"""The command, as it is typed."""

import sys

import pytest

from takt_core.errors import TaktError
from takt_export.cli.export import main

MAPPING = """
takt_mapping: 1
name: tiny
step_s: 0.1
tool: {stream: arm/state, type: takt_msgs/msg/ArmState, feature: tcp_pose}
observations:
  obs:
    - {stream: arm/state, type: takt_msgs/msg/ArmState, feature: tcp_pose, take: position}
    - {stream: arm/state, type: takt_msgs/msg/ArmState, feature: gripper_width}
actions:
  arm: {kind: position, reference: absolute, fixed: {z: 0.1}}
"""

FUNCTION = """
import numpy as np
from takt_export.modules import Parts
from test_export_modules import NORMALIZERS, OBSERVATION, predict, specification

def parts():
    return Parts(specification(), NORMALIZERS, OBSERVATION, {"predict": predict})

def other():
    return 3
"""


def test_without_pytorch_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(TaktError, match="scripts/setup-train"):
        main(["lerobot", "x", "y"])


def test_a_checkpoint(tmp_path, capsys):
    pytest.importorskip("torch")
    from export_checkpoints import write_diffusion_policy

    file, out = tmp_path / "latest.ckpt", tmp_path / "a.takt"
    write_diffusion_policy(file)
    assert main(["diffusion_policy", str(file), "--print-mapping"]) == 0
    template = capsys.readouterr().out
    assert "obs:   # 4 numbers" in template
    (tmp_path / "template.yaml").write_text(template)
    with pytest.raises(TaktError, match="is still 'CHANGE_ME'"):
        main(["diffusion_policy", str(file), str(out),
              "--mapping", str(tmp_path / "template.yaml")])  # fmt: skip
    (tmp_path / "map.yaml").write_text(MAPPING)
    words = ["diffusion_policy", str(file), str(out), "--mapping", str(tmp_path / "map.yaml")]
    assert main(words) == 0
    assert "denoise.onnx differs from PyTorch by" in capsys.readouterr().out
    with pytest.raises(TaktError, match="exists"):
        main(words)
    assert main([*words, "--overwrite", "--tolerance", "1e-4"]) == 0
    with pytest.raises(SystemExit):
        main(["diffusion_policy", str(file)])
    assert "--print-mapping > MAP.yaml" in capsys.readouterr().err


def test_a_function(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    (tmp_path / "my_policy_parts.py").write_text(FUNCTION)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert main(["module", "my_policy_parts:parts", "a.takt"]) == 0
    assert "predict.onnx" in capsys.readouterr().out
    for name, message in (("my_policy_parts:other", "gave int"), ("my_policy_parts", "no function"),
                          ("my_policy_parts:nothing", "cannot be imported")):  # fmt: skip
        with pytest.raises(TaktError, match=message):
            main(["module", name, "b.takt"])
