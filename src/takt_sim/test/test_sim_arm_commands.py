"""The whole interface of the arm: joints, starts, gains, feed-forward, faults, and the estimate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim_worlds import SECOND_NS, blind_simulation, line, press_on_table

from takt_core.errors import TaktError
from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_description import ARM_JOINTS, TOOL_FRAME, robot_description
from takt_impedance import Frame, KeepOut, Mode
from takt_impedance.kinematics import ArmModel
from takt_sim.arm_commands import Gains
from takt_sim.arm_controller import ControllerOptions
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import make_task
from takt_sim.world import PhysicalErrors

MS = 1_000_000
STEP_NS = 100 * MS


def with_options(physics: PhysicalErrors | None = None, **options: object) -> Simulation:
    """The peg's world, blind, under other options of the controller."""
    return Simulation(
        make_task("peg_insertion"),
        SimulationParameters(
            cameras=(),
            controller=ControllerOptions(**options),  # type: ignore[arg-type]
            physics=physics or PhysicalErrors(),
        ),
    )


def begun(seed: int = 4) -> Simulation:
    simulation = blind_simulation()
    simulation.reset(seed)
    simulation.advance(200 * MS)
    return simulation


def joint_way(
    simulation: Simulation, change: np.ndarray, steps: int, begin_ns: int = 0, start_ns: int = 0
) -> Trajectory:
    """From the present joints by `change`, smoothly, after `begin_ns`."""
    q = simulation.robot.joints()[0]
    waypoints = []
    for i in range(1, steps + 1):
        part = 0.5 - 0.5 * np.cos(np.pi * i / steps)
        when = max(begin_ns, simulation.now_ns) + i * STEP_NS
        waypoints.append(Waypoint(when, Pose.identity(), joint_position=q + part * change))
    return Trajectory(tuple(waypoints), "test", 5, start_ns)


def push(simulation: Simulation, wrench: list[float]) -> None:
    """From now on, at the tool point, base axes."""
    data, tool = simulation.data, simulation.model.body(TOOL_FRAME).id
    # MuJoCo applies it where it thinks that the body's mass is.
    lever = data.xpos[tool] - data.xipos[tool]
    data.xfrc_applied[tool] = [*wrench[:3], *(np.cross(lever, wrench[:3]) + wrench[3:])]


def test_joints_follow_their_trajectory_and_the_target_pose_goes_along() -> None:
    simulation = begun()
    q = simulation.robot.joints()[0]
    change = np.array([0.15, -0.1, 0.1, 0.12, -0.2, 0.1, 0.3])
    assert simulation.commit(joint_way(simulation, change, 12)).accepted
    simulation.advance(700 * MS)
    assert simulation.robot.controller.mode == Mode.JOINT
    assert simulation.robot.chunk_id == 5
    features = simulation.arm_features()
    np.testing.assert_allclose(
        features["target_joint_position"], features["joint_position"], atol=0.02
    )
    arm = ArmModel(robot_description(), TOOL_FRAME, ARM_JOINTS)
    there = arm.forward(features["target_joint_position"])
    np.testing.assert_allclose(features["target_pose"][:3], there[:3, 3], atol=1e-9)
    twist = simulation.robot.target_twist()
    ahead = simulation.robot.target_pose
    simulation.advance(10 * MS)
    np.testing.assert_allclose(
        (simulation.robot.target_pose - ahead)[:3] / 0.01, twist[:3], atol=0.01
    )
    simulation.advance(SECOND_NS)
    np.testing.assert_allclose(simulation.robot.joints()[0], q + change, atol=5e-3)
    assert simulation.robot.torque_violations == 0


def test_joint_targets_by_name_leave_the_others_where_they_are() -> None:
    simulation = begun()
    q = simulation.robot.joints()[0]
    wanted = {"joint7": float(q[6] + 0.3), "joint1": float(q[0] - 0.1)}
    assert simulation.robot.set_joint_target(wanted, simulation.now_ns).accepted
    simulation.advance(SECOND_NS)
    assert simulation.robot.set_joint_target(
        {"joint6": float(q[5] + 0.1)}, simulation.now_ns
    ).accepted
    simulation.advance(SECOND_NS)
    moved = simulation.robot.joints()[0] - q
    np.testing.assert_allclose(moved, [-0.1, 0.0, 0.0, 0.0, 0.0, 0.1, 0.3], atol=6e-3)
    refused = simulation.robot.set_joint_target({"elbow": 0.0}, simulation.now_ns)
    assert "['elbow']" in refused.reason
    assert not simulation.robot.set_joint_target({}, simulation.now_ns).accepted


