"""Hand descriptions: the one of the LEAP hand, and what is refused."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from takt_core.errors import TaktError
from takt_hands import description
from takt_hands.description import Joint, find, from_mapping, load

FOLDER = Path(__file__).parents[3] / "config" / "hands"
JOINT = {"name": "a", "id": 1, "lower_rad": -1.0, "upper_rad": 1.0}
TOP = {"name": "hand", "models": ["XC330-M288-T"], "volt_range": [4.5, 6.0], "joints": [JOINT]}


def test_the_leap_hand_is_the_one_of_the_urdf() -> None:
    takt_description = pytest.importorskip("takt_description")
    hand = load(FOLDER / "leap.yaml")
    urdf = ElementTree.fromstring(takt_description.robot_description(hand=True))
    limits = {joint.get("name"): joint.find("limit") for joint in urdf.iter("joint")}
    assert hand.joint_names == tuple(takt_description.HAND_JOINTS)
    assert hand.ids == tuple(range(16))
    for joint in hand.joints:
        limit = limits[joint.name]
        assert limit is not None
        assert float(limit.get("lower", "nan")) == pytest.approx(joint.lower_rad, abs=1e-3)
        assert float(limit.get("upper", "nan")) == pytest.approx(joint.upper_rad, abs=1e-3)


def test_defaults_and_values_of_joints() -> None:
    defaults = {"sign": -1, "current_a": 0.2, "p_gain": 300}
    second = {**JOINT, "name": "b", "id": 2, "p_gain": 400}
    hand = from_mapping({**TOP, "defaults": defaults, "joints": [JOINT, second]}, "x.yaml")
    assert hand.joints[0] == Joint("a", 1, -1.0, 1.0, sign=-1, current_a=0.2, p_gain=300)
    assert hand.joints[1].p_gain == 400
    assert hand.array("sign").tolist() == [-1.0, -1.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sign": 2}, "joint 0 (a): sign is 2; allowed is 1 or -1"),
        ({"id": 253}, "id is 253; allowed is 0 to 252"),
        ({"id": True}, "id is True; allowed is a whole number"),
        ({"lower_rad": 1.0}, "lower_rad is 1.0; allowed is less than upper_rad"),
        ({"lower_rad": math.nan}, "lower_rad is nan; allowed is a finite number"),
        ({"current_a": 0.9}, "current_a is 0.9; allowed is more than 0, at most max_current_a"),
        ({"p_gain": 20000}, "p_gain is 20000; allowed is 0 to 16383"),
        ({"zero_rad": 0.5}, "its range is -0.500 to 1.500 rad at the motor"),
        ({"curent_a": 0.1}, "unknown 'curent_a'; did you mean 'current_a'?"),
        ({"velocity_rad_s": 0}, "velocity_rad_s is 0.0; allowed is more than 0"),
    ],
)
def test_joints_that_are_wrong_are_refused_with_their_name(changes, message: str) -> None:
    with pytest.raises(TaktError, match=re.escape(message)):
        from_mapping({**TOP, "joints": [{**JOINT, **changes}]}, "x.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joints": []}, "joints is []"),
        ({"joints": [{"name": "a", "id": 1, "lower_rad": 0.0}]}, "joint 0: upper_rad is missing"),
        ({"joints": [JOINT, {**JOINT, "name": "b"}]}, "the id 1 belongs to two joints"),
        ({"joints": [JOINT, {**JOINT, "id": 2}]}, "the name a belongs to two joints"),
        ({"models": ["XC330"]}, "models is ['XC330']; allowed are some of XL330"),
        ({"volt_range": [5.0]}, "volt_range is [5.0]"),
        ({"extra": 1}, "unknown 'extra'"),
    ],
)
def test_files_that_are_wrong_are_refused(changes, message: str) -> None:
    with pytest.raises(TaktError, match=re.escape(f"x.yaml: {message}")):
        from_mapping({**TOP, **changes}, "x.yaml")


def test_descriptions_are_found_by_name_or_path(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "share/takt_bringup/config/hands"
    folder.mkdir(parents=True)
    (folder / "claw.yaml").write_text("name: claw", encoding="utf-8")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/nowhere:{tmp_path}")
    assert find("claw") == folder / "claw.yaml"
    assert find(str(FOLDER / "leap.yaml")) == FOLDER / "leap.yaml"
    with pytest.raises(TaktError, match=r"no hand description 'paw'.*one of claw"):
        find("paw")


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(TaktError, match="is no YAML"):
        description.load(tmp_path / "x.yaml")
