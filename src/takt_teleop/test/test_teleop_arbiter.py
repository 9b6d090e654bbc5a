"""The arbiter, case by case, in simulated time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from teleop_world import HOME, MS, World, distance_m

from takt_core.geometry import Pose, pose_error
from takt_core.trajectory import Trajectory
from takt_teleop.effects import ModeChange, Notice, SetGuide, StepRecord
from takt_teleop.inputs import Button, DeviceCommand, Heartbeat, PolicyState
from takt_teleop.plan import corrected
from takt_teleop.transitions import Event, Mode


def running(**parameters: object) -> World:
    world = World(**parameters)
    world.step(50)
    world.run_policy()
    return world


def in_human() -> World:
    world = World()
    world.step(50)
    assert world.ask(Event.TAKE_OVER, operator_id="ada")[0]
    return world


# --- policy -----------------------------------------------------------------------------


def test_a_running_policy_commands_and_its_chunk_is_sent() -> None:
    world = running()
    assert world.mode is Mode.POLICY
    world.send()
    sent = world.last(Trajectory)
    assert (sent.source, sent.chunk_id) == ("policy", 1)
    assert len(sent.waypoints) == 8
    np.testing.assert_allclose(sent.waypoints[0].twist[:3], [0.05, 0, 0], atol=1e-12)
    assert sent.waypoints[-1].twist is None


def test_nothing_starts_while_the_arm_is_unknown() -> None:
    world = World()
    world.arm_alive = False
    world.run_policy()
    assert world.mode is Mode.HOLD
    success, message = world.ask(Event.TAKE_OVER)
    assert not success
    assert "arm/state was never seen" in message


def test_a_lost_heartbeat_holds_within_the_bound_and_its_return_continues() -> None:
    world = running()
    world.send()
    world.step(100)
    last_ns, epoch = world.now_ns, world.arbiter.epoch
    world.policy_state = None
    world.step(300)
    when_ns, change = next((t, e) for t, e in world.log if _is_event(e, Event.POLICY_LOST))
    limit_ns = round(world.parameters.policy_timeout_s * 1e9)
    assert when_ns - last_ns <= limit_ns + 10 * MS
    assert "heartbeat lost" in change.reason
    assert world.last(Trajectory).waypoints == ()
    assert world.mode is Mode.HOLD
    world.policy_state = PolicyState.RUNNING
    world.step(20)
    assert world.mode is Mode.POLICY
    assert world.arbiter.epoch == epoch + 2


def test_a_stall_of_the_arbiter_itself_is_no_silence_of_the_others() -> None:
    world = running()
    world.send()
    world.now_ns += 300 * MS
    assert world.mode is Mode.POLICY
    world.apply(world.arbiter.arm(world.report(), world.now_ns))
    world.apply(world.arbiter.tick(world.now_ns))
    world.step(50)
    assert world.mode is Mode.POLICY
    world.now_ns += 300 * MS
    world.apply(world.arbiter.tick(world.now_ns))
    assert world.mode is Mode.POLICY
    world.policy_state = None
    world.step(10)
    assert world.last(ModeChange).event is Event.POLICY_LOST


def test_an_explicit_run_can_be_required_after_a_lost_heartbeat() -> None:
    world = running(require_explicit_run=True)
    world.policy_state = None
    world.step(200)
    world.policy_state = PolicyState.RUNNING
    world.step(100)
    assert world.mode is Mode.HOLD
    world.run_policy()
    assert world.mode is Mode.POLICY


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (PolicyState.WAITING, Event.POLICY_WAITS),
        (PolicyState.FAILED, Event.POLICY_ENDED),
        (PolicyState.READY, Event.POLICY_ENDED),
    ],
)
def test_a_policy_that_does_not_run_holds_with_its_reason(state: PolicyState, event: Event) -> None:
    world = running()
    world.send()
    world.policy_state = state
    world.step(20)
    assert world.last(ModeChange).event is event
    assert world.arbiter.reason.endswith("because")
    assert world.last(Trajectory).waypoints == ()


def test_without_chunks_the_plan_ends_in_hold_after_the_grace() -> None:
    world = running(plan_grace_s=0.2)
    world.send(world.chunk(count=2))
    end_ns = world.now_ns + 200 * MS
    world.step(390)
    assert world.mode is Mode.POLICY
    world.step(40)
    when_ns = next(t for t, e in world.log if _is_event(e, Event.PLAN_EXHAUSTED))
    assert 200 * MS < when_ns - end_ns <= 220 * MS


def test_a_first_chunk_that_never_comes_is_named() -> None:
    world = running(first_chunk_timeout_s=0.5)
    world.step(530)
    change = next(c for c in world.all(ModeChange) if c.event is Event.PLAN_EXHAUSTED)
    assert "first_chunk_timeout_s" in change.reason


def test_chunks_of_an_older_epoch_or_observation_are_discarded() -> None:
    world = running()
    before = len(world.all(Trajectory))
    world.send(world.chunk(epoch=world.arbiter.epoch - 1))
    world.send(world.chunk(epoch=world.arbiter.epoch + 1))
    world.send(world.chunk(reference_ns=world.now_ns - 500 * MS))
    world.send(world.chunk(policy="another"))
    assert len(world.all(Trajectory)) == before
    assert world.arbiter.discarded_chunks == 4


def test_late_waypoints_are_dropped_never_squeezed_in() -> None:
    world = running()
    world.step(400)
    world.send(world.chunk(start_ns=world.now_ns - 250 * MS))
    sent = world.last(Trajectory)
    assert len(sent.waypoints) == 5
    assert sent.waypoints[0].time_ns == world.now_ns + 50 * MS
    assert world.arbiter.late_actions == 3
    world.send(world.chunk(start_ns=world.now_ns - 1000 * MS))
    assert world.last(Trajectory) is sent


def test_the_latency_of_the_actuator_is_subtracted() -> None:
    world = running(actuator_latency_s=0.03)
    chunk = world.chunk()
    world.send(chunk)
    sent = world.last(Trajectory)
    assert sent.waypoints[0].time_ns == chunk.start_ns - 30 * MS


def test_a_chunk_that_jumps_is_refused_and_the_run_stays_out() -> None:
    world = running()
    far = Pose(HOME.position_m + np.array([0.0, 0.3, 0.0]), HOME.quaternion_xyzw)
    world.send(world.chunk(origin=far))
    assert world.mode is Mode.HOLD
    assert "0.300 m" in world.arbiter.reason
    assert "max_jump_m" in world.arbiter.reason
    world.step(200)
    assert world.mode is Mode.HOLD
    world.run_policy()
    assert world.mode is Mode.POLICY


def test_a_chunk_whose_later_actions_are_far_away_is_refused_before_any_of_it_is_sent() -> None:
    world = running()
    sent = len(world.all(Trajectory))
    # Starts 5 mm from the target, and then wants 15 cm per step of 0.1 s.
    near = Pose(HOME.position_m - np.array([0.145, 0.0, 0.0]), HOME.quaternion_xyzw)
    world.send(world.chunk(origin=near, step_m=np.array([0.15, 0.0, 0.0])))
    assert world.mode is Mode.HOLD
    assert "1.50 m/s" in world.arbiter.reason
    assert "policy_speed_m_s" in world.arbiter.reason
    assert not any(t.waypoints for t in world.all(Trajectory)[sent:])


def test_something_that_is_no_chunk_holds() -> None:
    world = running()
    world.apply(world.arbiter.bad_chunk("not finite", world.now_ns))
    assert (world.mode, world.arbiter.reason) == (Mode.HOLD, "chunk refused: not finite")


def test_a_second_running_policy_does_not_command() -> None:
    world = running()
    other = Heartbeat(world.now_ns, "other", PolicyState.RUNNING, "", 1)
    world.apply(world.arbiter.heartbeat(other, world.now_ns))
    world.send()
    world.send(world.chunk(policy="other"))
    assert world.last(Trajectory).chunk_id == 1
    assert world.mode is Mode.POLICY


def test_a_replayed_bag_is_recorded_as_such() -> None:
    world = World()
    world.step(50)
    beat = Heartbeat(world.now_ns, "replay of a bag", PolicyState.RUNNING, "", 1)
    world.apply(world.arbiter.heartbeat(beat, world.now_ns))
    world.send(world.chunk(policy="replay of a bag"))
    assert world.last(Trajectory).source == "replay"


# --- arm --------------------------------------------------------------------------------


def test_a_fault_of_the_arm_holds_and_blocks_the_run() -> None:
    world = running()
    world.send()
    world.arm_fault = "NONFINITE_POSITION"
    world.step(20)
    assert world.last(ModeChange).event is Event.ARM_FAULT
    assert "NONFINITE_POSITION" in world.arbiter.reason
    assert not world.ask(Event.RESET)[0]
    world.arm_fault = ""
    world.step(100)
    assert world.mode is Mode.HOLD
    assert world.ask(Event.RELEASE)[0]
    assert world.mode is Mode.POLICY


def test_a_silent_arm_holds() -> None:
    world = running()
    world.arm_alive = False
    world.step(230)
    assert world.last(ModeChange).event is Event.ARM_SILENT


def test_stamps_of_another_clock_do_not_look_young_for_ever() -> None:
    world = World()
    world.now_ns += 5_000 * MS
    ahead, beat = world.report(), Heartbeat(world.now_ns, "peg", PolicyState.RUNNING, "", 1)
    world.now_ns -= 5_000 * MS
    world.apply(world.arbiter.arm(ahead, world.now_ns))
    world.apply(world.arbiter.heartbeat(beat, world.now_ns))
    assert world.mode is Mode.HOLD
    success, message = world.ask(Event.TAKE_OVER)
    assert not success
    assert "5000 ms ahead" in message


def test_one_stamp_of_another_clock_does_not_deafen_the_arbiter() -> None:
    world = World()
    world.step(50)
    ahead_ns = world.now_ns + 3600 * 10**9
    world.apply(world.arbiter.arm(replace(world.report(), stamp_ns=ahead_ns), world.now_ns))
    stray = Heartbeat(ahead_ns, "peg", PolicyState.RUNNING)
    world.apply(world.arbiter.heartbeat(stray, world.now_ns))
    assert world.mode is Mode.HOLD
    world.run_policy()
    assert world.mode is Mode.POLICY


def test_a_refused_trajectory_holds_with_the_controllers_words() -> None:
    world = running()
    world.send()
    world.rejected += 1
    world.step(20)
    assert world.last(ModeChange).event is Event.TRAJECTORY_REJECTED
    assert "too far" in world.arbiter.reason


def test_a_starved_controller_with_waypoints_left_holds() -> None:
    world = running()
    world.send()
    world.step(150)
    report = world.report()
    starved = type(report)(**{**vars(report), "starved": True})
    world.apply(world.arbiter.arm(starved, world.now_ns))
    assert Event.ARM_STARVED in world.events


def test_a_second_commander_holds() -> None:
    world = running()
    world.apply(world.arbiter.commanders("rogue", world.now_ns))
    assert "rogue" in world.arbiter.reason
    world.step(100)
    assert world.mode is Mode.HOLD
    assert not world.ask(Event.TAKE_OVER)[0]


def test_a_clock_that_goes_back_forgets_everything() -> None:
    world = running()
    world.send()
    effects = world.apply(world.arbiter.tick(world.now_ns - 700 * MS))
    assert any(_is_event(effect, Event.CLOCK_JUMPED) for effect in effects)
    assert world.mode is Mode.HOLD
    assert world.last(Trajectory).waypoints == ()


# --- operator ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["service", "button", "motion"])
def test_take_over_is_bumpless_however_it_is_asked_for(way: str) -> None:
    world = running()
    world.send()
    world.step(250)
    target, twist = world.target, world.twist
    if way == "service":
        world.ask(Event.TAKE_OVER, operator_id="ada")
    elif way == "button":
        world.device(button=Button.TAKE_OVER, operator_id="ada")
    else:
        world.device(twist=np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]), operator_id="ada")
    assert world.mode is Mode.HUMAN
    first = next(e for _, e in reversed(world.log) if isinstance(e, Trajectory)).waypoints[0]
    ahead_s = (first.time_ns - world.now_ns) / 1e9
    assert distance_m(first.base_from_tcp, target) <= np.linalg.norm(twist[:3]) * ahead_s + 1e-3
    change = world.last(ModeChange)
    assert (change.mode, change.operator_id) == (Mode.HUMAN, "ada")


def test_a_resting_device_does_not_take_over() -> None:
    world = running()
    world.send()
    for _ in range(20):
        world.device(twist=np.full(6, 0.005))
        world.step(10)
    assert world.mode is Mode.POLICY


def test_the_operator_steers_and_the_arm_stops_when_the_device_dies() -> None:
    world = in_human()
    for _ in range(50):
        world.device(twist=np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]))
        world.step(10)
    moved = world.target.position_m[1] - HOME.position_m[1]
    assert 0.03 < moved < 0.06
    world.step(600)
    assert world.last(Trajectory).waypoints == ()
    assert world.all(Notice)[-1].message.startswith("the device is silent")
    rest = world.target
    world.step(300)
    assert distance_m(world.target, rest) == 0.0
    assert world.mode is Mode.HUMAN
    world.device(twist=np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]))
    world.step(60)
    assert world.last(Trajectory).waypoints != ()


def test_a_dead_device_with_a_clock_of_its_own_does_not_steer_for_ever() -> None:
    world = in_human()
    ahead_ns = 3600 * 10**9
    for _ in range(20):
        command = DeviceCommand(world.now_ns + ahead_ns, np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]))
        world.apply(world.arbiter.device(command, world.now_ns))
        world.step(10)
    assert world.twist[1] > 0.05
    world.step(500)
    rest = world.target
    world.step(500)
    assert distance_m(world.target, rest) == 0.0
    assert world.last(Trajectory).waypoints == ()


def test_on_release_the_policy_observes_anew() -> None:
    world = running()
    world.send()
    world.step(100)
    old = world.chunk()
    world.ask(Event.TAKE_OVER)
    world.step(100)
    shadow = world.chunk()
    world.send(shadow)
    assert world.last(Trajectory).source == "human"
    assert world.ask(Event.RELEASE) == (True, "HUMAN -> HOLD")
    assert world.mode is Mode.POLICY
    before = len(world.all(Trajectory))
    world.send(old)
    world.send(shadow)
    assert len(world.all(Trajectory)) == before
    world.send()
    assert world.last(Trajectory).source == "policy"


def test_a_pause_lasts_until_the_release() -> None:
    world = running()
    assert world.ask(Event.PAUSE, reason="coffee")[0]
    world.step(100)
    world.run_policy()
    assert world.mode is Mode.HOLD
    assert "coffee" in world.ask(Event.RELEASE)[1]
    assert world.mode is Mode.POLICY


def test_stop_is_left_only_by_reset_and_the_run_does_not_resume() -> None:
    world = running()
    world.send()
    assert world.ask(Event.STOP, reason="hand in the way")[0]
    sent = len(world.all(Trajectory))
    assert not world.ask(Event.TAKE_OVER)[0]
    assert not world.ask(Event.RELEASE)[0]
    world.send()
    world.device(twist=np.ones(6), button=Button.TAKE_OVER)
    world.step(100)
    assert world.mode is Mode.STOPPED
    assert len(world.all(Trajectory)) == sent
    assert world.ask(Event.STOP)[0]
    assert world.ask(Event.RESET)[0]
    world.step(100)
    assert world.mode is Mode.HOLD
    world.run_policy()
    assert world.mode is Mode.POLICY


def test_guide_frees_the_arm_and_gives_the_gains_back() -> None:
    world = running()
    assert world.ask(Event.GUIDE)[0]
    assert world.mode is Mode.GUIDE
    assert [effect.guide for effect in world.all(SetGuide)] == [True]
    world.policy_state = None
    world.step(200)
    assert world.mode is Mode.GUIDE
    world.ask(Event.RELEASE)
    assert world.mode is Mode.HOLD
    assert [effect.guide for effect in world.all(SetGuide)] == [True, False]


# --- shared -----------------------------------------------------------------------------


def test_shared_adds_a_bounded_correction_that_fades() -> None:
    world = running(shared=True)
    assert world.mode is Mode.SHARED
    world.send(world.chunk(count=30, step_m=np.zeros(3)))
    for _ in range(60):
        world.device(twist=np.array([0.0, 0.2, 0.0, 0.0, 0.0, 0.0]))
        world.step(10)
    corrected = world.last(StepRecord)
    assert corrected.residual is not None
    assert corrected.base is not None
    limit = world.parameters.shared_limit_m
    assert corrected.residual[1] == pytest.approx(limit)
    shift = corrected.executed.position_m - corrected.base.position_m
    np.testing.assert_allclose(shift, [0.0, limit, 0.0], atol=1e-9)
    assert (corrected.source, corrected.mode) == ("shared", Mode.SHARED)
    assert world.target.position_m[1] == pytest.approx(limit, abs=1e-3)
    world.step(1500)
    assert 0.0 < world.target.position_m[1] < 0.7 * limit


# --- records ----------------------------------------------------------------------------


def test_every_action_of_a_policy_has_one_complete_record() -> None:
    world = running()
    chunk = world.chunk()
    world.send(chunk)
    world.step(850)
    assert [record.time_ns for record in world.records] == [chunk.time_ns(i) for i in range(8)]
    assert [record.chunk_index for record in world.records] == list(range(1, 9))
    record = world.records[0]
    assert record.observed_ns == chunk.reference_ns
    assert (record.goal, record.policy, record.policy_hash) == ("insert", "peg", "abc")
    assert (record.mode, record.source) == (Mode.POLICY, "policy")
    assert record.uncertainty == 0.25
    assert record.scores.tolist() == [0.5]
    np.testing.assert_array_equal(record.executed.position_m, chunk.poses[0].position_m)
    assert record.overridden is None


def test_a_later_chunk_replaces_the_steps_from_its_start_on() -> None:
    world = running()
    world.send()
    world.step(250)
    world.send(world.chunk(start_ns=world.now_ns + 50 * MS))
    world.step(300)
    times = [record.time_ns for record in world.records]
    assert times == sorted(set(times))
    assert [record.chunk_id for record in world.records] == [1, 1, 2, 2, 2]


def test_a_revision_replaces_what_is_ahead_of_its_chunk_and_is_recorded_with_its_residual() -> None:
    world = running()
    chunk = world.chunk()
    world.send(chunk)
    world.step(250)
    residual = np.tile([0.001, 0.0, 0.0, 0.0, 0.0, 0.02], (6, 1))
    poses = tuple(corrected(pose, residual[0]) for pose in chunk.poses[2:])
    revision = replace(chunk, revision=1, first_index=3, start_ns=chunk.time_ns(2), poses=poses,
                       residual=residual)  # fmt: skip
    (sent,) = world.send(revision)
    assert isinstance(sent, Trajectory)
    assert [w.time_ns for w in sent.waypoints] == [chunk.time_ns(i) for i in range(2, 8)]
    world.step(600)
    records = world.records
    assert [record.chunk_index for record in records] == list(range(1, 9))
    assert {record.chunk_id for record in records} == {chunk.id}
    assert [record.chunk_revision for record in records] == [0, 0, 1, 1, 1, 1, 1, 1]
    assert records[1].residual is None
    for record, planned in zip(records[2:], chunk.poses[2:], strict=True):
        assert record.base is not None
        assert record.residual is not None
        np.testing.assert_allclose(pose_error(record.base, planned), 0.0, atol=1e-9)
        np.testing.assert_allclose(record.residual, residual[0])
        np.testing.assert_allclose(pose_error(record.executed, record.base), residual[0], atol=1e-9)
    assert world.arbiter.late_actions == 0


def test_a_chunk_or_revision_that_was_overtaken_is_discarded() -> None:
    """Whatever the middleware does, an old plan is not put back in the place of a newer one."""
    world = running()
    first, second = world.chunk(), world.chunk(step_m=np.array([0.0, 0.005, 0.0]))
    world.send(first)
    world.send(second)
    for late in (first, replace(first, revision=1), second, replace(first, id=0)):
        assert world.send(late) == []
    assert world.arbiter.discarded_chunks == 4
    newest = replace(second, revision=2)
    assert len(world.send(newest)) == 1
    assert world.send(replace(second, revision=1)) == []
    # Another epoch is another life: a policy that was restarted counts from 1 again.
    world.ask(Event.PAUSE, reason="why not")
    world.ask(Event.RELEASE)
    world.step(50)
    assert world.mode is Mode.POLICY
    assert len(world.send(world.chunk(id=1))) == 1


def test_the_operators_correction_adds_to_the_networks() -> None:
    world = running(shared=True)
    residual = np.tile([0.0, 0.0, 0.002, 0.0, 0.0, 0.0], (30, 1))
    world.send(world.chunk(count=30, step_m=np.zeros(3), residual=residual))
    for _ in range(60):
        world.device(twist=np.array([0.0, 0.2, 0.0, 0.0, 0.0, 0.0]))
        world.step(10)
    record = world.last(StepRecord)
    assert record.base is not None
    assert record.residual is not None
    limit = world.parameters.shared_limit_m
    np.testing.assert_allclose(record.residual[:3], [0.0, limit, 0.002], atol=1e-9)
    np.testing.assert_allclose(pose_error(record.executed, record.base), record.residual, atol=1e-9)


def test_during_a_takeover_the_overridden_action_is_recorded() -> None:
    world = running()
    world.ask(Event.TAKE_OVER, operator_id="ada")
    world.step(10)
    shadow = world.chunk(step_m=np.array([0.0, 0.0, 0.01]))
    world.send(shadow)
    for _ in range(40):
        world.device(twist=np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]), correction="left")
        world.step(10)
    record = world.records[-1]
    assert (record.mode, record.source, record.operator_id) == (Mode.HUMAN, "human", "ada")
    assert record.correction == "left"
    assert record.overridden is not None
    assert record.overridden.position_m[2] > HOME.position_m[2] + 0.01
    assert record.executed.position_m[1] > 0.01
    assert record.chunk_id == shadow.id
    assert record.base is None


def test_words_at_release_end_the_takeover_in_the_record() -> None:
    world = in_human()
    world.step(100)
    world.ask(Event.RELEASE, words="aim for the rim")
    assert world.records[-1].correction == "aim for the rim"
    assert world.records[-1].mode is Mode.HUMAN


def _is_event(effect: object, event: Event) -> bool:
    return isinstance(effect, ModeChange) and effect.event is event
