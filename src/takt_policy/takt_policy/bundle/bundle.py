"""A policy bundle on disk: its files, its hash, and its parts without the graphs opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from takt_policy.bundle.normalizer import Normalizer, load_normalizers, load_npz
from takt_policy.bundle.parse import spec_from_mapping
from takt_policy.bundle.schema import PolicySpec
from takt_policy.bundle.section import read_yaml
from takt_policy.errors import BundleError

SPEC_FILE = "policy.yaml"
NORMALIZER_FILE = "normalizer.npz"
GOLDEN_FILE = "golden.npz"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A loaded bundle. Its graphs are opened, and checked against it, by ``PolicyEngine``.

    Attributes:
        path: the folder.
        spec: policy.yaml.
        normalizers: of each input and of ``action``.
        golden: arrays of golden.npz, see ``takt_policy.golden``.
        hash: SHA-256 over the content, see ``content_hash``.
    """

    path: Path
    spec: PolicySpec
    normalizers: dict[str, Normalizer]
    golden: dict[str, npt.NDArray[Any]]
    hash: str

    def graph_path(self, graph: str) -> Path:
        return self.path / f"{graph}.onnx"


def load_spec(path: Path | str) -> PolicySpec:
    """Reads a policy.yaml alone, for example one that was written by hand for an export.

    Raises:
        BundleError: it cannot be read, or something in it is unknown, missing or contradictory.
    """
    return spec_from_mapping(read_yaml(Path(path)), str(path))


def load_bundle(path: Path | str) -> Bundle:
    """Reads a bundle and checks what can be checked without its graphs.

    Raises:
        BundleError: something is missing, unknown or contradictory; the message names it.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BundleError(f"{folder} is not a folder; a bundle is a folder with a {SPEC_FILE}")
    spec = load_spec(folder / SPEC_FILE)
    _check_graph_files(folder, spec)
    return Bundle(
        path=folder,
        spec=spec,
        normalizers=load_normalizers(folder / NORMALIZER_FILE, spec),
        golden=load_npz(folder / GOLDEN_FILE),
        hash=content_hash(folder),
    )


def _check_graph_files(folder: Path, spec: PolicySpec) -> None:
    wanted = [f"{name}.onnx" for name in spec.graphs]
    found = [file.name for file in folder.glob("*.onnx") if not file.name.startswith(".")]
    if missing := [name for name in wanted if name not in found]:
        raise BundleError(
            f"{folder / missing[0]} is missing; this bundle of family {spec.family} needs "
            + ", ".join(wanted)
        )
    if extra := sorted(set(found) - set(wanted)):
        section = extra[0].removesuffix(".onnx")
        raise BundleError(
            f"{folder / extra[0]} belongs to nothing in {SPEC_FILE}; describe it there in a "
            f"section {section!r}, or take it out. Described are {', '.join(wanted)}"
        )


def content_hash(folder: Path) -> str:
    """SHA-256 over names and contents of all files, in the order of their names.

    Hidden files and README.md do not count: they change nothing of what the policy does.
    """
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*"), key=lambda one: one.relative_to(folder).as_posix()):
        name = file.relative_to(folder).as_posix()
        if not file.is_file() or file.name.startswith(".") or name == "README.md":
            continue
        content = hashlib.sha256(file.read_bytes()).digest()
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()
