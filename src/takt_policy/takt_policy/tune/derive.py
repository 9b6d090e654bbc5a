"""A bundle with some of its graphs changed: checked against the original, and saying so."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from takt_policy.bundle import Bundle, write_bundle
from takt_policy.bundle.schema import GoldenSpec, Precision
from takt_policy.errors import BundleError, PolicyError
from takt_policy.golden import golden_fast_observation, golden_observation
from takt_policy.model import OUTPUTS, PolicyModel
from takt_policy.providers import CPU
from takt_policy.tune.compare import Difference, compare
from takt_policy.tune.convert import Converter

DEFAULT_BOUND = 0.05
"""Of the difference of whole chunks, in normalised units: a fortieth of the range -1 to 1."""


def derive(
    bundle: Bundle,
    target: Path,
    graphs: Collection[str],
    converter: Converter,
    precision: Precision,
    bound: float = DEFAULT_BOUND,
    overwrite: bool = False,
) -> tuple[Bundle, Difference]:
    """Writes the changed bundle and says how far it is from the original.

    Its golden outputs are those of the original graphs, with tolerances that state the
    difference (twice of what was found: other machines round differently). What success was
    measured is not taken over: it was not measured with these graphs.

    Args:
        graphs: names of those to change.
        bound: greatest difference of whole chunks, in normalised units.

    Raises:
        PolicyError: a graph is unknown or cannot be changed, or the difference is too great.
        BundleError: ``target`` exists.
    """
    _check(bundle, target, graphs, overwrite)
    original = PolicyModel(bundle.path, bundle.spec, [CPU])
    with tempfile.TemporaryDirectory() as folder:
        draft = convert_graphs(bundle, Path(folder) / "draft", graphs, converter)
        difference = compare(bundle, original, PolicyModel(draft, bundle.spec, [CPU]))
        if not difference.chunk <= bound:
            raise PolicyError(
                f"{bundle.path} with {', '.join(sorted(graphs))} in {precision} is too far off: "
                f"{difference.words()}; allowed for a chunk are {bound:g} (--bound). Change fewer "
                f"graphs (--graphs), or keep {bundle.spec.provenance.precision}"
            )
        spec = replace(
            bundle.spec,
            golden=_tolerances(bundle.spec.golden, difference),
            provenance=replace(
                bundle.spec.provenance,
                precision=precision,
                success=(),
                derived=f"{precision} of {', '.join(sorted(graphs))}, from "
                f"{bundle.hash[:16]}; {difference.words()}",
            ),
        )
        written = write_bundle(
            target,
            spec,
            {name: draft / f"{name}.onnx" for name in spec.graphs},
            bundle.normalizers,
            golden_observation(bundle),
            reference={name: partial(_call, original, name) for name in spec.graphs},
            overwrite=overwrite,
            fast_observation=golden_fast_observation(bundle),
        )
    return written, difference


def convert_graphs(
    bundle: Bundle, folder: Path, graphs: Collection[str], converter: Callable[[Path], bytes]
) -> Path:
    """A copy of a bundle's files with some graphs changed; its golden pairs do not hold."""
    shutil.copytree(bundle.path, folder)
    for name in graphs:
        (folder / f"{name}.onnx").write_bytes(converter(bundle.graph_path(name)))
    return folder


def busiest_graph(bundle: Bundle) -> str:
    """The graph that takes most of a chunk's time."""
    return "denoise" if "denoise" in bundle.spec.graphs else "predict"


def _call(model: PolicyModel, name: str, **feed: npt.NDArray[Any]) -> npt.NDArray[Any]:
    output: npt.NDArray[Any] = model.graphs[name].run(feed)[OUTPUTS[name]]
    return output


def _tolerances(golden: GoldenSpec, difference: Difference) -> GoldenSpec:
    graph = max(golden.graph_tolerance, _rounded_up(2 * difference.call))
    sample = max(golden.sample_tolerance, _rounded_up(2 * difference.chunk))
    return GoldenSpec(graph, sample, graph)


def _rounded_up(value: float) -> float:
    """To two digits."""
    if value == 0.0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit) * unit:.1e}")


def _check(bundle: Bundle, target: Path, graphs: Collection[str], overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise BundleError(f"{target} exists; choose another path or pass --overwrite")
    if target.resolve() == bundle.path.resolve():
        raise BundleError(f"{target} is the original; choose another path")
    if unknown := sorted(set(graphs) - set(bundle.spec.graphs)):
        raise PolicyError(
            f"{bundle.path} has no graph {unknown[0]!r}; it has {', '.join(bundle.spec.graphs)}"
        )
    if bundle.spec.provenance.precision != "float32":
        raise PolicyError(
            f"{bundle.path} is in {bundle.spec.provenance.precision} already; derive from the "
            "float32 bundle that it comes from"
        )