def test_from_joints_to_poses_and_back_without_a_bump() -> None:
    simulation = begun()
    simulation.commit(joint_way(simulation, np.full(7, 0.05), 5))
    simulation.advance(300 * MS)
    torque = simulation.robot.commanded_torque()
    for _ in range(4):
        mode = simulation.robot.controller.mode
        if mode == Mode.JOINT:
            assert simulation.commit(line(simulation, (0.0, 0.02, 0.02), 0.5)).accepted
        else:
            assert simulation.commit(joint_way(simulation, np.full(7, 0.03), 5)).accepted
        for _ in range(150):
            simulation.advance(MS)
            now = simulation.robot.commanded_torque()
            assert np.abs(now - torque).max() <= 1.0 + 1e-9  # the published limit of 1000 N m/s
            torque = now
        assert simulation.robot.controller.mode != mode
    assert simulation.robot.torque_violations == 0


def test_mixed_waypoints_and_wrong_counts_are_refused() -> None:
    simulation = begun()
    whole = joint_way(simulation, np.full(7, 0.05), 4)
    mixed = Trajectory(
        (whole.waypoints[0], *line(simulation, (0.0, 0.0, 0.02), 0.3).waypoints), "t"
    )
    result = simulation.commit(mixed)
    assert not result.accepted
    assert "all or none" in result.reason
    short = Waypoint(simulation.now_ns + STEP_NS, Pose.identity(), joint_position=np.zeros(6))
    assert "waypoints of [6] joints" in simulation.commit(Trajectory((short,), "t")).reason
    assert simulation.robot.commands.refused == 2
    assert "[6] joints" in simulation.robot.commands.last_rejection
    assert simulation.robot.controller.mode == Mode.CARTESIAN


def test_a_start_in_the_future_lets_the_present_trajectory_go_on() -> None:
    simulation = begun()
    first = line(simulation, (0.0, 0.05, 0.0), 1.0)
    assert simulation.commit(Trajectory(first.waypoints, "t", 1)).accepted
    simulation.advance(200 * MS)
    start_ns = simulation.now_ns + 400 * MS
    where = Pose.from_array7(simulation.robot.target_pose)
    away = tuple(
        Waypoint(start_ns + i * STEP_NS, Pose(where.position_m + [0.0, 0.04, 0.004 * i],
                                              where.quaternion_xyzw))
        for i in range(1, 8)
    )  # fmt: skip
    assert simulation.commit(Trajectory(away, "t", 2, start_ns)).accepted
    simulation.advance(400 * MS)
    assert simulation.robot.chunk_id == 1
    assert simulation.robot.target_pose[2] == pytest.approx(where.position_m[2], abs=2e-3)
    simulation.advance(10 * MS)
    assert simulation.robot.chunk_id == 2
    simulation.advance(600 * MS)
    assert simulation.robot.target_pose[2] > where.position_m[2] + 0.015


def test_a_stop_drops_what_waits_for_its_start() -> None:
    simulation = begun()
    start_ns = simulation.now_ns + 300 * MS
    assert simulation.commit(joint_way(simulation, np.full(7, 0.1), 5, start_ns, start_ns)).accepted
    assert simulation.commit(Trajectory((), "hold")).accepted
    before = simulation.robot.joints()[0]
    simulation.advance(SECOND_NS)
    assert simulation.robot.chunk_id == 0
    np.testing.assert_allclose(simulation.robot.joints()[0], before, atol=2e-3)


