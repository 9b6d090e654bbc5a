"""Mapping files are read strictly, and each missing thing is an error of its own."""

import copy

import pytest
import yaml

from takt_core.errors import TaktError
from takt_export.mapping.parse import mapping_from, read_mapping

CONTENT = yaml.safe_load("""
takt_mapping: 1
name: pick
step_s: 0.05
tool: {stream: arm/state, type: takt_msgs/msg/ArmState, feature: tcp_pose}
observations:
  observation.state:
    - {stream: joint_states, type: sensor_msgs/msg/JointState, feature: joint_position, size: 6}
    - {stream: arm/state, type: takt_msgs/msg/ArmState, feature: gripper_width}
actions:
  arm: {kind: joints, reference: absolute, names: [a, b, c, d, e, f], scale: 0.0174533}
  gripper: {kind: open, open_above: 0.5, open_width_m: 0.08, closed_width_m: 0.0}
""")


def changed(path, value):
    content = copy.deepcopy(CONTENT)
    *above, last = path
    place = content
    for key in above:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_reads_what_is_there():
    mapping = mapping_from(CONTENT, "map.yaml")
    assert [part.width for part in mapping.observations["observation.state"]] == [6, 1]
    arm, gripper = mapping.actions
    assert (arm.given, arm.scale) == (6, 0.0174533)
    assert (gripper.opens, gripper.threshold) == ("above", 0.5)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("name",), None, "'name' is missing"),
        (("step_s",), None, "'step_s' is missing"),
        (("step_s",), 0.0, "above 0"),
        (("tool",), None, "'tool' is missing"),
        (("tool", "feature"), "wrench", "must be a pose"),
        (("observations",), None, "'observations' is missing"),
        (("actions", "arm", "names"), None, "'actions.arm.names' is missing"),
        (("actions", "arm", "reference"), None, "'actions.arm.reference' is missing"),
        (("actions", "arm", "scale"), 0, "other than 0"),
        (("actions", "arm", "kind"), "wheels", "pose, position, joints, width, open"),
        (("actions", "arm"), None, "exactly one"),
        (("actions", "gripper", "open_above"), None, "one of open_above and open_below"),
        (("actions", "gripper", "open_width_m"), None, "open_width_m' is missing"),
        (("observations", "observation.state", 0, "size"), None, "size' is missing"),
        (("observations", "observation.state", 0, "take"), "position", "are poses"),
        (("observations", "observation.state", 0, "select"), [6], "places 0 to 5"),
        (("observations", "observation.state", 0, "stream"), "CHANGE_ME", "is still 'CHANGE_ME'"),
        (("observations", "observation.state"), [], "is empty"),
        (("stepp_s",), 1, "unknown key 'stepp_s'; did you mean 'step_s'"),
        (("sampler",), {"kind": "euler"}, "ddpm, ddim"),
    ],
)
def test_names_what_is_wrong(path, value, message):
    with pytest.raises(TaktError, match=message):
        mapping_from(changed(path, value), "map.yaml")


def test_all_coordinates_of_a_position_cannot_be_fixed():
    fixed = {"x": 0.1, "y": 0.2, "z": 0.3}
    arm = {"kind": "position", "reference": "absolute", "fixed": fixed}
    with pytest.raises(TaktError, match="at most two"):
        mapping_from(changed(("actions", "arm"), arm), "map.yaml")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TaktError, match="--print-mapping"):
        read_mapping(tmp_path / "map.yaml")
