"""Lock-step: time is the caller's, episodes are their seed's."""

import numpy as np
import pytest
from sim_worlds import (
    SECOND_NS,
    SMALL_CAMERAS,
    blind_simulation,
    impatient_simulation,
    line,
    seeing_simulation,
)

from takt_core.errors import TaktError
from takt_core.streams import Sample
from takt_sim.cameras import CameraParameters
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks.base import TaskState


def play(simulation: Simulation, seed: int) -> list[Sample]:
    samples = simulation.reset(seed)
    start_ns = simulation.now_ns
    simulation.commit(line(simulation, (0.03, 0.02, -0.10), 1.0))
    samples += simulation.advance(SECOND_NS)
    return [Sample(s.stream, s.stamp_ns - start_ns, s.features) for s in samples]


def assert_equal(first: list[Sample], second: list[Sample]) -> None:
    assert [(s.stream, s.stamp_ns) for s in first] == [(s.stream, s.stamp_ns) for s in second]
    for one, other in zip(first, second, strict=True):
        for name, value in one.features.items():
            np.testing.assert_array_equal(value, other.features[name])


def test_images_that_arrive_at_the_same_time_are_all_delivered() -> None:
    # One that was taken at once with the slow camera's has arrived when the second one is taken.
    cameras = (
        CameraParameters("wrist_camera", 8, 8, rate_hz=25.0, latency_s=0.0),
        CameraParameters("front_camera", 8, 8, rate_hz=25.0, latency_s=0.040),
    )
    simulation = Simulation(parameters=SimulationParameters(cameras=cameras))
    simulation.reset(0)
    arrived = [s.stream for s in simulation.advance(SECOND_NS // 2) if "image" in s.stream]
    simulation.close()
    assert arrived.count("wrist_camera/image_raw") == 12
    assert arrived.count("front_camera/image_raw") == 12


def test_same_seed_gives_the_same_samples_whatever_came_before() -> None:
    used, fresh = (
        seeing_simulation(),
        Simulation(parameters=SimulationParameters(cameras=SMALL_CAMERAS)),
    )
    play(used, 11)
    used.faults.freeze_camera("wrist_camera")
    used.advance(SECOND_NS // 4)
    assert_equal(play(used, 7), play(fresh, 7))
    fresh.close()


def test_time_goes_on_at_a_reset_unless_it_is_asked_to_restart() -> None:
    simulation = blind_simulation()
    first = [sample.stamp_ns for sample in simulation.reset(3, restart_clock=True)]
    start_ns = simulation.now_ns
    simulation.advance(SECOND_NS // 10)
    assert {one.stamp_ns for one in simulation.reset(3)} == {start_ns + SECOND_NS // 10}
    simulation.advance(SECOND_NS // 10)
    assert [one.stamp_ns for one in simulation.reset(3, restart_clock=True)] == first
    assert {one.stamp_ns for one in simulation.advance(10_000_000)} <= {
        start_ns + ms * 1_000_000 for ms in range(11)
    }


def test_other_seeds_give_other_episodes() -> None:
    simulation = blind_simulation()
    starts = []
    for seed in range(4):
        simulation.reset(seed)
        starts.append(
            np.concatenate(
                [simulation.task.base_from_hole.array7(), simulation.robot.base_from_tcp.array7()]
            )
        )
    for i, first in enumerate(starts):
        for other in starts[i + 1 :]:
            assert np.abs(first - other).max() > 1e-3


def test_time_never_goes_back_and_moves_only_on_request() -> None:
    simulation = blind_simulation()
    simulation.reset(0)
    before = simulation.now_ns
    simulation.reset(0)
    assert simulation.now_ns == before > 0
    simulation.advance(5_000_000)
    assert simulation.now_ns == before + 5_000_000


def test_rates_and_features_are_those_of_the_interface() -> None:
    simulation = blind_simulation()
    simulation.reset(0)
    samples = simulation.advance(SECOND_NS)
    count = dict.fromkeys(("arm/state", "arm/wrench", "fingertip/field"), 0)
    for sample in samples:
        count[sample.stream] += 1
    assert count == {"arm/state": 100, "arm/wrench": 100, "fingertip/field": 50}
    arm = next(s for s in samples if s.stream == "arm/state")
    shapes = {name: value.shape for name, value in arm.features.items()}
    assert shapes == {
        "tcp_pose": (7,), "tcp_twist": (6,), "target_pose": (7,), "wrench": (6,),
        "wrench_estimate": (6,), "target_wrench": (6,), "stiffness": (6,),
        "target_joint_position": (0,),
        "joint_position": (7,), "joint_velocity": (7,), "joint_torque": (7,),
        "gripper_width": (1,),
    }  # fmt: skip


def test_twist_is_the_derivative_of_the_pose() -> None:
    simulation = blind_simulation()
    simulation.reset(0)
    simulation.commit(line(simulation, (0.10, 0.05, 0.02), 1.0))
    simulation.advance(SECOND_NS // 2)
    before = simulation.robot.base_from_tcp.position_m
    twist = simulation.robot.tcp_twist()
    simulation.advance(1_000_000)
    speed = (simulation.robot.base_from_tcp.position_m - before) / 0.001
    np.testing.assert_allclose(twist[:3], speed, atol=2e-3)


def test_advance_before_reset_and_by_parts_of_a_tick_is_refused() -> None:
    simulation = impatient_simulation()
    assert simulation.task_status.state is TaskState.IDLE
    with pytest.raises(TaktError, match="call reset"):
        simulation.advance(1_000_000)
    simulation.reset(0)
    with pytest.raises(TaktError, match="multiples of 1000000 ns"):
        simulation.advance(1_500_000)


def test_arm_leaves_the_loop_with_no_torque_beyond_its_limits() -> None:
    """Whatever is asked for, what reaches the motors stays within the arm's limits."""
    simulation = blind_simulation()
    simulation.reset(0)
    limit = np.array([87.0] * 4 + [12.0] * 3)
    last = simulation.robot.commanded_torque()
    simulation.commit(line(simulation, (0.09, 0.09, -0.30), 0.3))
    for tick in range(1000):
        if tick == 500:
            simulation.set_impedance([3000.0] * 3 + [150.0] * 3)
        simulation.advance(1_000_000)
        torque = simulation.robot.commanded_torque()
        assert (np.abs(torque) <= limit + 1e-6).all()
        assert (np.abs(torque - last) <= 1.0 + 1e-6).all()
        last = torque
    assert simulation.robot.torque_violations == 0