def test_gains_have_a_frame_and_reach_the_joints() -> None:
    simulation = begun()
    gains = Gains([400.0, 500.0, 600.0, 20.0, 30.0, 40.0], [0.8] * 6, Frame.TOOL, 5.0,
                  np.full(7, 80.0), np.full(7, 0.9))  # fmt: skip
    simulation.robot.set_impedance(gains)
    simulation.advance(SECOND_NS)
    output = simulation.robot.controller.output
    assert output.stiffness_frame == Frame.TOOL
    np.testing.assert_allclose(np.diag(output.stiffness), gains.stiffness, atol=1e-6)
    np.testing.assert_allclose(simulation.arm_features()["stiffness"], gains.stiffness, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stiffness": [np.nan] * 6},
        {"stiffness": [-1.0] * 6},
        {"nullspace_stiffness": -1.0},
        {"joint_stiffness": np.full(6, 80.0)},
        {"joint_damping_ratio": np.full(7, np.inf)},
        {"damping_ratio": [-0.5] * 6},
    ],
)
def test_refused_gains_change_nothing(wrong: dict[str, object]) -> None:
    simulation = begun()
    right = {"stiffness": [300.0] * 3 + [20.0] * 3, "joint_stiffness": np.full(7, 9.0)}
    with pytest.raises(ValueError):
        simulation.robot.set_impedance(Gains(**(right | wrong)))  # type: ignore[arg-type]
    simulation.advance(500 * MS)
    stiffness = np.diag(simulation.robot.controller.output.stiffness)
    np.testing.assert_allclose(stiffness, [900.0] * 3 + [45.0] * 3)


def test_softer_joints_give_way_farther() -> None:
    sag = []
    for stiffness in (200.0, 50.0):
        simulation = begun()
        q = simulation.robot.joints()[0]
        here = dict(zip(ARM_JOINTS, q.tolist(), strict=True))
        assert simulation.robot.set_joint_target(here, simulation.now_ns).accepted
        gains = Gains([900.0] * 3 + [45.0] * 3, None, joint_stiffness=np.full(7, stiffness))
        simulation.robot.set_impedance(gains)
        simulation.advance(SECOND_NS)
        push(simulation, [0.0, 8.0, 0.0, 0.0, 0.0, 0.0])
        simulation.advance(SECOND_NS)
        push(simulation, [0.0] * 6)
        sag.append(float(simulation.robot.base_from_tcp.position_m[1]))
    assert sag[1] > 2.5 * sag[0]


def test_feed_forward_moves_the_arm_and_ends_when_nobody_asks() -> None:
    simulation = begun()
    before = simulation.robot.base_from_tcp.position_m
    for _ in range(10):
        simulation.robot.commands.set_wrench([0.0, 9.0, 0.0, 0.0, 0.0, 0.0], simulation.now_ns)
        simulation.advance(100 * MS)
    away = simulation.robot.base_from_tcp.position_m - before
    # A spring of 900 N/m under 9 N.
    np.testing.assert_allclose(away, [0.0, 0.010, 0.0], atol=1e-3)
    np.testing.assert_allclose(simulation.arm_features()["target_wrench"][:3], [0.0, 9.0, 0.0])
    simulation.advance(2 * SECOND_NS)
    assert np.linalg.norm(simulation.robot.base_from_tcp.position_m - before) < 1e-3
    assert not simulation.arm_features()["target_wrench"].any()
    commands = simulation.robot.commands
    assert "finite" in commands.set_wrench([np.nan] * 6, simulation.now_ns).reason
    simulation.robot.hold(True, False, simulation.now_ns)
    assert "the mode is HOLD" in commands.set_wrench(np.ones(6), simulation.now_ns).reason
    simulation.robot.hold(False, False, simulation.now_ns)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.floats(-12.0, 12.0), min_size=3, max_size=3), st.integers(0, 50))
def test_the_estimate_is_the_wrench_that_pushes(force: list[float], seed: int) -> None:
    simulation = blind_simulation()
    simulation.reset(seed)
    simulation.advance(300 * MS)
    # The peg, which the model does not know, pulls as well.
    before = simulation.wrench_estimate
    push(simulation, [*force, 0.0, 0.0, 0.0])
    try:
        simulation.advance(900 * MS)
        estimate = simulation.wrench_estimate - before
    finally:
        push(simulation, [0.0] * 6)
    scale = max(float(np.linalg.norm(force)), 3.0)
    assert np.linalg.norm(estimate[:3] - force) < 0.04 * scale
    assert np.linalg.norm(estimate[3:]) < 0.02 * scale


