"""`takt film`: a scripted expert does a task in simulation, to be watched.

takt film grasp_cylinder     an animation (GIF) and a strip of pictures (PNG) in out/film
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from takt_sim.cameras import CameraParameters
from takt_sim.experts.registry import STEP_NS, make_expert
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import TASK_NAMES, make_task
from takt_sim.tasks.base import TaskState
from takt_sim.world import OVERVIEW_CAMERA, WRIST_CAMERA

Pixels = NDArray[np.uint8]

_AFTER_STEPS = 10
_STRIP = 6
_HEIGHT = 360


def cameras(height: int) -> tuple[CameraParameters, CameraParameters]:
    """Of the overview, of which 0.6 x 0.6 is shown, and of the wrist, as high as that [pixels]."""
    whole = round(height / 0.6)
    overview = CameraParameters(
        OVERVIEW_CAMERA, whole * 4 // 3, whole, 10.0, latency_s=0.0, noise=0.0, samples=4
    )
    wrist = CameraParameters(
        WRIST_CAMERA, height, height, 10.0, latency_s=0.0, noise=0.0, samples=4
    )
    return overview, wrist


def film(simulation: Simulation, height: int) -> list[tuple[Pixels, Pixels]]:
    """Let the expert finish an episode that has just begun.

    Args:
        simulation: with `cameras(height)`.

    Returns:
        Overview and wrist every 0.1 s, until a second after the end of the episode.
    """
    act, (overview, wrist) = make_expert(simulation), cameras(height)
    rows = slice(round(0.31 * overview.height), round(0.31 * overview.height) + height)
    columns = slice(round(0.06 * overview.width), round(0.66 * overview.width))
    pictures: list[tuple[Pixels, Pixels]] = []
    after = 0
    while after < _AFTER_STEPS:
        act()
        seen = {sample.stream: sample.features for sample in simulation.advance(STEP_NS)}
        whole, near = seen[overview.stream]["image"], seen[wrist.stream]["image"]
        pictures.append((whole[rows, columns], near))
        after += simulation.task_status.state is not TaskState.RUNNING
    return pictures


def save(pictures: list[tuple[Pixels, Pixels]], moving: Path, strip: Path) -> None:
    """Write them as an animation, and some of them as one picture."""
    frames = [Image.fromarray(np.hstack(pair)) for pair in pictures]
    frames[0].save(moving, save_all=True, append_images=frames[1:], duration=100, loop=0)
    chosen = np.linspace(0, max(len(pictures) - _AFTER_STEPS, 0), _STRIP).round().astype(int)
    columns = []
    for whole, near in (pictures[i] for i in chosen):
        beside = (whole.shape[1] - near.shape[1]) // 2
        columns.append(np.vstack([whole[:, beside : beside + near.shape[1]], near]))
    Image.fromarray(np.hstack(columns)).reduce(2).save(strip)


def main(arguments: list[str]) -> int:
    """Run the subcommand; 1 if the expert did not succeed."""
    options = _parse(arguments)
    simulation = Simulation(make_task(options.task), SimulationParameters(cameras=cameras(_HEIGHT)))
    try:
        simulation.reset(options.seed)
        pictures = film(simulation, _HEIGHT)
        status = simulation.task_status
    finally:
        simulation.close()
    options.out.mkdir(parents=True, exist_ok=True)
    moving, strip = (options.out / f"{options.task}.{suffix}" for suffix in ("gif", "png"))
    save(pictures, moving, strip)
    print(
        f"{options.task}, seed {options.seed}: {status.state.name.lower()} after "
        f"{status.elapsed_s:.1f} s ({status.reason})\n{moving}\n{strip}"
    )
    return int(status.state is not TaskState.SUCCEEDED)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="takt film", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=TASK_NAMES)
    parser.add_argument("--seed", type=int, default=7, help="of the episode (default 7)")
    parser.add_argument("--out", type=Path, default=Path("out/film"), help="folder (out/film)")
    return parser.parse_args(arguments)
