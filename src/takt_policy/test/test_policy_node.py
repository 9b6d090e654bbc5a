"""The node over real ROS: a fake robot publishes, the node plans, and each end is reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
import rclpy
from geometry_msgs.msg import Point
from policy_ros import HOME, FakeRobot, robot_and_policy
from rclpy.parameter import Parameter

from takt_core.conversions import chunk_from_ros, header_to_ros, pose_to_ros
from takt_msgs.msg import Goal, Uncertainty
from takt_policy.nodes.policy_node import PolicyNode
from takt_policy.run_watch import Mode, Outcome
from takt_policy.run_watch import TaskState as Task
from takt_policy.runtime import State
from takt_policy.testing import (
    denoise_graph,
    straight_chunk,
    tiny_spec,
    write_tiny_bundle,
)


@pytest.fixture
def robot(own_bundle: Path, ros_domain: int) -> Iterator[FakeRobot]:
    """A fake robot beside an active policy node that has loaded the tiny bundle."""
    with robot_and_policy(f"policy:bundle:={own_bundle}") as robot:
        yield robot


def test_a_run_succeeds_when_the_task_says_so(robot: FakeRobot) -> None:
    robot.wait_for_state(State.READY)
    robot.task(Task.SUCCEEDED, "of the episode before")
    handle = robot.start(goal="insert the peg")
    chunks = robot.wait_for_chunks(3)
    robot.task(Task.SUCCEEDED, "25 mm deep")
    result = robot.outcome(handle)
    assert (result.outcome, result.message) == (Outcome.SUCCEEDED, "25 mm deep")
    assert result.chunks >= 3
    robot.wait_for_state(State.READY, "25 mm deep")
    assert [chunk.id for chunk in chunks] == list(range(chunks[0].id, chunks[0].id + len(chunks)))
    for chunk in chunks:
        assert chunk.policy == "tiny"
        assert len(chunk.policy_hash) == 64
        assert chunk.goal == "insert the peg"
        assert chunk.raw.shape == (16, 10)
        assert chunk.start_ns > chunk.published_ns
        # The first chunk of an arm at rest begins when it is ready.
        stood_ns = chunk.start_ns - chunk.reference_ns - (chunk.first_index - 1) * chunk.step_ns
        assert stood_ns > 0 if chunk is chunks[0] else stood_ns == 0
        assert chunk.observed_oldest_ns <= chunk.observed_newest_ns <= chunk.inference_start_ns
        assert chunk.inference_start_ns <= chunk.inference_end_ns <= chunk.published_ns
        assert chunk.network_calls == 8
        # 2 mm per step along the tool's z axis, which points down.
        way = HOME.position_m[2] - chunk.poses[0].position_m[2]
        assert way == pytest.approx(-0.002 * (chunk.first_index - 1), abs=1e-4)
    latest = robot.statuses[-1]
    assert {one.name for one in latest.latency} == {
        "observation_age", "inference", "publishing", "end_to_end",
    }  # fmt: skip
    assert latest.chunks >= 3


def test_the_other_ways_to_end(robot: FakeRobot, own_bundle: Path) -> None:
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.task(Task.FAILED, "dropped")
    result = robot.outcome(handle)
    assert (result.outcome, result.message) == (Outcome.TASK_FAILED, "dropped")

    result = robot.outcome(robot.start(limit_s=0.3))
    assert result.outcome == Outcome.TIMED_OUT
    assert "0.3 s" in result.message

    handle = robot.start()
    robot.wait_for_chunks(1)
    second = robot.outcome(robot.start())
    assert second.outcome == Outcome.FAILED
    assert "going on" in second.message
    assert "somewhere is not a folder" in robot.load("somewhere").message
    assert "'tiny' is running" in robot.unload("tiny").message
    robot.result(handle.cancel_goal_async())
    assert robot.outcome(handle).outcome == Outcome.CANCELLED

    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.mode(Mode.STOPPED, 1, "by the operator")
    result = robot.outcome(handle)
    assert result.outcome == Outcome.FAILED
    assert "by the operator" in result.message
    assert robot.statuses[-1].run == 4


def test_a_new_epoch_discards_and_observes_again(robot: FakeRobot) -> None:
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.mode(Mode.HUMAN, 5)
    start_ns = robot.now_ns()
    robot.wait("a chunk of the new epoch", lambda: robot.chunks[-1].epoch == 5)
    chunk = chunk_from_ros(robot.chunks[-1])
    assert chunk.reference_ns >= start_ns - 100_000_000
    assert robot.statuses[-1].state == State.RUNNING, "it keeps planning in the shadow"
    robot.result(handle.cancel_goal_async())


def test_a_dead_camera_makes_it_wait_and_say_so(robot: FakeRobot) -> None:
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.camera_works = False
    robot.wait_for_state(State.WAITING, "wrist_camera/image_raw")
    count = len(robot.chunks)
    reason = robot.statuses[-1].reason
    assert "input 'image'" in reason
    assert "allowed are 0.25 s" in reason
    assert len(robot.chunks) == count
    robot.camera_works = True
    robot.wait_for_chunks(1)
    robot.wait_for_state(State.RUNNING)
    robot.result(handle.cancel_goal_async())


def test_nan_fails_the_run_by_name_and_sends_nothing(robot: FakeRobot, tmp_path: Path) -> None:
    robot.wait_for_state(State.READY)
    answer = robot.load(write_tiny_bundle(tmp_path / "faulty.takt", faulty=True).path)
    assert answer.success, answer.message
    assert (answer.policy, answer.provider) == ("tiny", "CPUExecutionProvider")
    result = robot.outcome(robot.start())
    assert result.outcome == Outcome.FAILED
    assert "graph encode: output 'condition' has 4 of 4 values" in result.message
    assert not robot.chunks
    robot.wait_for_state(State.FAILED, "graph encode")
    assert robot.statuses[-1].failed_plans == 10


def test_after_nan_the_next_good_chunk_resumes_the_same_run(
    robot: FakeRobot, tmp_path: Path
) -> None:
    robot.brightness = 255  # what this bundle sees without fault
    assert robot.load(write_tiny_bundle(tmp_path / "faulty.takt", faulty=True).path).success
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.brightness = 7
    robot.wait_for_state(State.WAITING, "graph encode: output 'condition'")
    count, run = len(robot.chunks), robot.statuses[-1].run
    robot.brightness = 255
    robot.wait_for_state(State.RUNNING)
    robot.wait_for_chunks(2)
    assert len(robot.chunks) > count
    assert robot.statuses[-1].run == run
    robot.result(handle.cancel_goal_async())
    assert robot.outcome(handle).outcome == Outcome.CANCELLED


def test_a_bundle_with_nan_is_refused_at_load_and_the_old_one_goes_on(
    robot: FakeRobot, own_bundle: Path
) -> None:
    spec = tiny_spec()
    bad = denoise_graph(spec, straight_chunk(spec, (0, 0, 0)), faulty=True)
    onnx.save(bad, own_bundle / "denoise.onnx")
    answer = robot.load(own_bundle)
    assert not answer.success
    assert "graph denoise: output 'prediction' has" in answer.message
    handle = robot.start()
    robot.wait_for_chunks(1)
    robot.result(handle.cancel_goal_async())


def test_autorun_begins_by_itself_and_a_stop_ends_it(own_bundle: Path, ros_domain: int) -> None:
    with robot_and_policy(f"policy:bundle:={own_bundle}", "policy:autorun:=true") as robot:
        robot.wait_for_chunks(2)
        assert robot.statuses[-1].run == 1
        robot.mode(Mode.STOPPED, 1, "button")
        robot.wait_for_state(State.READY, "button")
        robot.start()
        robot.wait_for_chunks(1)


def test_without_a_bundle_it_waits_for_one(own_bundle: Path, ros_domain: int) -> None:
    with robot_and_policy("policy:goal:=left hole") as robot:
        robot.wait_for_state(State.UNLOADED, "policy/load")
        result = robot.outcome(robot.start())
        assert result.outcome == Outcome.FAILED
        assert "no bundle is loaded" in result.message
        assert robot.load(own_bundle).success
        robot.start()
        assert robot.wait_for_chunks(1)[0].goal == "left hole"


def test_goals(robot: FakeRobot) -> None:
    robot.wait_for_state(State.READY)
    assert robot.set_goal(kind=Goal.TEXT, text="left hole").success
    robot.wait("the goal", lambda: robot.statuses[-1].goal == "left hole")
    robot.wait("its record", lambda: bool(robot.goals) and robot.goals[-1].text == "left hole")
    pose = pose_to_ros(HOME)
    far = robot.set_goal(kind=Goal.POSE, pose=pose, header=header_to_ros(0, "table"))
    assert not far.success
    assert "'table'; allowed: 'base'" in far.message
    assert robot.set_goal(kind=Goal.POSE, pose=pose).success
    robot.wait("its record", lambda: robot.goals[-1].kind == Goal.POSE)
    assert robot.goals[-1].pose == pose
    assert robot.goals[-1].header.frame_id == "base"
    assert robot.set_goal(kind=Goal.NONE).success
    robot.wait("no goal", lambda: robot.statuses[-1].goal == "")


def test_a_goal_of_the_wrong_kind_is_refused(tmp_path: Path, ros_domain: int) -> None:
    path = write_tiny_bundle(tmp_path / "point.takt", goal=("goal_point",)).path
    with robot_and_policy(f"policy:bundle:={path}") as robot:
        result = robot.outcome(robot.start(goal="over there"))
        assert result.outcome == Outcome.FAILED
        assert "needs a point" in result.message
        robot.start()
        robot.wait_for_state(State.WAITING, "point")
        assert robot.set_goal(kind=Goal.POINT, point=Point(x=0.4, y=0.0, z=0.0)).success
        assert robot.wait_for_chunks(1)[0].goal == "a point"


def test_policies_are_swapped_without_a_restart(robot: FakeRobot, tmp_path: Path) -> None:
    other = write_tiny_bundle(tmp_path / "other.takt", "flow", name="other").path
    handle = robot.start()
    robot.wait_for_chunks(1)
    assert robot.load(other).success
    robot.wait("both loaded", lambda: list(robot.statuses[-1].loaded) == ["tiny", "other"])
    assert robot.statuses[-1].policy == "tiny"
    assert {chunk.policy for chunk in robot.wait_for_chunks(2)} == {"tiny"}
    robot.result(handle.cancel_goal_async())
    robot.outcome(handle)
    handle = robot.start()
    assert robot.wait_for_chunks(1)[0].policy == "other"
    robot.result(handle.cancel_goal_async())
    robot.outcome(handle)
    handle = robot.start(policy="tiny")
    assert robot.wait_for_chunks(1)[0].policy == "tiny"
    robot.result(handle.cancel_goal_async())
    robot.outcome(handle)
    assert "loaded are tiny, other" in robot.outcome(robot.start(policy="third")).message
    assert robot.unload("other").message == "unloaded other"
    robot.wait("one loaded", lambda: list(robot.statuses[-1].loaded) == ["tiny"])


def test_the_status_reports_the_compute_budget(robot: FakeRobot) -> None:
    handle = robot.start()
    robot.wait_for_chunks(2)
    robot.wait("the load", lambda: robot.statuses[-1].load > 0.0)
    status = robot.statuses[-1]
    assert status.execution == "asynchronous"
    assert status.budget_s == pytest.approx(0.335)
    assert status.load == pytest.approx(status.expected_delay_s / status.budget_s)
    assert status.failed_plans == 0
    robot.result(handle.cancel_goal_async())


def test_uncertainty_and_revisions_are_published(tmp_path: Path, ros_domain: int) -> None:
    path = write_tiny_bundle(tmp_path / "fast.takt", residual=True).path
    parameters = (
        "bundle:=" + str(path), "candidates:=3", "uncertainty:=spread", "residual:=true",
    )  # fmt: skip
    with robot_and_policy(*(f"policy:{one}" for one in parameters)) as robot:
        robot.start()
        robot.wait("an uncertainty", lambda: bool(robot.uncertainties))
        found = robot.uncertainties[0]
        assert (found.policy, found.kind) == ("tiny", Uncertainty.SPREAD)
        assert found.value >= 0.0
        robot.wait("a revision", lambda: any(chunk.revision for chunk in robot.chunks))
        first = next(chunk for chunk in robot.chunks if chunk.id == found.chunk_id)
        assert len(found.spread) == len(found.spread_rad) == len(first.poses)
        revision = next(chunk for chunk in robot.chunks if chunk.revision)
        assert len(revision.residual) == len(revision.poses)
        robot.wait("its latency", lambda: any(
            one.name == "touch_to_action" for one in robot.statuses[-1].latency
        ))  # fmt: skip


def test_a_bad_bundle_stops_the_node_at_configure(tmp_path: Path, ros_domain: int) -> None:
    rclpy.init()
    try:
        node = PolicyNode()
        node.set_parameters([Parameter("bundle", value=str(tmp_path / "missing.takt"))])
        node.trigger_configure()
        assert not node.configured
        node.destroy_node()
    finally:
        rclpy.shutdown()
