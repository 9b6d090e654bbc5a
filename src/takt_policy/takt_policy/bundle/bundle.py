"""A policy bundle on disk: its files, its hash, and its parts without the graphs opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from takt_policy.bundle.normalizer import Normalizer, load_normalizers, load_npz
from takt_policy.bundle.parse import spec_from_mapping
from takt_policy.bundle.schema import GRAPHS_OF_FAMILY, PolicySpec
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


def load_bundle(path: Path | str) -> Bundle:
    """Reads a bundle and checks what can be checked without its graphs.

    Raises:
        BundleError: something is missing, unknown or contradictory; the message names it.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BundleError(f"{folder} is not a folder; a bundle is a folder with a {SPEC_FILE}")
    spec = spec_from_mapping(read_yaml(folder / SPEC_FILE), str(folder / SPEC_FILE))
    for graph in GRAPHS_OF_FAMILY[spec.family]:
        if not (folder / f"{graph}.onnx").is_file():
            raise BundleError(
                f"{folder / graph}.onnx is missing; a bundle of family {spec.family} needs "
                + " and ".join(f"{name}.onnx" for name in GRAPHS_OF_FAMILY[spec.family])
            )
    return Bundle(
        path=folder,
        spec=spec,
        normalizers=load_normalizers(folder / NORMALIZER_FILE, spec),
        golden=load_npz(folder / GOLDEN_FILE),
        hash=content_hash(folder),
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
