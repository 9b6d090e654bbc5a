"""The torque loop: it follows, it stops, it survives bad readings, it counts violations."""

import numpy as np
import pytest
from sim_worlds import SECOND_NS, blind_simulation, line

from takt_core.geometry import Pose, pose_error
from takt_core.trajectory import Trajectory, Waypoint
from takt_impedance import Mode
from takt_sim.arm_commands import Gains
from takt_sim.experts.peg_insertion import STEP_NS
from takt_sim.simulation import Simulation


def tracking_error(simulation: Simulation) -> np.ndarray:
    target = Pose.from_array7(simulation.robot.target_pose)
    return pose_error(target, simulation.robot.base_from_tcp)


def assert_still(simulation: Simulation) -> None:
    """Nothing left but the tail of a critically damped settling: a tenth of the speed before."""
    twist = simulation.robot.tcp_twist()
    assert np.linalg.norm(twist[:3]) < 0.015
    assert np.linalg.norm(twist[3:]) < 0.05


def test_free_space_tracking_stays_within_millimetres() -> None:
    simulation = blind_simulation()
    simulation.reset(4)
    simulation.commit(line(simulation, (0.08, -0.06, 0.05), 1.5))
    for _ in range(30):
        simulation.advance(SECOND_NS // 20)
        error = tracking_error(simulation)
        assert np.linalg.norm(error[:3]) < 0.003
        assert np.linalg.norm(error[3:]) < 0.02
    assert simulation.robot.controller.counters.starvations == 0
    simulation.advance(SECOND_NS)
    # What remains is the weight of the peg, which the arm's model does not know.
    error = tracking_error(simulation)
    np.testing.assert_allclose(error[:3], [0.0, 0.0, 0.05 * 9.81 / 900.0], atol=1e-4)
    assert simulation.robot.torque_violations == 0


def test_arm_stops_within_three_tenths_when_waypoints_cease() -> None:
    simulation = blind_simulation()
    simulation.reset(4)
    whole = line(simulation, (0.15, 0.0, 0.05), 1.5)
    moving = Trajectory(
        tuple(Waypoint(w.time_ns, w.base_from_tcp, None) for w in whole.waypoints[:8]), "test"
    )
    # The last waypoint of what arrived is passed at full speed.
    last, before = moving.waypoints[-1], moving.waypoints[-2]
    twist = pose_error(last.base_from_tcp, before.base_from_tcp) / 0.1
    cut = Trajectory(
        (*moving.waypoints[:-1], Waypoint(last.time_ns, last.base_from_tcp, twist)), "t"
    )
    assert simulation.commit(cut).accepted
    simulation.advance(last.time_ns - simulation.now_ns)
    assert np.linalg.norm(simulation.robot.tcp_twist()[:3]) > 0.12
    simulation.advance(300_000_000)
    assert_still(simulation)
    assert simulation.robot.controller.starved
    assert simulation.robot.controller.counters.starvations == 1
    stopped = simulation.robot.base_from_tcp.position_m
    simulation.advance(SECOND_NS)
    assert np.linalg.norm(simulation.robot.base_from_tcp.position_m - stopped) < 0.005
    assert np.linalg.norm(simulation.robot.tcp_twist()[:3]) < 0.001


def test_empty_trajectory_stops_at_once() -> None:
    simulation = blind_simulation()
    simulation.reset(4)
    simulation.commit(line(simulation, (0.15, 0.0, 0.05), 1.5))
    simulation.advance(7 * STEP_NS)
    assert simulation.commit(Trajectory((), "hold")).accepted
    simulation.advance(3 * STEP_NS)
    assert_still(simulation)
    assert not simulation.robot.controller.starved


def test_nan_joints_latch_a_fault_and_the_arm_stays_calm() -> None:
    simulation = blind_simulation()
    simulation.reset(4)
    simulation.advance(SECOND_NS // 5)
    before = simulation.robot.base_from_tcp.position_m
    simulation.faults.nan_joints(3)
    simulation.advance(SECOND_NS // 2)
    assert simulation.robot.controller.output.fault_name == "nonfinite_position"
    assert np.isfinite(simulation.data.qpos).all()
    assert np.isfinite(simulation.robot.commanded_torque()).all()
    assert np.linalg.norm(simulation.robot.base_from_tcp.position_m - before) < 0.03
    assert not simulation.commit(line(simulation, (0.01, 0.0, 0.0), 1.0)).accepted
    simulation.reset(4)
    assert simulation.commit(line(simulation, (0.01, 0.0, 0.0), 1.0)).accepted


def test_stalled_controller_keeps_its_torques_and_recovers() -> None:
    simulation = blind_simulation()
    simulation.reset(4)
    simulation.advance(SECOND_NS // 5)
    ticks = simulation.robot.controller.counters.ticks
    simulation.faults.stall_controller(20)
    simulation.advance(20_000_000)
    assert simulation.robot.controller.counters.ticks == ticks
    simulation.advance(SECOND_NS // 2)
    assert simulation.robot.controller.counters.ticks == ticks + 500
    assert np.linalg.norm(tracking_error(simulation)[:3]) < 0.002


def test_reset_is_bumpless() -> None:
    simulation = blind_simulation()
    simulation.reset(6)
    start = simulation.robot.base_from_tcp
    torque = simulation.robot.commanded_torque()
    for _ in range(100):
        simulation.advance(1_000_000)
        now = simulation.robot.commanded_torque()
        assert np.abs(now - torque).max() < 1.0
        torque = now
    assert np.linalg.norm(simulation.robot.base_from_tcp.position_m - start.position_m) < 0.001


@pytest.mark.parametrize(("scale", "expected"), [(0.5, 0), (2.0, 1)])
def test_violations_are_counted_independently_of_the_controller(
    scale: float, expected: int
) -> None:
    simulation = blind_simulation()
    simulation.reset(6)
    robot = simulation.robot
    robot._count_violation(robot.commanded_torque() + scale, 0.001)
    assert robot.torque_violations == expected


def test_open_gripper_lets_go() -> None:
    simulation = blind_simulation()
    simulation.reset(6)
    hold = Pose.from_array7(simulation.robot.target_pose)
    waypoint = Waypoint(simulation.now_ns + STEP_NS, hold, np.zeros(6), None, 0.06)
    assert simulation.commit(Trajectory((waypoint,), "test")).accepted
    simulation.advance(SECOND_NS)
    assert simulation.robot.gripper_width_m == pytest.approx(0.06, abs=0.002)
    assert "peg dropped" in simulation.task_status.reason


@pytest.mark.parametrize("width_m", [np.inf, -np.inf, 1e11, np.nan])
def test_no_gripper_width_lets_the_arm_fall(width_m: float) -> None:
    simulation = blind_simulation()
    simulation.reset(6)
    before = simulation.robot.base_from_tcp.position_m
    hold = Pose.from_array7(simulation.robot.target_pose)
    waypoint = Waypoint(simulation.now_ns + STEP_NS, hold, np.zeros(6), None, width_m)
    assert simulation.commit(Trajectory((waypoint,), "test")).accepted
    simulation.advance(SECOND_NS // 2)
    assert np.linalg.norm(simulation.robot.base_from_tcp.position_m - before) < 0.005
    assert 0.0 <= simulation.robot.gripper_target_m < 0.1


def test_guiding_ends_even_if_the_gains_for_afterwards_are_refused() -> None:
    simulation = blind_simulation()
    simulation.reset(6)
    simulation.robot.commands.guide(True)
    with pytest.raises(ValueError, match="stiffness"):
        simulation.robot.set_impedance(Gains([np.nan] * 6))
    assert simulation.robot.controller.mode == Mode.CARTESIAN
    simulation.advance(SECOND_NS)
    np.testing.assert_allclose(simulation.robot.controller.output.stiffness[0, 0], 900.0)


def test_stiffness_sets_the_deflection() -> None:
    simulation = blind_simulation()
    deflections = []
    for stiffness in (400.0, 1200.0):
        simulation.reset(6)
        simulation.set_impedance([stiffness] * 3 + [45.0] * 3)
        simulation.advance(SECOND_NS)
        rest = simulation.robot.base_from_tcp.position_m
        hand = simulation.model.body("tcp").id
        simulation.data.xfrc_applied[hand, 1] = 6.0
        simulation.advance(SECOND_NS)
        simulation.data.xfrc_applied[hand] = 0.0
        deflections.append(simulation.robot.base_from_tcp.position_m[1] - rest[1])
    assert deflections[0] == pytest.approx(6.0 / 400.0, rel=0.1)
    assert deflections[1] == pytest.approx(6.0 / 1200.0, rel=0.1)
