"""`python -m takt_training [collect|see|heads|export|evaluate|all]`: policies from a seed.

Every stage keeps what it made under `--work` and does nothing where that is there already;
`--fresh` begins anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from takt_core.errors import TaktError
from takt_training.pipeline import STAGES, Pipeline
from takt_training.recipes.registry import RECIPES
from takt_training.scale import Scale


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m takt_training", description=__doc__)
    made.add_argument("stage", nargs="?", default="all", choices=[*STAGES, "all"])
    made.add_argument("--seed", type=int, default=0, help="of weights, order and noise")
    made.add_argument("--recipe", default="peg_insertion", choices=list(RECIPES))
    made.add_argument("--only", default="", metavar="HEAD,...", help="train some heads only")
    made.add_argument(
        "--work", type=Path, default=None, help="intermediate files (default build/train/RECIPE)"
    )
    made.add_argument("--models", type=Path, default=Path("models"), help="folder of the bundles")
    made.add_argument(
        "--scale",
        choices=["full", "tiny"],
        default="full",
        help="tiny: minutes, to see that everything works; the policy is no good",
    )
    made.add_argument("--episodes", type=int, default=0, help="of the evaluation; 0: the scale's")
    made.add_argument("--workers", type=int, default=2, help="processes that simulate")
    made.add_argument("--threads", type=int, default=0, help="of PyTorch; 0: its own choice")
    made.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    made.add_argument(
        "--actor",
        default="",
        metavar="BUNDLE",
        help="collect: this policy acts while the teacher labels (DAgger); adds to what is there",
    )
    made.add_argument("--fresh", action="store_true", help="throw earlier stages away first")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the chosen stages in order."""
    options = parser().parse_args(arguments)
    work = options.work or Path("build/train") / options.recipe
    if options.fresh:
        shutil.rmtree(work, ignore_errors=True)
    try:
        pipeline = Pipeline.named(
            options.recipe,
            work=work,
            models=options.models,
            only=tuple(one for one in options.only.split(",") if one),
            scale=Scale.named(options.scale),
            seed=options.seed,
            workers=options.workers,
            threads=options.threads,
            device=options.device,
            evaluation_episodes=options.episodes,
            actor=options.actor,
        )
        for stage in STAGES if options.stage == "all" else [options.stage]:
            print(f"== {stage}", flush=True)
            pipeline.run(stage)
    except TaktError as error:
        print(f"takt_training: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
