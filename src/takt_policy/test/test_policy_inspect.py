"""`takt policy inspect` on real bundles."""

from __future__ import annotations

from pathlib import Path

import pytest

from takt_policy.bundle import MeasuredSuccess, write_success
from takt_policy.bundle.schema import ActionGroup, Family
from takt_policy.cli.inspect import main
from takt_policy.testing import write_tiny_bundle

ONE_JOINT = """<robot name="one"><link name="base"/><link name="tcp">
<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
</link><joint name="joint_1" type="revolute"><parent link="base"/><child link="tcp"/>
<origin xyz="0.5 0 0"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/>
</joint></robot>"""


def test_a_good_bundle_is_explained(own_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_success(own_bundle, MeasuredSuccess("peg", 20, 15, (0.53, 0.89), "lock step"))
    assert main([str(own_bundle), "--rounds", "2"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "tiny: Moves the tool",
        "image: image of 8×8 pixels, 2 times, 0.1 s apart; 'image' of wrist_camera/image_raw",
        "tcp: pose relative to the tool's present pose",
        "arm: poses of the tool relative to the tool's pose when it looked",
        "gripper: width of the gripper",
        "predicts 16 actions, 0.1 s apart, and executes 8",
        "DDIM, 8 network calls per chunk out of 100",
        "15 of 20 episodes, 75 %, 95 % interval 53 to 89 % (lock step)",
        "passed: golden sample.out.actions",
        "provider CPUExecutionProvider",
        "a chunk takes",
    ):
        assert words in text


def test_a_bad_bundle_is_refused_with_its_reason(
    own_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_bundle / "denoise.onnx").write_bytes(b"")
    assert main([str(own_bundle)]) == 1
    captured = capsys.readouterr()
    assert "What it sees" in captured.out, "what can be said is said"
    assert "FAILED" in captured.out
    assert "denoise.onnx cannot be loaded" in captured.err


def test_a_missing_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.takt")]) == 1
    assert "is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize("family", ["direct", "flow"])
def test_every_family_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: Family
) -> None:
    sampled = family != "direct"
    bundle = write_tiny_bundle(
        tmp_path / "own.takt", family, decode=sampled, residual=True, critic=sampled
    )
    assert main([str(bundle.path), "--rounds", "1"]) == 0
    text = capsys.readouterr().out
    for graph in bundle.spec.graphs:
        assert f"passed: golden {graph}.out." in text
    assert "a chunk takes" in text


def test_a_policy_of_joints_needs_the_robot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    joints = ActionGroup("arm", "joints", names=("joint_1",))
    bundle = write_tiny_bundle(tmp_path / "own.takt", actions=(joints,))
    assert main([str(bundle.path), "--rounds", "1"]) == 1
    assert "'robot_description'" in capsys.readouterr().err
    assert main([str(bundle.path), "--robot-description", str(tmp_path / "none.urdf")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    urdf = tmp_path / "robot.urdf"
    urdf.write_text(ONE_JOINT, encoding="utf-8")
    assert main([str(bundle.path), "--rounds", "1", "--robot-description", str(urdf)]) == 0
    assert "positions of the joints joint_1 [rad]" in capsys.readouterr().out
