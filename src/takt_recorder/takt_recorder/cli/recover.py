"""`takt bag recover BAG`: repair a recording that was cut."""

from __future__ import annotations

import argparse
from pathlib import Path

from takt_core.errors import TaktError
from takt_recorder.recover import Recovery, cut_bags, recover


def main(arguments: list[str]) -> int:
    """Repair bags, or all cut bags in a folder of bags."""
    parser = argparse.ArgumentParser(prog="takt bag recover", description=__doc__)
    parser.add_argument("bag", nargs="+", type=Path, help="a cut bag, or a folder of bags")
    failed = False
    for path in parser.parse_args(arguments).bag:
        is_folder_of_bags = path.is_dir() and not list(path.glob("*.mcap"))
        bags = cut_bags(path) if is_folder_of_bags else [path]
        if not bags:
            print(f"{path}: no cut bag in this folder")
        for bag in bags:
            result = _attempt(bag)
            print(result)
            failed |= isinstance(result, TaktError)
    return 1 if failed else 0


def _attempt(bag: Path) -> Recovery | TaktError:
    try:
        return recover(bag)
    except TaktError as error:
        return error
