"""Cameras: size, content, latency, noise, and the faults that they can have."""

import gc

import numpy as np
import pytest
from sim_worlds import SECOND_NS, SMALL_CAMERAS, seeing_simulation

from takt_core.streams import Sample
from takt_sim.cameras import CameraParameters, CameraRig
from takt_sim.simulation import Simulation, SimulationParameters

WRIST, FRONT = SMALL_CAMERAS


def frames(samples: list[Sample], camera: CameraParameters) -> list[Sample]:
    return [sample for sample in samples if sample.stream == camera.stream]


def test_frames_arrive_after_their_latency_with_the_time_of_exposure() -> None:
    simulation = seeing_simulation()
    simulation.reset(0)
    start_ns = simulation.now_ns
    for _ in range(200):
        for sample in simulation.advance(1_000_000):
            camera = {WRIST.stream: WRIST, FRONT.stream: FRONT}.get(sample.stream)
            delay_ns = simulation.now_ns - sample.stamp_ns
            assert delay_ns == (round(camera.latency_s * 1e9) if camera else 0)
            if camera:
                since_s = (sample.stamp_ns - start_ns) * 1e-9 - camera.phase_s
                assert since_s * camera.rate_hz == pytest.approx(
                    round(since_s * camera.rate_hz), abs=0.031
                )


def test_thirty_frames_in_a_second() -> None:
    simulation = seeing_simulation()
    simulation.reset(0)
    samples = simulation.advance(SECOND_NS)
    for camera in SMALL_CAMERAS:
        found = frames(samples, camera)
        assert len(found) in (29, 30)
        image = found[0].features["image"]
        assert image.shape == (camera.height, camera.width, 3)
        assert image.dtype == np.uint8


def test_cameras_see_the_peg_and_the_fixture() -> None:
    simulation = seeing_simulation()
    simulation.reset(1)
    rig = CameraRig(simulation.model, (CameraParameters("wrist_camera"), WRIST_FRONT))
    wrist = rig.render(simulation.data, "wrist_camera").astype(int)
    front = rig.render(simulation.data, "front_camera").astype(int)
    rig.close()
    orange = (wrist[..., 0] > 100) & (wrist[..., 2] < 80)
    assert orange[:48].sum() > 200
    for image in (wrist, front):
        blue = (image[..., 2] > image[..., 0] + 40) & (image[..., 0] < 80)
        assert blue.sum() > 100


WRIST_FRONT = CameraParameters("front_camera")


def test_noise_is_as_strong_as_it_says() -> None:
    simulation = seeing_simulation()
    simulation.reset(1)
    camera = CameraParameters("front_camera", 64, 64, noise=4.0)
    rig = CameraRig(simulation.model, (camera,))
    clean = rig.render(simulation.data, "front_camera").astype(float)
    noisy = rig.render(simulation.data, "front_camera", np.random.default_rng(0)).astype(float)
    rig.close()
    assert np.std(noisy - clean) == pytest.approx(4.0, rel=0.1)


def test_intrinsics_project_what_the_camera_sees() -> None:
    matrix = CameraParameters("wrist_camera", 640, 480).intrinsics(90.0)
    np.testing.assert_allclose(matrix, [[240, 0, 320], [0, 240, 240], [0, 0, 1]])


def test_frozen_camera_repeats_its_image_with_new_stamps() -> None:
    simulation = seeing_simulation()
    simulation.reset(0)
    simulation.advance(SECOND_NS // 5)
    simulation.faults.freeze_camera("wrist_camera")
    found = frames(simulation.advance(SECOND_NS // 2), WRIST)[1:]
    assert len({sample.stamp_ns for sample in found}) == len(found) > 10
    for sample in found[1:]:
        np.testing.assert_array_equal(sample.features["image"], found[0].features["image"])


def test_dropped_frames_leave_a_gap() -> None:
    simulation = seeing_simulation()
    simulation.reset(0)
    simulation.advance(SECOND_NS // 5)
    simulation.faults.drop_frames("front_camera", 5)
    samples = simulation.advance(SECOND_NS)
    stamps = [sample.stamp_ns for sample in frames(samples, FRONT)]
    assert len(stamps) == 25
    assert max(np.diff(stamps)) == pytest.approx(6e9 / 30, abs=2e6)
    assert len(frames(samples, WRIST)) == 30


def test_faults_name_the_cameras_there_are() -> None:
    with pytest.raises(ValueError, match="no camera 'left'; there are front_camera, wrist_camera"):
        seeing_simulation().faults.freeze_camera("left")


def test_a_world_that_is_dropped_without_close_leaves_the_images_of_others_alone() -> None:
    kept = Simulation(parameters=SimulationParameters(cameras=()))
    rig = CameraRig(kept.model, SMALL_CAMERAS)
    kept.reset(1)
    before = rig.render(kept.data, "wrist_camera")
    dropped = CameraRig(kept.model, SMALL_CAMERAS)
    dropped.render(kept.data, "wrist_camera")
    np.testing.assert_array_equal(rig.render(kept.data, "wrist_camera"), before)
    del dropped
    gc.collect()
    np.testing.assert_array_equal(rig.render(kept.data, "wrist_camera"), before)
    rig.close()
    kept.close()
