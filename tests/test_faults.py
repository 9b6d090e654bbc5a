"""Processes die, bundles are wrong: the robot holds, the reason is named, nothing is lost."""

from __future__ import annotations

import itertools
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from graph import Client, launched, sideways_bundle

from takt_bringup.launcher.processes import State
from takt_core.conversions import pose_from_ros, stamp_from_ros
from takt_core.geometry import pose_error
from takt_msgs.msg import ArmState, ControlMode, PolicyStatus, TeleopCommand
from takt_msgs.srv import LoadPolicy, Release, ResetControl, StartRecording, Stop, TakeOver
from takt_policy.testing import denoise_graph, straight_chunk, tiny_spec, write_tiny_bundle
from takt_recorder.reader import BagReader
from takt_recorder.recover import recover


@pytest.fixture
def moving(ros_domain: int, tmp_path: Path) -> Iterator[Client]:
    """The simulated arm on its way under a policy, at half speed to leave room for noise."""
    sideways_bundle(tmp_path / "sideways.takt")
    with launched(
        "sim_policy",
        tmp_path / "log.txt",
        bundle=tmp_path / "sideways.takt",
        record_folder=tmp_path / "bags",
        rate_factor="0.5",
        respawn_policy=True,
    ) as client:
        client.until(lambda: client.mode_is(ControlMode.POLICY), "mode POLICY")
        client.until(lambda: client.speed_m_s() > 0.03, "the arm moving")
        yield client


def test_arm_stops_when_the_policy_is_killed_and_goes_on_when_it_is_back(moving: Client) -> None:
    process = moving.system.process("policy")
    process.signal(signal.SIGKILL)
    moving.until(lambda: process.state is not State.RUNNING, "the end of the policy")
    dead_ns = moving.now_ns
    moving.until(lambda: moving.mode_is(ControlMode.HOLD), "mode HOLD")
    hold = moving.modes[-1]
    assert hold.event == "policy_lost"
    assert "heartbeat" in hold.reason
    moving.pass_time(0.5)
    late = [s for s in moving.arm if stamp_from_ros(s.header.stamp) > dead_ns + 300_000_000]
    assert late
    assert max(moving.speed_m_s(s) for s in late if not _is_later(s, hold, 0.5)) < 0.005

    moving.until(lambda: moving.mode_is(ControlMode.POLICY), "mode POLICY again")
    assert moving.modes[-1].epoch > hold.epoch
    moving.until(lambda: moving.speed_m_s() > 0.03, "the arm moving again")


def test_bag_of_a_killed_recorder_is_readable(moving: Client, tmp_path: Path) -> None:
    answer = moving.call(StartRecording, "recorder/start", episode="cut", task="move")
    assert answer.success, answer.message
    start_ns = moving.now_ns
    moving.pass_time(3.0)
    process = moving.system.process("recorder")
    process.signal(signal.SIGKILL)
    moving.until(lambda: process.state is not State.RUNNING, "the end of the recorder")
    end_ns = moving.now_ns
    assert moving.mode_is(ControlMode.POLICY)  # the robot does not care

    bag = Path(answer.bag)
    copy = tmp_path / "copy" / bag.name
    shutil.copytree(bag, copy)  # the respawned recorder may repair the original itself
    if not (copy / "metadata.yaml").exists():
        recover(copy)
    stamps = [message.publish_ns for message in BagReader(copy).messages(["/arm/state"])]
    # All but the last flush interval: 1 s of wall time, half a second of simulated time.
    assert max(stamps) > end_ns - 1_000_000_000
    kept = [stamp for stamp in stamps if stamp >= start_ns]
    assert len(kept) >= 0.98 * (max(stamps) - start_ns) / 10_000_000