def test_the_estimate_agrees_with_the_sensor_in_contact() -> None:
    simulation = blind_simulation()
    simulation.reset(3)
    simulation.advance(300 * MS)
    unloaded = simulation.wrench_estimate
    press_on_table(simulation)
    simulation.advance(SECOND_NS)
    sensed, estimate = simulation.wrench, simulation.wrench_estimate - unloaded
    assert sensed[2] > 4.0
    np.testing.assert_allclose(estimate[:3], sensed[:3], atol=0.05 * np.linalg.norm(sensed[:3]))


def test_without_a_sensor_the_wrench_is_the_estimate() -> None:
    simulation = with_options(wrench_sensor=False)
    simulation.reset(4)
    push(simulation, [0.0, 10.0, 0.0, 0.0, 0.0, 0.0])
    simulation.advance(800 * MS)
    np.testing.assert_array_equal(simulation.wrench, simulation.wrench_estimate)
    assert simulation.wrench[1] == pytest.approx(10.0, rel=0.05)


def test_measured_torque_is_what_a_sensor_behind_the_friction_shows() -> None:
    rough = with_options(PhysicalErrors(joint_friction_nm=(2.0,) * 7))
    rough.reset(4)
    # Turn the first joint about the vertical: gravity does not count there, only friction does.
    rough.robot.set_joint_target({"joint1": float(rough.robot.joints()[0][0]) + 0.5}, rough.now_ns)
    rough.advance(400 * MS)
    velocity = rough.robot.joints()[1][0]
    assert velocity > 0.1
    between = rough.data.qfrc_actuator[0] - rough.robot.joints()[2][0]
    assert between == pytest.approx(2.0 + 0.003 * velocity, abs=0.05)


def test_friction_and_payload_are_what_the_controller_does_not_know() -> None:
    heavy = with_options(PhysicalErrors(payload_kg=0.5))
    heavy.reset(4)
    start = heavy.robot.base_from_tcp.position_m
    heavy.advance(2 * SECOND_NS)
    sag = start[2] - heavy.robot.base_from_tcp.position_m[2]
    assert sag == pytest.approx((0.5 + 0.05) * 9.81 / 900.0, rel=0.1)
    assert heavy.wrench_estimate[2] == pytest.approx(-(0.5 + 0.05) * 9.81, rel=0.03)


def test_a_fault_is_reset_where_the_arm_is() -> None:
    simulation = begun()
    simulation.faults.nan_joints(3)
    simulation.advance(300 * MS)
    assert simulation.robot.controller.output.fault_name
    simulation.robot.reset_fault(simulation.now_ns)
    simulation.advance(10 * MS)
    assert simulation.robot.controller.output.fault_name == ""
    before = simulation.robot.base_from_tcp.position_m
    simulation.advance(SECOND_NS)
    assert np.linalg.norm(simulation.robot.base_from_tcp.position_m - before) < 2e-3
    assert simulation.commit(line(simulation, (0.0, 0.02, 0.0), 0.5)).accepted


def test_the_target_stays_out_of_a_keep_out() -> None:
    free = begun()
    block = KeepOut.sphere(free.robot.base_from_tcp.position_m + [0.0, 0.12, 0.0], 0.06)
    simulation = with_options(keep_outs=(block,))
    simulation.reset(4)
    simulation.advance(200 * MS)
    simulation.commit(line(simulation, (0.0, 0.12, 0.0), 1.0))
    limited = False
    for _ in range(30):
        simulation.advance(50 * MS)
        limited |= simulation.robot.controller.output.keepout_limited
        assert block.distance(simulation.robot.target_pose[:3]) > -1e-6
    assert limited


