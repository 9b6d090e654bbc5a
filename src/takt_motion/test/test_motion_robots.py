"""Planned motions for the arms under config/robots, with the descriptions under urdf/robots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xacro
import yaml

from takt_core.errors import TaktError
from takt_motion.planning import Start
from takt_motion.request import Request
from takt_motion.settings import MotionParameters
from takt_motion.workshop import MotionWorkshop, make_workshop

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "config" / "robots").glob("*/*.yaml"))
WITH_MOTION = [file for file in FILES if "/**/motion" in yaml.safe_load(file.read_text())]


def workshop_of(file: Path) -> tuple[MotionWorkshop, MotionParameters]:
    values = yaml.safe_load(file.read_text())["/**/motion"]["ros__parameters"]
    parameters = MotionParameters(**values)
    description = ROOT / "urdf" / "robots" / f"{file.parent.name}.urdf.xacro"
    return make_workshop(parameters, xacro.process_file(str(description)).toxml()), parameters


def test_every_arm_has_one() -> None:
    arms = {path.name for path in (ROOT / "config" / "robots").iterdir() if path.is_dir()}
    assert {file.parent.name for file in WITH_MOTION} == arms


@pytest.mark.parametrize("file", WITH_MOTION, ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_home_is_free_and_the_arm_gets_there(file: Path) -> None:
    made, parameters = workshop_of(file)
    home = np.array(yaml.safe_load(parameters.places)["home"])
    arrived = 0
    for k in range(3):
        start = home + np.random.default_rng(k).uniform(-0.3, 0.3, home.size)
        try:
            planned = made.plan(Start(start, made.forward(start), {}), Request("home"))
        except TaktError:
            continue  # the start is in collision
        arrived += 1
        goal = planned.motion.at(planned.motion.duration_s).joints
        assert goal is not None
        np.testing.assert_array_equal(goal, home)
        times = np.linspace(0.0, planned.motion.duration_s, 200)
        rows = [planned.motion.at(float(t)).joints for t in times]
        path = np.array([row for row in rows if row is not None])
        speeds = np.abs(np.diff(path, axis=0)) / times[1]
        assert speeds.max() <= max(parameters.max_velocity_rad_s) * 1.001
    assert arrived > 0


def test_joints_that_turn_for_ever_take_the_short_way() -> None:
    file = next(file for file in WITH_MOTION if file.parent.name == "gen3")
    made, parameters = workshop_of(file)
    home = np.array(yaml.safe_load(parameters.places)["home"])
    start = home.copy()
    start[2] = home[2] - 2.0 * np.pi + 0.2
    motion = made.plan(Start(start, made.forward(start), {}), Request("home")).motion
    goal = motion.at(motion.duration_s).joints
    assert goal is not None
    assert abs(goal[2] - start[2]) == pytest.approx(0.2)
    np.testing.assert_allclose(made.forward(goal).matrix(), made.forward(home).matrix(), atol=1e-9)