def test_a_person_takes_over_without_a_bump_and_gives_back(moving: Client) -> None:
    assert moving.call(TakeOver, "control/take_over", operator_id="ada").success
    moving.until(lambda: moving.mode_is(ControlMode.HUMAN), "mode HUMAN")
    epoch = moving.modes[-1].epoch
    publisher = moving.node.create_publisher(TeleopCommand, "teleop/command", 10)
    begin = len(moving.arm)
    for _ in range(20):
        command = TeleopCommand(device="test", gripper_width=float("nan"), operator_id="ada")
        command.header.frame_id = "base"
        command.header.stamp = moving.node.get_clock().now().to_msg()
        command.twist.linear.z = 0.05
        publisher.publish(command)
        moving.pass_time(0.05)
    raised = moving.arm[-1].tcp_pose.position.z - moving.arm[begin].tcp_pose.position.z
    assert raised > 0.02
    targets = [pose_from_ros(s.target_pose) for s in moving.arm[begin - 50 :]]
    steps = [
        np.linalg.norm(pose_error(after, before)[:3])
        for before, after in itertools.pairwise(targets)
    ]
    assert max(steps) < 0.005  # 0.2 m/s, the operator's limit, over 10 ms, twice
    human = [s for s in moving.steps if s.mode == ControlMode.HUMAN]
    assert human
    assert any(s.has_overridden for s in human)
    assert {s.operator_id for s in human} == {"ada"}

    assert moving.call(Release, "control/release", operator_id="ada").success
    moving.until(lambda: moving.mode_is(ControlMode.POLICY), "mode POLICY again")
    assert moving.modes[-1].epoch > epoch


def test_stop_holds_until_reset(moving: Client) -> None:
    assert moving.call(Stop, "control/stop", reason="test").success
    moving.until(lambda: moving.mode_is(ControlMode.STOPPED), "mode STOPPED")
    moving.pass_time(0.3)
    sent = len(moving.sent)
    moving.pass_time(1.0)
    assert len(moving.sent) == sent
    assert moving.speed_m_s() < 0.005
    assert moving.call(ResetControl, "control/reset").success
    moving.until(lambda: moving.mode_is(ControlMode.HOLD), "mode HOLD")


def test_bad_bundles_are_refused_by_name_while_the_good_one_runs(
    moving: Client, tmp_path: Path
) -> None:
    good = tmp_path / "sideways.takt"

    def spoilt(name: str) -> Path:
        return Path(shutil.copytree(good, tmp_path / name))

    missing = spoilt("missing.takt")
    (missing / "denoise.onnx").unlink()
    shape = spoilt("shape.takt")
    page = (shape / "policy.yaml").read_text()
    (shape / "policy.yaml").write_text(page.replace("prediction: 16", "prediction: 12"))
    golden = spoilt("golden.takt")
    spec = tiny_spec()
    other = denoise_graph(spec, straight_chunk(spec, (0.01, 0.0, 0.0)))
    onnx.save(other, golden / "denoise.onnx")
    for bundle, words in ((missing, "denoise.onnx"), (shape, "12"), (golden, "golden")):
        answer = moving.call(LoadPolicy, "policy/load", path=str(bundle), warm_up=True)
        assert not answer.success
        assert words in answer.message
        assert bundle.name in answer.message
    moving.pass_time(0.2)
    assert moving.mode_is(ControlMode.POLICY)


def test_nan_from_a_graph_holds_the_robot_and_names_the_graph(
    ros_domain: int, tmp_path: Path
) -> None:
    # It passes every check at load: only what a real camera sees makes it give NaN.
    bundle = write_tiny_bundle(tmp_path / "nan.takt", faulty=True).path
    with launched("sim_policy", tmp_path / "log.txt", bundle=bundle, record=False) as client:
        client.until(
            lambda: bool(client.statuses) and client.statuses[-1].state == PolicyStatus.FAILED,
            "policy FAILED",
        )
        assert "graph encode" in client.statuses[-1].reason
        assert client.statuses[-1].failed_plans == 10
        # Before, it waited and said why; a client that was discovered late has not heard it.
        assert "WAITING: graph encode" in (tmp_path / "log.txt").read_text(encoding="utf-8")
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        client.pass_time(0.5)
        assert client.mode_is(ControlMode.HOLD)
        assert client.speed_m_s() < 0.005
        assert not any(t.waypoints for t in client.sent)


def _is_later(state: ArmState, mode: ControlMode, seconds: float) -> bool:
    """Whether a state is later than the mode by so much: the policy may be back by then."""
    later_ns = stamp_from_ros(state.header.stamp) - stamp_from_ros(mode.header.stamp)
    return later_ns > seconds * 1e9
