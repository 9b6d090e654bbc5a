"""A recorded episode is repeated through the arbiter, and the arm goes where it went."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graph import launched, sideways_bundle
from rclpy.action import ActionClient

from takt_bringup.cli.main import run
from takt_core.errors import TaktError
from takt_msgs.action import RunPolicy
from takt_msgs.msg import ControlMode
from takt_msgs.srv import FinishRecording, ResetTask, StartRecording, Stop
from takt_recorder.reader import BagReader
from takt_recorder.replay.loading import load_plan

SEED = 3


def _record(folder: Path) -> Path:
    """A bag of two seconds under a policy that moves sideways."""
    bundle = sideways_bundle(folder / "sideways.takt").path
    arguments = {"bundle": bundle, "record_folder": folder / "bags", "autorun": False}
    with launched("sim_policy", folder / "log.txt", rate_factor="0.5", **arguments) as client:
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        assert client.call(ResetTask, "task/reset", seed=SEED).success
        client.pass_time(0.5)
        tags = {"tag_names": ["seed"], "tag_values": [str(SEED)]}
        answer = client.call(StartRecording, "recorder/start", episode="one", **tags)
        assert answer.success, answer.message
        action = ActionClient(client.node, RunPolicy, "policy/run")
        client.until(action.server_is_ready, "policy/run")
        action.send_goal_async(RunPolicy.Goal(time_limit_s=20.0))
        client.until(lambda: client.mode_is(ControlMode.POLICY), "mode POLICY")
        client.until(lambda: client.speed_m_s() > 0.02, "the arm moving")
        client.pass_time(1.5)
        assert client.call(Stop, "control/stop", reason="enough").success
        client.pass_time(0.5)
        done = client.call(FinishRecording, "recorder/finish", outcome="success")
        assert done.success, done.message
        assert sum(topic.lost for topic in done.topics) == 0
        action.destroy()
    return Path(done.bag)


@pytest.mark.ros
@pytest.mark.slow
def test_a_recorded_episode_is_repeated(
    ros_domain: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = _record(tmp_path)
    plan = load_plan(bag)
    assert plan.seed == SEED
    way = plan.path.poses[-1, :3] - plan.path.poses[0, :3]
    assert abs(way[1]) > 0.03  # something to repeat

    assert run(["bag", "replay", str(bag), "--json", str(tmp_path / "result.json")]) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["problem"] == ""
    assert result["difference"]["duration_s"] > 1.0
    assert result["difference"]["max_mm"] < 5.0
    assert result["difference"]["max_deg"] < 1.0
    assert "difference to the recorded path" in capsys.readouterr().out

    # On a robot that stands elsewhere: it is refused, or goes to the start by itself.
    arguments = {"record": False, "motion": True, "seed": SEED + 7}
    with launched("sim", tmp_path / "motion.txt", **arguments) as client:
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        attach = ["bag", "replay", "--attach", str(bag)]
        assert run([*attach, "--no-approach"]) == 1
        assert "from where the recording began" in capsys.readouterr().out
        assert run([*attach, "--json", str(tmp_path / "attached.json")]) == 0
    result = json.loads((tmp_path / "attached.json").read_text(encoding="utf-8"))
    assert result["problem"] == ""
    assert result["difference"]["max_mm"] < 15.0


@pytest.mark.ros
def test_a_bag_without_motion_is_refused_before_anything_starts(
    ros_domain: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TaktError, match="does not exist"):
        BagReader(tmp_path / "none")
    assert run(["bag", "replay", str(tmp_path / "none")]) == 1
    assert "does not exist" in capsys.readouterr().err
