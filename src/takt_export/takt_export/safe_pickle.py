"""Reading pickles without running what they contain.

Checkpoints of older frameworks are pickles, which may call any function when they are opened.
Here only tensors, arrays and plain containers are rebuilt; every other class or function that a
file names becomes an inert object that remembers its state and does nothing.
"""

from __future__ import annotations

import collections
import importlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from takt_export.errors import ExportError

_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("builtins", "dict"): dict,
    ("builtins", "list"): list,
    ("builtins", "set"): set,
    ("builtins", "int"): int,
    ("builtins", "float"): float,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
    ("torch", "Size"): torch.Size,
    ("torch", "device"): torch.device,
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
}
_NUMPY_FUNCTIONS = {
    ("multiarray", "_reconstruct"),
    ("multiarray", "scalar"),
    ("numeric", "_frombuffer"),
}
# It was called numpy.core before NumPy 2.
_NUMPY_CORE = "numpy._core." if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core."


class Inert:
    """Stands for an object of a class that is not opened."""

    taken_for = ""
    state: Any = None

    def __init__(self, *arguments: Any, **_named: Any) -> None:
        self.arguments = arguments

    def __new__(cls, *_arguments: Any, **_named: Any) -> Inert:
        return super().__new__(cls)

    def __call__(self, *_arguments: Any, **_named: Any) -> Inert:
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, _key: Any, _value: Any) -> None:
        """Entries of an unknown container are dropped."""

    def append(self, _value: Any) -> None:
        """The same for those of an unknown list."""

    def extend(self, _values: Any) -> None:
        """The same."""

    def __hash__(self) -> int:
        return id(self)


def _inert_class(module: str, name: str) -> type[Inert]:
    return type(name, (Inert,), {"taken_for": f"{module}.{name}"})


class SafeUnpickler(pickle.Unpickler):
    """An unpickler that knows tensors, arrays and containers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        part = module.rpartition(".")[2]
        core = module in (f"numpy._core.{part}", f"numpy.core.{part}")
        if core and (part, name) in _NUMPY_FUNCTIONS:
            return getattr(importlib.import_module(_NUMPY_CORE + part), name)
        if module == "torch" and name in _TORCH_DTYPES:
            return _TORCH_DTYPES[name]
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        return _inert_class(module, name)


_TORCH_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64,
                  torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
}  # fmt: skip


def _latin1(text: str, encoding: str) -> bytes:
    """How pickles of NumPy in protocol 2 carry bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
    return text.encode("latin1")


class _PickleModule:
    """What torch.load expects of the module `pickle`."""

    Unpickler = SafeUnpickler
    UnpicklingError = pickle.UnpicklingError

    @staticmethod
    def load(file: Any, **named: Any) -> Any:
        return SafeUnpickler(file, **named).load()


def read_pickle(path: Path) -> Any:
    """The arrays and containers of a pickle file.

    Raises:
        ExportError: the file is missing or no pickle.
    """
    try:
        return SafeUnpickler(io.BytesIO(path.read_bytes())).load()
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror}") from None
    except Exception as error:
        raise ExportError(f"{path} cannot be read as a pickle of arrays: {error}") from None


def read_torch(path: Path) -> Any:
    """The tensors and containers of a file written by ``torch.save``.

    Raises:
        ExportError: the file is missing or was not written by PyTorch 1.6 or later.
    """
    if not path.is_file():
        raise ExportError(f"{path} does not exist; give the checkpoint file")
    try:
        # Not `weights_only`, which refuses the whole file for one unknown class; this one reads
        # past them without importing anything.
        return torch.load(path, map_location="cpu", pickle_module=_PickleModule, weights_only=False)
    except Exception as error:
        raise ExportError(f"{path} cannot be read as a PyTorch checkpoint: {error}") from None
