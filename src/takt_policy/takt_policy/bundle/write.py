"""Writing a bundle: what an exporter calls once it has the ONNX files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.bundle import (
    GOLDEN_FILE,
    NORMALIZER_FILE,
    SPEC_FILE,
    Bundle,
    load_bundle,
)
from takt_policy.bundle.dump import spec_to_mapping, spec_to_yaml
from takt_policy.bundle.normalizer import Normalizer, save_normalizers
from takt_policy.bundle.parse import spec_from_mapping
from takt_policy.bundle.schema import MeasuredSuccess, PolicySpec
from takt_policy.errors import BundleError
from takt_policy.golden import check_golden, make_golden
from takt_policy.model import Arrays, PolicyModel

Array = npt.NDArray[Any]


def write_bundle(
    path: Path | str,
    spec: PolicySpec,
    graphs: Mapping[str, Path | bytes],
    normalizers: Mapping[str, Normalizer],
    observation: Arrays,
    reference: Mapping[str, Callable[..., Array]] | None = None,
    overwrite: bool = False,
    fast_observation: Arrays | None = None,
) -> Bundle:
    """Writes a bundle, with its golden pairs, and loads it once as a runtime would.

    The bundle appears at ``path`` only when it is complete and passes every check.

    Args:
        path: folder to make, by convention ``NAME.takt``.
        graphs: those of ``spec.graphs``: ONNX files or their bytes, weights inside.
        normalizers: of each input (fast ones, too) and of ``action``; their kinds must be those
            in the spec.
        observation: one example as the encode or predict graph gets it
            (``Observation.arrays``), (1, history, *shape) each.
        reference: see ``takt_policy.golden.make_golden``; give it whenever there is a framework to
            compare with.
        overwrite: replace a bundle that is there.
        fast_observation: one example of the fast inputs, if the policy has any.

    Raises:
        BundleError: the parts do not fit together, or ``path`` exists.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise BundleError(
            f"{target} exists; choose another path or pass overwrite=True (--overwrite)"
        )
    _check_parts(spec, graphs, normalizers)
    # What cannot be read back must not be written.
    spec = spec_from_mapping(spec_to_mapping(spec), SPEC_FILE)
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        for name, graph in graphs.items():
            content = graph if isinstance(graph, bytes) else graph.read_bytes()
            (draft / f"{name}.onnx").write_bytes(content)
        (draft / SPEC_FILE).write_text(spec_to_yaml(spec), encoding="utf-8")
        save_normalizers(draft / NORMALIZER_FILE, normalizers)
        model = PolicyModel(draft, spec)
        golden = make_golden(model, observation, fast_observation, reference)
        np.savez(draft / GOLDEN_FILE, **golden)  # type: ignore[arg-type]
        check_golden(load_bundle(draft), model)
        if target.exists():
            shutil.rmtree(target)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load_bundle(target)


def write_success(path: Path | str, measured: MeasuredSuccess) -> Bundle:
    """Enters a measured success into a bundle's provenance, in place of one for the same task."""
    bundle = load_bundle(path)
    provenance = bundle.spec.provenance
    kept = tuple(one for one in provenance.success if one.task != measured.task)
    spec = replace(bundle.spec, provenance=replace(provenance, success=(*kept, measured)))
    text = spec_to_yaml(spec_from_mapping(spec_to_mapping(spec), SPEC_FILE))
    (bundle.path / SPEC_FILE).write_text(text, encoding="utf-8")
    return load_bundle(path)


def _check_parts(
    spec: PolicySpec,
    graphs: Mapping[str, Path | bytes],
    normalizers: Mapping[str, Normalizer],
) -> None:
    if set(graphs) != set(spec.graphs):
        raise BundleError(
            f"graphs {sorted(graphs)} were given; this specification, of family {spec.family}, "
            f"needs {sorted(spec.graphs)}"
        )
    kinds = {name: one.kind for name, one in normalizers.items()}
    if kinds != spec.normalizer:
        raise BundleError(
            f"normalisers {kinds} were given; the specification says {spec.normalizer}"
        )
