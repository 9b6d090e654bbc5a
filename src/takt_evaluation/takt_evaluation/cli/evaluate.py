"""``takt eval``: seeded episodes in the lock-step simulation, several policies side by side.

The cells are all combinations of bundles, settings and delays, or what a plan file lists. Each is
run on the same seeds, on all cores. The folder --out gets one line per episode
(episodes.jsonl), the tables (table.md, summary.json) and pictures (success.png, handovers.png).
Called again with the same folder, it runs only what is missing: more episodes, further cells,
or the rest after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from takt_core.arguments import at_least
from takt_core.errors import TaktError
from takt_core.parameters import declarations
from takt_evaluation.evaluate import EVALUATION_SEEDS, Evaluation, by_key, evaluate, gather
from takt_evaluation.plan import Plan, combined, load_plan
from takt_evaluation.progress import TerminalProgress
from takt_evaluation.report import RESULTS_FILE, notes, tables, write_report
from takt_evaluation.results import read_rows
from takt_evaluation.settings import parse_delays, parse_setting, parse_task_options
from takt_evaluation.summary import find_baseline, summarise
from takt_policy.execution import Execution
from takt_sim.tasks import TASK_NAMES

INTERRUPTED = 130

_EXAMPLES = """\
examples:
  takt eval models/peg_insertion.takt
  takt eval models/peg_insertion.takt --setting name=ddim4,sampler_steps=4 \\
      --setting name=ddpm100,sampler=ddpm,sampler_steps=100 --baseline ddpm100
  takt eval a.takt b.takt --setting schedule=rtc --setting schedule=synchronous \\
      --delay 0,0.1,0.2,0.3 --task-option shift_m=0.003 --out out/eval/rtc
  takt eval plan.yaml
  takt eval plan.yaml --show        the tables of what is there so far; runs nothing
"""


def main(argv: list[str] | None = None) -> int:
    """Runs an evaluation and reports it; returns 1 if episodes are missing."""
    options = _parser().parse_args(argv)
    plan = _plan(options)
    find_baseline(plan.cells, plan.baseline)
    folder = options.out or Path("out/eval") / Path(options.what[0]).stem
    if options.show:
        rows = read_rows(folder / RESULTS_FILE)
        _report(plan, gather(by_key(plan.cells), plan.seeds, rows), folder)
        return 0
    progress = TerminalProgress(sys.stderr)
    try:
        results = folder / RESULTS_FILE
        evaluation = evaluate(plan.cells, plan.seeds, results, options.workers, progress)
    except KeyboardInterrupt:
        progress.end()
        print(
            f"interrupted; {folder} keeps what was run, the same command goes on", file=sys.stderr
        )
        return INTERRUPTED
    progress.end()
    _report(plan, evaluation, folder)
    return 1 if evaluation.lost else 0


def _plan(options: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    files = [one for one in options.what if Path(one).suffix in (".yaml", ".yml")]
    if files and len(options.what) > 1:
        raise TaktError(f"{files[0]} is a plan: it stands alone, without further bundles or plans")
    if files:
        cells = ("setting", "delay", "task", "task_option", "goal")
        if any(getattr(options, name) for name in cells):
            words = ", ".join(f"--{name.replace('_', '-')}" for name in cells)
            raise TaktError(f"{files[0]} is a plan: {words} belong into it")
        plan = load_plan(files[0])
        title = plan.title or Path(files[0]).stem
    else:
        plan = Plan(
            combined(
                options.what,
                [parse_setting(text) for text in options.setting or [""]],
                parse_delays(options.delay or "0"),
                options.task,
                parse_task_options(options.task_option),
                options.goal,
            )
        )
        title = ", ".join(Path(one).stem for one in options.what)
    return replace(
        plan,
        title=options.title or title,
        episodes=options.episodes or plan.episodes,
        first_seed=plan.first_seed if options.first_seed is None else options.first_seed,
        baseline=options.baseline or plan.baseline,
    )


def _report(plan: Plan, evaluation: Evaluation, folder: Path) -> None:
    summaries = summarise(evaluation, plan.baseline)
    paths = write_report(folder, plan.title, evaluation, summaries)
    for table in tables(summaries):
        print(f"\n{table.text()}")
    for note in notes(evaluation, summaries):
        print(f"\n{note}")
    print("\nwritten: " + ", ".join(str(path) for path in paths))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="takt eval",
        description=__doc__,
        epilog=f"{_EXAMPLES}\nfields of --setting:\n{_fields()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("what", nargs="+", metavar="BUNDLE|PLAN.yaml", help="bundles, or one plan that lists cells")
    add("--setting", action="append", default=[], metavar="FIELD=VALUE,...",
        help="one way to execute the bundles; repeat it for several. name=... is what tables call "
        "it; values of lists are separated by ':'. Default: the bundle's own")  # fmt: skip
    add(
        "--delay", default="", metavar="S,...", help="simulated delays of inference [s] (default 0)"
    )
    add("--episodes", type=at_least(1), default=0, help="seeds per cell (default 100)")
    add("--first-seed", type=at_least(0), metavar="SEED", help=f"default {EVALUATION_SEEDS}")
    add("--task", default="", choices=TASK_NAMES, help="default: the one that the bundle is for")
    add("--task-option", action="append", default=[], metavar="NAME=VALUE", help="of the task")
    add("--goal", default="", metavar="TEXT", help="for policies that need a goal")
    add("--baseline", default="", metavar="NAME[@S]",
        help="compare every cell with this setting's, paired by seed: at the same delay, or at "
        "that of S seconds")  # fmt: skip
    add("--workers", type=at_least(1), default=0, help="processes (default: one per core)")
    add("--out", type=Path, help="folder of the results (default out/eval/NAME of the first)")
    add("--title", default="", help="of tables and pictures")
    add("--show", action="store_true", help="report what --out has so far, run nothing")
    return parser


def _fields() -> str:
    lines = []
    for one in declarations(Execution):
        lines.append(f"  {one.name:22}{one.description}")
        lines.append(f"  {'':22}({one.allowed()}; default {one.default!r})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
