"""Planned motions with real processes: simulator, arbiter and motion node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from graph import Client, launched
from rclpy.action import ActionClient

from takt_msgs.action import MoveTo
from takt_msgs.msg import ControlMode
from takt_msgs.srv import Release, Stop, TakeOver

pytestmark = [pytest.mark.ros, pytest.mark.slow]
HOME = np.array([0.0, -0.20, 0.0, -2.45, 0.0, 2.25, 0.7854])


class Mover:
    """Sends goals of motion/move_to."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.fractions: list[float] = []
        self._action = ActionClient(client.node, MoveTo, "motion/move_to")
        client.until(self._action.server_is_ready, "motion/move_to")

    def send(self, **fields: Any) -> Any:
        """A future of the result; returns once the goal was accepted."""
        sent = self._action.send_goal_async(
            MoveTo.Goal(speed_scale=1.0, **fields),
            feedback_callback=lambda m: self.fractions.append(m.feedback.fraction),
        )
        self._client.until(sent.done, "an answer of motion/move_to")
        self.handle = sent.result()
        assert self.handle.accepted
        return self.handle.get_result_async()

    def result(self, future: Any) -> MoveTo.Result:
        self._client.until(future.done, "the end of the motion")
        return future.result().result

    def until_ready(self) -> None:
        """Until the motion node has found the arm and the arbiter: each discovers in its time."""
        here = joints(self._client).tolist()
        while not (answer := self.result(self.send(use_joints=True, joint_position=here))).success:
            assert "never seen" in answer.message or "silent" in answer.message, answer.message
        held_again(self._client)
        self.fractions.clear()

    def until(self, future: Any, condition: Callable[[], bool]) -> None:
        """Until the arm is on its way; a goal that has ended before says why."""
        self._client.until(lambda: condition() or future.done(), "the arm on its way")
        assert not future.done(), future.result().result.message

    def destroy(self) -> None:
        self._action.destroy()


def turned(joint1_rad: float) -> dict[str, Any]:
    return {"use_joints": True, "joint_names": ["joint1"], "joint_position": [joint1_rad]}


def joints(client: Client) -> np.ndarray:
    return np.array(client.arm[-1].joint_position)


def held_again(client: Client) -> str:
    """Wait for HOLD; the event that led there."""
    client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
    return str(client.modes[-1].event)


def test_a_robot_moves_home_is_preempted_taken_over_and_stopped(
    ros_domain: int, tmp_path: Path
) -> None:
    with launched(
        "sim", tmp_path / "log.txt", record=False, motion=True, rate_factor="2.0"
    ) as client:
        mover = Mover(client)
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        mover.until_ready()

        away = mover.result(mover.send(place="home"))
        assert away.success, away.message
        np.testing.assert_allclose(joints(client), HOME, atol=0.03)
        assert mover.fractions == sorted(mover.fractions)
        assert max(mover.fractions) > 0.5
        assert client.arm[-1].control == client.arm[-1].CONTROL_JOINT
        assert held_again(client) == "motion_ended"
        epoch = client.modes[-1].epoch

        # A new goal takes over; the arbiter stays in the motion.
        first = mover.send(**turned(-0.7))
        mover.until(first, lambda: joints(client)[0] < -0.1)
        second = mover.send(**turned(0.5))
        assert "took over" in mover.result(first).message
        again = mover.result(second)
        assert again.success, again.message
        assert abs(joints(client)[0] - 0.5) < 0.03
        assert held_again(client) == "motion_ended"
        assert client.modes[-1].epoch == epoch + 2

        # A person takes over on the way home: the motion is over, the arm is theirs.
        taken = mover.send(place="home")
        mover.until(taken, lambda: joints(client)[0] < 0.4)
        assert client.call(TakeOver, "control/take_over", operator_id="ada").success
        result = mover.result(taken)
        assert not result.success
        assert "take_over" in result.message
        client.pass_time(0.5)
        assert client.mode_is(ControlMode.HUMAN)
        assert client.speed_m_s() < 0.02
        assert client.call(Release, "control/release").success

        # Stop, and no goal is taken before the reset.
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        stopped = mover.send(**turned(0.9))
        mover.until(stopped, lambda: joints(client)[0] > 0.6)
        assert client.call(Stop, "control/stop", reason="test").success
        assert "stop" in mover.result(stopped).message
        refused = mover.result(mover.send(place="home"))
        assert "begins only in HOLD" in refused.message
        assert client.arm[-1].fault == ""
        assert client.arm[-1].rejected_trajectories == 0
        mover.destroy()


def test_a_cancelled_goal_brakes_and_a_retreat_goes_up(ros_domain: int, tmp_path: Path) -> None:
    with launched(
        "sim", tmp_path / "log.txt", record=False, motion=True, rate_factor="2.0"
    ) as client:
        mover = Mover(client)
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        mover.until_ready()
        far = mover.send(**turned(1.0))
        mover.until(far, lambda: joints(client)[0] > 0.3)
        mover.handle.cancel_goal_async()
        result = mover.result(far)
        assert "cancelled" in result.message
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        client.pass_time(0.3)
        assert client.speed_m_s() < 0.01
        assert joints(client)[0] < 0.9

        before = client.arm[-1].tcp_pose.position.z
        up = mover.result(mover.send(place="retreat"))
        assert up.success, up.message
        assert client.arm[-1].tcp_pose.position.z - before == pytest.approx(0.15, abs=0.02)
        mover.destroy()


def test_a_hand_on_the_arm_is_planned_for(ros_domain: int, tmp_path: Path) -> None:
    """Its tool point is not where the gripper's is, and its fingers must not touch the table."""
    with launched(
        "sim", tmp_path / "log.txt", record=False, motion=True, rate_factor="2.0",
        task="grasp_cylinder",
    ) as client:  # fmt: skip
        mover = Mover(client)
        client.until(lambda: client.mode_is(ControlMode.HOLD), "mode HOLD")
        mover.until_ready()
        goal = client.arm[-1].tcp_pose
        goal.position.x, goal.position.y, goal.position.z = 0.45, 0.15, 0.25
        moved = mover.result(mover.send(pose=PoseStamped(pose=goal)))
        assert moved.success, moved.message
        reached = client.arm[-1].tcp_pose.position
        assert np.allclose([reached.x, reached.y, reached.z], [0.45, 0.15, 0.25], atol=0.01)
        goal.position.z = 0.03
        refused = mover.result(mover.send(pose=PoseStamped(pose=goal)))
        assert "table" in refused.message
        mover.destroy()
