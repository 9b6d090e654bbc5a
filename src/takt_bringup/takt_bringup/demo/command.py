"""`takt demo`: bring up the simulated robot, run recorded episodes, report on them."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from takt_bringup.cli.launch_files import launch_folder
from takt_bringup.demo.bag_data import read_episode
from takt_bringup.demo.episodes import EpisodeResult, run_episodes
from takt_bringup.demo.figure import draw_episode
from takt_bringup.demo.report import build_report, problems, write_report
from takt_bringup.demo.system import DemoSystem
from takt_bringup.demo.table import closing_table, progress_line
from takt_core.errors import TaktError
from takt_sim.tasks import TASK_NAMES

_READY_S = 120.0
_DISCOVERY_S = 1.0


def main(arguments: list[str]) -> int:
    """Run the subcommand: 0 if the demo shows what it should, else 1."""
    options = _parse(arguments)
    out = options.out.resolve()
    bags = out / "bags"
    # The bags of the last demo make room for those of this one.
    shutil.rmtree(bags, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _interrupt)
    began_s = time.monotonic()
    results = _run(options, bags, out / "log.txt")
    episodes = [read_episode(Path(result.recording.bag)) for result in results]
    report = build_report(results, episodes)
    write_report(report, out / "report.json")
    print(f"\n{closing_table(results, episodes, report)}")
    shown = next((r.index for r in results if r.success), 0)
    figure = out / f"{options.task}.png"
    draw_episode(episodes[shown], figure, f"{options.task}, seed {results[shown].seed}")
    print(
        f"report  {_short(out / 'report.json')}\npicture {_short(figure)}\nbags    {_short(bags)}"
    )
    print(f"{time.monotonic() - began_s:.0f} s in all")
    found = problems(report)
    for problem in found:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if found else 0


def _run(options: argparse.Namespace, bags: Path, log: Path) -> list[EpisodeResult]:
    launch = {
        "record_folder": str(bags),
        "overview": "true",
        "autorun": "false",
        "seed": str(options.seed),
        "task": options.task,
    }
    if options.bundle:
        launch["bundle"] = str(Path(options.bundle).resolve())
    # Here, not above: everything outside nodes/ imports without ROS.
    from takt_bringup.demo.nodes.episode_client import EpisodeClient

    system = DemoSystem(launch, log)
    client = EpisodeClient(system.watch)
    try:
        strangers = client.strangers(_DISCOVERY_S)
        if strangers:
            domain = os.environ.get("ROS_DOMAIN_ID", "0")
            raise TaktError(
                f"ROS domain {domain} is in use by {', '.join(strangers)}; end them, or "
                "`export ROS_DOMAIN_ID=` another number below 102"
            )
        print(f"starting simulator, arbiter, recorder and policy; log: {_short(log)}", flush=True)
        with system:
            client.wait_until_ready(_READY_S)
            seeds = range(options.seed, options.seed + options.episodes)
            return run_episodes(
                client,
                options.task,
                seeds,
                options.time_limit,
                lambda index, seed: _announce(index, seed, options.episodes),
                lambda result: print(f"\r{progress_line(result, options.episodes)}", flush=True),
            )
    finally:
        client.close()


def _announce(index: int, seed: int, total: int) -> None:
    if sys.stdout.isatty():
        print(f"episode {index + 1:2d}/{total}  seed {seed}  ...", end="", flush=True)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="takt demo", description=__doc__)
    parser.add_argument("--episodes", type=int, default=10, help="how many (default 10)")
    parser.add_argument("--seed", type=int, default=1000, help="of the first (default 1000)")
    parser.add_argument(
        "--time-limit", type=float, default=20.0, help="of an episode, simulated [s] (default 20)"
    )
    parser.add_argument("--task", default="peg_insertion", choices=TASK_NAMES)
    parser.add_argument("--bundle", default="", help="another policy than models/<task>.takt")
    parser.add_argument(
        "--out", type=Path, default=Path("out/demo"), help="report, picture and bags (out/demo)"
    )
    options = parser.parse_args(arguments)
    if options.episodes < 1:
        parser.error(f"--episodes is {options.episodes}; at least 1 is allowed")
    models = launch_folder().parent / "models"
    if not options.bundle and not (models / f"{options.task}.takt").is_dir():
        parser.error(
            f"no policy for {options.task} comes with takt: name one with --bundle, or see its "
            f"scripted expert with `takt film {options.task}`"
        )
    return options


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the demo as ctrl-C does: with everything stopped in order."""
    raise KeyboardInterrupt


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