def test_the_tank_is_in_use_if_asked_for() -> None:
    assert np.isnan(begun().robot.controller.output.tank_level)
    simulation = with_options(tank=True)
    simulation.reset(4)
    simulation.advance(100 * MS)
    assert 0.0 < simulation.robot.controller.output.tank_level <= 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"damping_ratio": (-1.0,) * 6},
        {"stiffness": (np.nan,) * 6},
        {"keep_outs": (KeepOut.sphere([0.0, 0.0, 0.0], -0.1),)},
        {"keep_outs": (KeepOut.half_space([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),)},
        {"joint_stiffness": (1.0,) * 6},
    ],
)
def test_options_that_the_controller_refuses_stop_the_simulation(wrong: dict[str, object]) -> None:
    with pytest.raises(TaktError, match="the controller refuses its options"):
        with_options(**wrong)


def test_ticks_are_counted_on_the_clock() -> None:
    simulation = begun()
    simulation.advance(2 * SECOND_NS)
    summary = simulation.robot.statistics.summary()
    assert 900 <= summary.ticks <= 1100
    assert summary.overruns == 0
    assert summary.period_mean_s == pytest.approx(1e-3)
    assert 0.0 < summary.compute_mean_s <= summary.compute_max_s


def test_a_hold_that_was_asked_for_outlives_a_reset() -> None:
    simulation = begun()
    simulation.robot.hold(True, True, simulation.now_ns)
    simulation.reset(5)
    assert simulation.robot.controller.mode == Mode.HOLD
    assert not simulation.commit(line(simulation, (0.0, 0.02, 0.0), 0.5)).accepted
    simulation.robot.hold(False, False, simulation.now_ns)
    assert simulation.commit(line(simulation, (0.0, 0.02, 0.0), 0.5)).accepted


def pressed_force(simulation: Simulation) -> float:
    """On the table, with the target 12 mm deeper than the peg can go [N]."""
    press_on_table(simulation)
    simulation.commit(line(simulation, (0.0, 0.0, -0.012), 0.5))
    simulation.advance(1500 * MS)
    return float(simulation.wrench[2])


def test_a_limit_of_contact_force_is_kept_where_the_spring_would_press_harder() -> None:
    assert pressed_force(blind_simulation()) > 4.0
    limited = with_options(max_contact_force_n=2.0)
    assert pressed_force(limited) == pytest.approx(2.0, abs=0.6)
    assert limited.robot.controller.output.contact_limited


def test_operational_space_follows_as_well() -> None:
    simulation = with_options(
        operational_space=True, stiffness=(300.0,) * 3 + (300.0,) * 3, max_force_n=100.0
    )
    simulation.reset(4)
    simulation.commit(line(simulation, (0.06, -0.05, 0.05), 1.2))
    for _ in range(12):
        simulation.advance(100 * MS)
        away = simulation.robot.target_pose[:3] - simulation.robot.base_from_tcp.position_m
        assert np.linalg.norm(away) < 0.006
    assert simulation.robot.torque_violations == 0


def test_two_arms_that_are_sent_the_same_start_set_out_together() -> None:
    left, right = blind_simulation(), with_options()
    for simulation, seed in ((left, 4), (right, 6)):
        simulation.reset(seed, restart_clock=True)
        simulation.advance(200 * MS)
    start_ns = left.now_ns + 400 * MS
    change = np.array([0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2])
    assert left.commit(joint_way(left, change, 8, start_ns, start_ns)).accepted
    for simulation in (left, right):
        simulation.advance(150 * MS)
    # The other arm's message takes longer.
    assert right.commit(joint_way(right, change, 8, start_ns, start_ns)).accepted
    begun_ns: dict[int, int] = {}
    for _ in range(600):
        for index, simulation in enumerate((left, right)):
            simulation.advance(MS)
            controller = simulation.robot.controller
            moves = np.abs(controller.output.joint_target_velocity).max() > 1e-9
            if moves and controller.mode == Mode.JOINT:
                begun_ns.setdefault(index, simulation.now_ns)
    assert begun_ns[0] == begun_ns[1]
    assert 0 <= begun_ns[0] - start_ns <= 5 * MS
    moved = [simulation.robot.controller.output.joint_target for simulation in (left, right)]
    assert np.abs(moved[0] - moved[1]).max() > 1e-3  # they started from different places
