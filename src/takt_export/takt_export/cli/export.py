"""``takt policy export KIND``: turns a trained policy into a bundle.

PyTorch is imported only once it is needed; without it the command says how to get it.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from takt_export.errors import ExportError

if TYPE_CHECKING:
    from takt_export.checkpoint import Checkpoint
    from takt_export.export import Report

_CHECKPOINTS = {
    "lerobot": "a checkpoint folder of LeRobot: ACT or Diffusion",
    "diffusion_policy": "a .ckpt of the original diffusion_policy repository (U-Net policies)",
    "act": "a policy_best.ckpt of the original act repository, dataset_stats.pkl next to it",
}
_MODULE = "a function of yours that gives PyTorch modules: package.module:function"


def main(argv: list[str] | None = None) -> int:
    """Exports; prints what was compared with what."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    _require_torch()
    if arguments.kind == "module":
        _export_function(arguments)
        return 0
    checkpoint = _read(arguments)
    if arguments.print_mapping:
        mapping = importlib.import_module("takt_export.mapping")
        print(mapping.mapping_template(checkpoint), end="")
        return 0
    if arguments.out is None or arguments.mapping is None:
        parser.error(
            "give OUT and --mapping MAP.yaml; `--print-mapping > MAP.yaml` writes one to fill in"
        )
    _export_checkpoint(checkpoint, arguments)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="takt policy export", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, summary in _CHECKPOINTS.items():
        one = kinds.add_parser(name, help=summary, description=summary)
        one.add_argument("checkpoint", type=Path)
        one.add_argument("out", type=Path, nargs="?", help="folder to make, e.g. my_policy.takt")
        one.add_argument("--mapping", type=Path, help="what the checkpoint does not say (YAML)")
        one.add_argument(
            "--print-mapping", action="store_true", help="write a mapping to fill in, and stop"
        )
        if name == "act":
            one.add_argument("--cameras", nargs="+", required=True, metavar="NAME",
                             help="camera_names of the training, in their order")  # fmt: skip
            one.add_argument("--image-size", nargs=2, type=int, default=[480, 640],
                             metavar=("HEIGHT", "WIDTH"))  # fmt: skip
            one.add_argument("--heads", type=int, default=8, help="of attention (default 8)")
        _common(one)
    one = kinds.add_parser("module", help=_MODULE, description=_MODULE)
    one.add_argument("function", help="e.g. my_policy.export:parts, found from this folder")
    one.add_argument("out", type=Path)
    _common(one)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--overwrite", action="store_true", help="replace a bundle that is there")
    parser.add_argument(
        "--tolerance",
        type=float,
        help="greatest difference to PyTorch per network call (default 1e-5, absolute)",
    )


def _require_torch() -> None:
    for name in ("torch", "onnx"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            raise ExportError(
                f"exporting needs {name}, which is not installed here; `scripts/setup-train` adds "
                "the extra for training and export (about 200 MB). Running bundles does not "
                "need it"
            ) from None


def _read(arguments: argparse.Namespace) -> Checkpoint:
    path: Path = arguments.checkpoint
    reader: Any = importlib.import_module(f"takt_export.{arguments.kind}")
    if arguments.kind == "lerobot":
        checkpoint: Checkpoint = reader.read_lerobot(path)
    elif arguments.kind == "diffusion_policy":
        checkpoint = reader.read_diffusion_policy(path)
    else:
        height, width = arguments.image_size
        options = reader.ActOptions(tuple(arguments.cameras), (height, width), arguments.heads)
        checkpoint = reader.read_act(path, options)
    return checkpoint


def _export_checkpoint(checkpoint: Checkpoint, arguments: argparse.Namespace) -> None:
    export = importlib.import_module("takt_export.export")
    mapping = importlib.import_module("takt_export.mapping").read_mapping(arguments.mapping)
    report: Report = export.export_checkpoint(
        checkpoint, mapping, arguments.out, arguments.overwrite, tolerance=arguments.tolerance
    )
    print(f"{checkpoint.framework}: {checkpoint.path}")
    for name, difference in report.rebuilt.items():
        print(
            f"  {name}: rebuilt network differs from {checkpoint.compared_with} by {difference:.1e}"
        )
    if not report.rebuilt:
        print("  the framework itself was not run here; compared with its rebuilt networks")
    _print_parity(report.exported.parity)
    for note in checkpoint.notes:
        print(f"  note: {note}")
    print(f"wrote {arguments.out}; `takt policy inspect {arguments.out}` explains it")


def _print_parity(parity: dict[str, float]) -> None:
    for name, difference in parity.items():
        print(f"  {name}.onnx differs from PyTorch by {difference:.1e} on random inputs")


def _export_function(arguments: argparse.Namespace) -> None:
    module_name, _, function_name = arguments.function.partition(":")
    if not function_name:
        raise ExportError(f"{arguments.function!r} names no function; give package.module:function")
    # As `python -m` does: what lies in the present folder can be imported.
    sys.path.insert(0, str(Path.cwd()))
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError) as error:
        raise ExportError(f"{arguments.function!r} cannot be imported: {error}") from None
    modules = importlib.import_module("takt_export.modules")
    parts = function()
    if not isinstance(parts, modules.Parts):
        raise ExportError(
            f"{arguments.function} gave {type(parts).__name__}; it must return "
            "takt_export.modules.Parts"
        )
    spec = parts.spec
    if arguments.tolerance is not None:
        golden = replace(spec.golden, export_tolerance=arguments.tolerance)
        spec = replace(spec, golden=golden)
    exported = modules.export_modules(
        arguments.out, spec, parts.normalizers, parts.observation, parts.modules,
        parts.fast_observation, overwrite=arguments.overwrite,
    )  # fmt: skip
    _print_parity(exported.parity)
    print(f"wrote {arguments.out}; `takt policy inspect {arguments.out}` explains it")


if __name__ == "__main__":
    sys.exit(main())
